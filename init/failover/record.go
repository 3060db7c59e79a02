package failover

import (
	"maps"
	"slices"
	"time"

	"twinlb/init/status"
	"twinlb/services/keepalived"
)

// remembered is how many changes of role a node keeps.
const remembered = 200

// completed is how long after a change its record may still grow: the first
// connection may be late to come.
const completed = 10 * time.Second

// related is how long before a change its cause may lie.
const related = 30 * time.Second

// records is what the node remembers of changes of role.
type records struct {
	history    history
	sure       bool            // of the reason of the latest change
	open       bool            // the record of the latest change is not complete
	recordings []status.Change // to be reported when the lock is free
	whole      []status.Change // likewise, as complete
	counted    time.Time       // when the sessions of the servers were asked for
	adverts    map[string]advert
	vipMoved   time.Time // when the VIP last came to the interface or left it
	vipHere    bool
	theirs     map[string][]theirs // of the peers, oldest first
}

// history is the latest changes of role, oldest first.
type history []status.Change

// advert is the last one of a peer.
type advert struct {
	at       time.Time
	priority int
}

// History returns the changes of role, oldest first.
func (c *Controller) History() []status.Change {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.history)
}

// Takeover returns what is known of the last time that this node took the VIP over; nil
// when it never did.
func (c *Controller) Takeover() *status.Takeover {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, change := range slices.Backward(c.history) {
		if change.To == string(keepalived.StateMaster) {
			return &status.Takeover{Ago: status.InSeconds(time.Since(change.At)), Silence: change.Silence()}
		}
	}
	return nil
}

// Advert takes a VRRP advert of a peer, which this node has heard at that time, and
// which says how far apart they are.
func (c *Controller) Advert(peer string, priority int, interval time.Duration, at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.adverts == nil {
		c.adverts = make(map[string]advert)
	}
	c.adverts[peer] = advert{at, priority}
	c.spacing = interval
	c.follow(priority, at)
}

// VIP says that the VIP has come to the interface, or left it. keepalived's word of
// the state may come before that or after it.
func (c *Controller) VIP(here bool, at time.Time) {
	c.update(func() {
		c.vipHere, c.vipMoved = here, at
		c.placeVIP()
	})
}

// Served says when the first connection after the VIP had come was passed to a
// backend.
func (c *Controller) Served(at time.Time) {
	c.update(func() {
		if latest := c.latest(); latest != nil && latest.To == string(keepalived.StateMaster) {
			latest.Set(status.Answered, at)
		}
	})
}

// record notes a change to the state and makes it.
func (c *Controller) record(to keepalived.State) {
	now := time.Now()
	change := status.Change{Number: 1, At: now, From: string(c.state), To: string(to), Peers: c.words(now)}
	if c.Uptime != nil {
		change.Uptime = status.InSeconds(c.Uptime())
	}
	if n := len(c.history); n > 0 {
		change.Number = c.history[n-1].Number + 1
	}
	why, sure := c.why(c.state, to)
	if change.Why, c.sure = shorten(why), sure; !c.since.IsZero() {
		change.Lasted = status.InSeconds(now.Sub(c.since))
	}
	c.holders(&change)
	c.causes(&change)
	if c.state == keepalived.StateMaster && !c.counted.IsZero() {
		for _, s := range c.servers {
			change.Cut += s.OnVIP
		}
		change.Counted = status.InSeconds(now.Sub(c.counted))
	}
	c.close()
	if len(c.history) == remembered {
		c.history = slices.Delete(c.history, 0, 1)
	}
	c.history = append(c.history, change)
	c.state, c.since, c.open = to, now, true
	c.placeVIP()
	c.recordings = append(c.recordings, c.history[len(c.history)-1])
}

// holders says who held the VIP before, and who does now.
func (c *Controller) holders(change *status.Change) {
	held := c.holder
	if !c.ceded.IsZero() && time.Since(c.ceded) >= settled {
		held = ""
	}
	change.HeldBefore, change.HeldAfter = held, held
	switch {
	case change.From == string(keepalived.StateMaster):
		change.HeldBefore, change.HeldAfter = c.Self, ""
	case change.To == string(keepalived.StateMaster):
		change.HeldAfter = c.Self
	}
}

// causes adds what came before the change.
func (c *Controller) causes(change *status.Change) {
	before := func(name string, at time.Time) {
		if !at.IsZero() && change.At.Sub(at) < related {
			change.Set(name, at)
		}
	}
	if change.To == string(keepalived.StateMaster) {
		var latest time.Time
		for _, a := range c.adverts {
			if a.at.After(latest) {
				latest = a.at
			}
		}
		before(status.LastAdvert, latest)
	}
	if c.decides(change) {
		before(status.Noticed, c.noticed)
		before(status.Decided, c.decided)
	}
}

// decides tells whether this node's decision led to the change: that it may not hold
// the VIP or gives it away, or that it is preferred again.
func (c *Controller) decides(change *status.Change) bool {
	switch {
	case change.To == string(keepalived.StateStopped):
		return false
	case change.From == string(keepalived.StateMaster):
		return !c.last.Able || c.last.Gives()
	case change.To == string(keepalived.StateMaster):
		return c.prefersItself()
	}
	return false
}

// words is what is known of the peers.
func (c *Controller) words(now time.Time) []status.Word {
	var words []status.Word
	for _, name := range slices.Sorted(maps.Keys(c.peers)) {
		said := c.peers[name]
		w := status.Word{
			Name: name, Ago: status.Never, Advert: status.Never,
			State: said.VRRP.State, Able: said.VRRP.Able, Reason: shorten(said.VRRP.Reason),
		}
		if since, ever := c.Silence(name); ever {
			w.Ago = status.InSeconds(since)
		}
		if a, ever := c.adverts[name]; ever {
			w.Advert, w.Priority = status.InSeconds(now.Sub(a.at)), a.priority
		}
		words = append(words, w)
	}
	return words
}

// placeVIP adds to the latest change that the VIP came or went with it.
func (c *Controller) placeVIP() {
	latest := c.latest()
	if latest == nil || c.vipMoved.IsZero() || latest.At.Sub(c.vipMoved) > settled {
		return
	}
	switch {
	case c.vipHere && latest.To == string(keepalived.StateMaster):
		latest.Set(status.VIPOn, c.vipMoved)
	case !c.vipHere && latest.From == string(keepalived.StateMaster):
		latest.Set(status.VIPOff, c.vipMoved)
	}
}

// latest is the latest change while its record may grow, or nil.
func (c *Controller) latest() *status.Change {
	if len(c.history) == 0 || !c.open {
		return nil
	}
	return &c.history[len(c.history)-1]
}

// complete ends the latest change's record when nothing more is to be expected.
func (c *Controller) complete() {
	latest := c.latest()
	if latest == nil {
		return
	}
	patience := settled
	if latest.To == string(keepalived.StateMaster) && !latest.Has(status.Answered) {
		patience = completed
	}
	if time.Since(latest.At) >= patience {
		c.close()
	}
}

func (c *Controller) close() {
	if latest := c.latest(); latest != nil {
		c.whole = append(c.whole, *latest)
	}
	c.open = false
}

// follows takes from what a peer says that it holds the VIP after this node.
func (c *Controller) follows(n *status.Node) {
	if latest := c.latest(); latest != nil && n.VRRP.State == string(keepalived.StateMaster) && latest.HeldAfter == "" {
		latest.HeldAfter = n.Name
	}
}
