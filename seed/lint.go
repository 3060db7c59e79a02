package seed

import (
	"slices"
	"strings"
	"time"

	"twinlb/seed/netconfig"
	"twinlb/seed/strict"
)

// lint returns warnings of what works in a valid pair, but not as its writer may
// think, or not for long.
func lint(p *Pair, d *strict.Document, configured bool) strict.Problems {
	l := linter{p, d, configured}
	l.authorizedKeys()
	l.advertInterval()
	l.paths()
	for i, pool := range p.Pools {
		path := strict.Index("pools", i)
		l.ports(path, pool)
		l.allowed(path, pool)
		l.proxyProtocol(path, pool)
		l.backends(path, pool)
	}
	l.limits()
	d.Warnings.Sort()
	return d.Warnings
}

type linter struct {
	*Pair
	*strict.Document
	configured bool // by a network-config
}

func (l linter) authorizedKeys() {
	const path = "ssh_authorized_keys"
	if len(l.AuthorizedKeys) == 0 {
		l.WarnAt(path, "no SSH key may log in: nobody can look at a node or change it but on its console")
	}
	seen := map[string]int{}
	for i, line := range l.AuthorizedKeys {
		key := strings.Join(strings.Fields(line)[:2], " ") // without its comment
		if first, known := seen[key]; known {
			l.WarnAt(strict.Index(path, i), "is the key of %s again", strict.Index(path, first))
			continue
		}
		seen[key] = i
	}
}

const (
	// shortAdverts is below which a busy hypervisor moved the VIP for nothing: in a
	// minute twice at 50 ms, three times at 100 ms, and never at 200 ms (decision 11).
	shortAdverts = 200 * time.Millisecond
	// narrowSkew is how far the timers of two backups must be apart, so that the
	// second hears the first before its own runs out.
	narrowSkew = 3 * time.Millisecond
)

func (l linter) advertInterval() {
	const path = "vrrp.advert_interval"
	interval := l.VRRP.AdvertInterval
	if interval < shortAdverts {
		l.WarnAt(path, "%v is short: a master that a busy hypervisor holds up for %v loses the VIP; %v or more is safe", interval, 3*interval, shortAdverts)
	}
	// RFC 9568 §6.1: Skew_Time.
	skew := func(interval time.Duration) time.Duration { return interval * priorityStep / 256 }
	if len(l.Nodes) > 2 && skew(interval) < narrowSkew {
		safe := interval
		for skew(safe) < narrowSkew {
			safe += 10 * time.Millisecond
		}
		l.WarnAt(path, "%v is short for %d nodes: the timers of two backups are %v apart, so that both may take the VIP for a moment; %v or more is safe",
			interval, len(l.Nodes), skew(interval).Round(100*time.Microsecond), safe)
	}
}

// paths goes by the network-config of a node: whether its peers are where it sends
// the adverts.
func (l linter) paths() {
	self := l.configuredNode()
	if self < 0 {
		return
	}
	node := l.Nodes[self]
	traffic := l.Machine.Carrier(node.Address.Addr())
	for i, peer := range l.Nodes {
		if i == self {
			continue
		}
		for k, a := range peer.Addresses() {
			path := strict.Index("nodes", i) + ".address"
			if item := strict.Index(path, k); l.Written(item) {
				path = item
			}
			if via, route := l.Machine.Way(a.Addr()); via != nil && (via != traffic || route.Via.IsValid()) {
				l.WarnAt(path, "by the network-config of %s, %s is reached over %s, but the nodes speak VRRP over %s, where the address of %s is",
					node.Name, a.Addr(), describeWay(via, route), traffic.ID, node.Name)
			}
		}
	}
	for i, link := range l.Machine.Links {
		for _, r := range link.Routes {
			if vip := slices.Index(l.VIPs, r.Via); vip >= 0 {
				l.WarnAt(strict.Index("vips", vip), "by the network-config of %s, %s is reached through this VIP, over %s; a node is no router", node.Name, r.To, l.Machine.Links[i].ID)
			}
		}
	}
}

// configuredNode is the index of the node that the network-config is for; -1 when
// there is none or no address in it says so.
func (l linter) configuredNode() int {
	if l.Machine == nil {
		return -1
	}
	return slices.IndexFunc(l.Nodes, func(n Node) bool { return l.Machine.Carrier(n.Address.Addr()) != nil })
}

func describeWay(over *netconfig.Link, by netconfig.Route) string {
	if by.Via.IsValid() {
		return over.ID + " via " + by.Via.String()
	}
	return over.ID
}
