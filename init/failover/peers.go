package failover

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"twinlb/init/status"
	"twinlb/services/haproxy"
)

// reachesMore names what a peer that could hold the VIP reaches and this node does
// not; "" when there is no such peer. A peer that lacks anything which this node
// reaches is none: the VIP would go back and forth.
func (c *Controller) reachesMore() string {
	mine := lost(c.servers)
	if len(mine) == 0 {
		return ""
	}
	for _, peer := range c.heard() {
		theirs := peer.Lost()
		if peer.VRRP.Able && len(theirs) < len(mine) && subset(theirs, mine) {
			gained := slices.DeleteFunc(slices.Clone(mine), func(pool string) bool { return slices.Contains(theirs, pool) })
			return fmt.Sprintf("no backend of %s is up for this node, and %s reaches some", strings.Join(gained, ", "), peer.Name)
		}
	}
	return ""
}

// heard returns what those peers said that are heard at present, by name.
func (c *Controller) heard() []*status.Node {
	var nodes []*status.Node
	for _, name := range slices.Sorted(maps.Keys(c.peers)) {
		if since, ever := c.Silence(name); ever && since < status.Silence {
			nodes = append(nodes, c.peers[name])
		}
	}
	return nodes
}

// hearsPeer tells whether a peer has just been heard, whatever the interface's
// count of frames says: a driver may be late to count.
func (c *Controller) hearsPeer() bool {
	for name := range c.peers {
		if since, ever := c.Silence(name); ever && since < 3*c.Heartbeat/2 {
			return true
		}
	}
	return false
}

// lost returns the pools of which no server is up.
func lost(servers []haproxy.Server) []string {
	var node status.Node
	for _, s := range servers {
		node.Backends = append(node.Backends, status.Backend{Pool: s.Pool, Up: s.Up})
	}
	return node.Lost()
}

func subset(some, all []string) bool {
	return !slices.ContainsFunc(some, func(s string) bool { return !slices.Contains(all, s) })
}
