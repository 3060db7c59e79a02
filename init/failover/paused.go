package failover

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"twinlb/services/keepalived"
)

const (
	// drowsy is for how long after a pause peers may still tell what they did in it.
	drowsy = 5 * time.Second
	// explained is how long a node says why it has let the VIP go, before it comes back:
	// its peers hear only the latest of what is said in quick succession.
	explained = time.Second
	// meanwhile is how long before a pause was noticed its news may have come in.
	meanwhile = 500 * time.Millisecond
)

// pause is the last one of this node.
type pause struct {
	slept  time.Duration // 0 when it is over and done with
	surely bool          // the whole node was; else it may have been PID 1 alone
	woke   time.Time     // when it was noticed
	by     string        // who took over while this node was master; "" when nobody did
	yield  bool          // for that, until the VIP is gone
}

// Overslept says that this node has stood still for so long, longer than a peer waits
// for its adverts. Its own clocks do not show that, nor does keepalived notice: as
// master it goes on, and the higher priority takes the VIP back from a peer which
// has it with all its connections. It may be said again, when it was longer.
func (c *Controller) Overslept(by time.Duration) { c.stoodStill(by, true) }

// Stalled says that PID 1 was held up for so long, and its clocks went on. So it is when
// a host has no time for the node. In a node that is busy itself keepalived, which is
// scheduled in real time, has sent adverts meanwhile.
func (c *Controller) Stalled(by time.Duration) { c.stoodStill(by, false) }

func (c *Controller) stoodStill(by time.Duration, surely bool) {
	c.update(func() {
		c.surely = c.surely || surely
		if c.slept == 0 {
			c.woke = time.Now()
		}
		if c.slept = by; c.by != "" {
			c.amend(keepalived.StateFault, c.pause.String())
		}
	})
}

// awake looks whether a peer has taken over while this node was paused. Once the VIP
// is gone the node comes back like any other.
func (c *Controller) awake() {
	holds := c.state == keepalived.StateMaster
	switch {
	case c.slept == 0:
	case !c.yield && time.Since(c.woke) >= drowsy:
		c.pause = pause{}
	case c.by == "" && holds && c.since.Before(c.woke.Add(-meanwhile)): // as in the pause
		c.by = c.successor()
		c.yield = c.by != ""
	case !holds && time.Since(c.since) >= explained:
		c.yield = false
	}
}

// successor is the peer that took over in the pause: one that could, and whose adverts
// have waited for this node, or that says that it is master. It may have made way
// already for the higher priority of a node that does not know of its pause; adverts
// get lost, and that it was something else before will do when the node surely slept.
func (c *Controller) successor() string {
	for _, name := range slices.Sorted(maps.Keys(c.peers)) {
		peer, said := c.peers[name], c.said[name]
		if said.Before(c.woke.Add(-meanwhile)) || !peer.VRRP.Able {
			continue
		}
		advert := c.adverts[name]
		master := peer.VRRP.State == string(keepalived.StateMaster) || advert.priority > 0 && advert.at.After(c.woke.Add(-meanwhile))
		changed := peer.VRRP.For.Duration() < c.slept+said.Sub(c.woke)+meanwhile
		if master || c.surely && changed {
			return name
		}
	}
	return ""
}

func (p pause) String() string {
	return fmt.Sprintf("was paused for %.1f s; %s has taken over", p.slept.Seconds(), p.by)
}

// overtaken is why the node must let the VIP go; "" when it need not.
func (p pause) overtaken() string {
	if !p.yield {
		return ""
	}
	return p.String()
}
