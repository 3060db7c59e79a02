package failover

import (
	"fmt"
	"time"

	"twinlb/init/status"
	"twinlb/services/keepalived"
)

// A node that is master beside a peer of higher priority hears that peer's next
// advert, and lets the VIP go. When so many do not come, for so long at least, they
// are dropped on the way.
const (
	unheardAdverts = 10
	unheardFor     = 3 * time.Second
)

// rank is that of this node among masters.
type rank struct {
	below   string    // the peer for which it has let the VIP go; "" when it need not
	yielded time.Time // when
}

// outranked is why the node must not hold the VIP: a peer that is heard, and stands
// before it, says that it is master, but its adverts do not arrive. Firewalls that know
// TCP and UDP only make two masters so, for ever as far as keepalived can tell. It
// returns "" once the peer is no longer master, or heard, or its adverts arrive.
func (c *Controller) outranked() string {
	master := c.state == keepalived.StateMaster
	if c.below == "" && !master {
		return ""
	}
	for _, peer := range c.heard() {
		if peer.VRRP.State != string(keepalived.StateMaster) || !peer.VRRP.Able {
			continue
		}
		switch advert := c.adverts[peer.Name].at; {
		case peer.Name == c.below && !advert.After(c.yielded):
			return fmt.Sprintf("%s holds the VIP, and its adverts do not arrive: something between the nodes drops VRRP, IP protocol 112", peer.Name)
		case c.below == "" && master && c.standsBehind(peer) && c.unheard(peer, advert):
			c.rank = rank{peer.Name, time.Now()}
			return c.outranked()
		}
	}
	c.rank = rank{}
	return ""
}

// standsBehind compares with what keepalived would, had it the peer's adverts.
func (c *Controller) standsBehind(peer *status.Node) bool {
	return c.Priority+c.preference() < peer.VRRP.Priority+peer.VRRP.Preference
}

// unheard tells whether adverts of the peer are missing since both are master.
func (c *Controller) unheard(peer *status.Node, advert time.Time) bool {
	from := c.said[peer.Name].Add(-peer.VRRP.For.Duration())
	for _, later := range []time.Time{advert, c.since} {
		if later.After(from) {
			from = later
		}
	}
	return c.Interval > 0 && time.Since(from) >= max(unheardFor, unheardAdverts*max(c.Interval, c.spacing))
}
