package failover

import (
	"fmt"
	"slices"
	"time"

	"twinlb/init/status"
	"twinlb/services/keepalived"
)

// settled is how long after a change its reason may still be learned: what a peer
// says of itself, and why a process ended, are known a moment later.
const settled = 2 * time.Second

const noCarrier = "the network interface has no carrier"

// learn looks again for the reason of the latest change, when a peer has said
// something new.
func (c *Controller) learn() {
	if len(c.history) == 0 || c.sure {
		return
	}
	latest := c.history[len(c.history)-1]
	if why, sure := c.why(keepalived.State(latest.From), c.state); sure {
		c.sure = true
		c.amend(c.state, why)
	}
}

// amend gives the latest change a better reason, if it is one to that state and
// has just happened.
func (c *Controller) amend(to keepalived.State, why string) {
	if len(c.history) == 0 {
		return
	}
	latest := &c.history[len(c.history)-1]
	why = shorten(why)
	if latest.To == string(to) && latest.Why != why && time.Since(latest.At) < settled {
		latest.Why = why
		c.recordings = append(c.recordings, *latest)
	}
}

// why says what led from one state to another, as far as it is known; it is not
// sure when a peer may know better.
func (c *Controller) why(from, to keepalived.State) (why string, sure bool) {
	switch to {
	case keepalived.StateMaster:
		return c.whyMaster()
	case keepalived.StateBackup:
		return c.whyBackup(from)
	case keepalived.StateFault:
		return c.last.Reason, true
	}
	return "keepalived has stopped", true
}

func (c *Controller) whyMaster() (why string, sure bool) {
	heard := c.heard()
	holder := c.peers[c.holder]
	if slices.Contains(heard, holder) && letsGo(holder) {
		return fmt.Sprintf("%s let it go: %s", holder.Name, holder.VRRP.Reason), true
	}
	// The holder's word that it has made way may come before keepalived's that
	// this node is master.
	if holder == nil || !c.ceded.IsZero() && time.Since(c.ceded) >= settled {
		if i := slices.IndexFunc(heard, letsGo); i >= 0 {
			return fmt.Sprintf("%s could not hold it: %s", heard[i].Name, heard[i].VRRP.Reason), true
		}
		return "no other node held it", true
	}
	if c.prefersItself() {
		return fmt.Sprintf("preferred to %s, and %s", holder.Name, c.last.Reason), false
	}
	return fmt.Sprintf("the adverts of %s stopped", holder.Name), false
}

// prefersItself tells whether the holder is heard and well, and this node comes first.
func (c *Controller) prefersItself() bool {
	holder := c.peers[c.holder]
	if holder == nil || letsGo(holder) || !slices.Contains(c.heard(), holder) {
		return false
	}
	return c.Priority+c.preference() > holder.VRRP.Priority+holder.VRRP.Preference
}

// letsGo tells whether a peer says that it would not keep the VIP.
func letsGo(peer *status.Node) bool {
	return !peer.VRRP.Able || peer.VRRP.GivesAway || peer.VRRP.State == string(keepalived.StateStopped)
}

func (c *Controller) whyBackup(from keepalived.State) (why string, sure bool) {
	switch {
	case from != keepalived.StateMaster:
		return "ready for the election: " + c.last.Reason, true
	case c.last.Gives():
		return c.last.Reason, true
	}
	for _, peer := range c.heard() {
		if peer.VRRP.State == string(keepalived.StateMaster) {
			return peer.Name + " holds it with a higher priority", true
		}
	}
	return "another node holds it with a higher priority", false
}
