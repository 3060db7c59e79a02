package status

// Takeover is what a node knows of the last time that it took the VIP over.
type Takeover struct {
	Ago Seconds `json:"ago_s"`
	// Silence is from the last advert that was heard before to the VIP on the node's
	// interface; Never when either is not known. It is no outage: a HAProxy that hangs
	// serves nobody while its node still sends adverts, and a node that takes over from one
	// that makes way has heard that an interval before, with the VIP served all along.
	Silence Seconds `json:"silence_s"`
}

// Silence is that of a Takeover, of the record of one.
func (c *Change) Silence() Seconds {
	heard, advert := c.after(LastAdvert)
	here, vip := c.after(VIPOn)
	if !advert || !vip {
		return Never
	}
	return max(0, here-heard)
}

// after is the moment of a phase.
func (c *Change) after(name string) (after Seconds, known bool) {
	for _, p := range c.Phases {
		if p.Name == name {
			return p.After, true
		}
	}
	return 0, false
}
