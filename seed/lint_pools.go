package seed

import (
	"net/netip"
	"slices"

	"twinlb/seed/strict"
)

// otherPorts are ports of a MySQL server behind which no client finds MySQL.
var otherPorts = map[uint16]string{
	4444:  "Galera's state transfers",
	4567:  "Galera's replication",
	4568:  "Galera's state transfers",
	33060: "MySQL's X protocol, which the check does not speak",
	33061: "Group Replication",
	33062: "MySQL's administrators",
}

func (l linter) ports(path string, pool Pool) {
	for i, b := range pool.Backends {
		if use := otherPorts[b.Port]; use != "" {
			l.WarnAt(strict.Index(path+".backends", i)+".port", "%d is usually the port of %s", b.Port, use)
		}
	}
}

func (l linter) allowed(path string, pool Pool) {
	path += ".allow"
	for i, n := range pool.Allow {
		wider := func(other netip.Prefix) bool { return other.Bits() < n.Bits() && other.Contains(n.Addr()) }
		if other := slices.IndexFunc(pool.Allow, wider); other >= 0 {
			l.WarnAt(strict.Index(path, i), "%s is in %s already, so it changes nothing", n, pool.Allow[other])
		}
		if !l.answers(n) {
			l.WarnAt(strict.Index(path, i), "%s is outside the nodes' subnet, and without a gateway no answer finds its way there", n)
		}
	}
	for i, vip := range l.VIPs {
		sameFamily := func(n netip.Prefix) bool { return n.Addr().Is4() == vip.Is4() }
		if len(pool.Allow) > 0 && !slices.ContainsFunc(pool.Allow, sameFamily) {
			l.WarnAt(path, "no network is %s, so nobody can use %s, which is %s, on port %d", family(vip), strict.Index("vips", i), vip, pool.Port)
		}
	}
}

// answers reports whether a node has a way to the network. What a network-config
// knows more is not for this pair alone.
func (l linter) answers(network netip.Prefix) bool {
	if l.configured || slices.ContainsFunc(l.Gateways, func(g netip.Addr) bool { return g.Is4() == network.Addr().Is4() }) {
		return true
	}
	onLink := func(a netip.Prefix) bool { return a.Overlaps(network) }
	return slices.ContainsFunc(l.Nodes[0].Addresses(), onLink)
}

func (l linter) proxyProtocol(path string, pool Pool) {
	if pool.ProxyProtocol && pool.Check.Auth == SHA2 {
		l.WarnAt(path+".proxy_protocol", "MySQL does not take PROXY headers and will not answer; MariaDB and Percona Server do, where proxy-protocol-networks allows it")
	}
}

func (l linter) backends(path string, pool Pool) {
	serving := 0
	for _, b := range pool.Backends {
		if !b.Backup {
			serving++
		}
	}
	for i, b := range pool.Backends {
		path := strict.Index(path+".backends", i)
		if nat64.Contains(b.Address) {
			l.WarnAt(path+".address", "%s goes through a translator to IPv4, so the server sees the translator's address, and the accounts of `twinlb sql` are not for that", b.Address)
		}
		reason := ""
		switch {
		case b.Backup:
			reason = "the first backup that is up takes all connections, once no other backend is"
		case pool.Balance == First:
			reason = "with balance: first the first backend that is up takes all that its maxconn lets in"
		case serving == 1:
			reason = "it is the only backend that is not a backup, and takes all connections"
		default:
			continue
		}
		if b.Weight != 1 {
			l.WarnAt(path+".weight", "has no effect: %s", reason)
		}
		if b.SlowStart > 0 {
			l.WarnAt(path+".slowstart", "has no effect: %s", reason)
		}
	}
}

// nat64 is the well-known prefix of translators (RFC 6052 §2.1).
var nat64 = netip.MustParsePrefix("64:ff9b::/96")

// limits warns of servers that are in several pools and limited in some.
func (l linter) limits() {
	unlimited := map[netip.AddrPort]string{}
	eachBackend(l.Pair, func(path string, b Backend) {
		if server := netip.AddrPortFrom(b.Address, b.Port); b.MaxConn == 0 && unlimited[server] == "" {
			unlimited[server] = path
		}
	})
	eachBackend(l.Pair, func(path string, b Backend) {
		server := netip.AddrPortFrom(b.Address, b.Port)
		if other := unlimited[server]; b.MaxConn > 0 && other != "" {
			l.WarnAt(path+".maxconn", "is no limit of %s: %s is the same server, without one", server, other)
		}
	})
}

// eachBackend calls f with the backends of all pools and their paths.
func eachBackend(p *Pair, f func(path string, b Backend)) {
	for i, pool := range p.Pools {
		for k, b := range pool.Backends {
			f(strict.Index(strict.Index("pools", i)+".backends", k), b)
		}
	}
}
