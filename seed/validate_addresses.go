package seed

import (
	"net/netip"
	"slices"

	"twinlb/seed/netconfig"
	"twinlb/seed/strict"
)

// subnets are those of the nodes, as the first node has them.
type subnets struct{ v4, v6 netip.Prefix }

// of returns the subnet of the family; invalid when no node has an address of it.
func (s *subnets) of(like netip.Addr) *netip.Prefix {
	if like.Is4() {
		return &s.v4
	}
	return &s.v6
}

func (s *subnets) contains(addr netip.Addr) bool {
	return s.of(addr).Contains(addr)
}

// known reports whether a node has an address at all.
func (s *subnets) known() bool { return s.v4.IsValid() || s.v6.IsValid() }

func family(addr netip.Addr) string {
	if addr.Is4() {
		return "IPv4"
	}
	return "IPv6"
}

func (v *validator) gateways() {
	for i, g := range v.Gateways {
		path := "gateway"
		if item := strict.Index(path, i); v.Written(item) {
			path = item
		}
		if !g.IsValid() {
			continue
		}
		if i > 0 && family(g) == family(v.Gateways[0]) && v.Gateways[0].IsValid() {
			v.ReportAt(path, "%s is a second %s gateway; a node has at most one of each family", g, family(g))
		}
		v.onLink(path, g)
		v.taken.check(v, path, g)
	}
}

func (v *validator) vips() {
	for i, vip := range v.VIPs {
		if vip.IsValid() {
			v.onLink(strict.Index("vips", i), vip)
			v.taken.check(v, strict.Index("vips", i), vip)
		}
	}
}

// reachable reports a backend where a node can't find a server. The gateway may be one.
func (v *validator) reachable(path string, addr netip.Addr) {
	switch owner := v.taken[addr]; {
	case owner != "" && !slices.Contains(v.Gateways, addr):
		v.ReportAt(path, "%s is %s, so connections would come back to the balancer; write the address of the MySQL server", addr, owner)
	case !v.hasFamily(path, addr):
	case v.subnets.contains(addr):
		v.hostAddress(path, addr, *v.subnets.of(addr))
	case v.configured:
		v.reachableByRoutes(path, addr)
	case !v.hasGateway(addr) && !v.unclear.gateway:
		v.ReportAt(path, "%s is outside the nodes' subnet %s, and without a gateway there is no way to it", addr, v.subnets.of(addr))
	}
}

// hasFamily reports an address of a family that the nodes don't have.
func (v *validator) hasFamily(path string, addr netip.Addr) bool {
	if v.subnets.of(addr).IsValid() {
		return true
	}
	if v.subnets.known() && !v.unclear.family {
		v.ReportAt(path, "%s is an %s address, and the nodes have none; write one into the address of each node, beside the other", addr, family(addr))
	}
	return false
}

// anyFaultyAddress reports whether a node may have an address that was not decoded.
func (v *validator) anyFaultyAddress() bool {
	for i := range v.Nodes {
		if v.FaultyWithin(strict.Index("nodes", i) + ".address") {
			return true
		}
	}
	return false
}

func (v *validator) hasGateway(like netip.Addr) bool {
	return slices.ContainsFunc(v.Gateways, func(g netip.Addr) bool { return g.Is4() == like.Is4() })
}

// reachableByRoutes goes by the network-config, which is that of one node's machine.
func (v *validator) reachableByRoutes(path string, addr netip.Addr) {
	if v.Machine == nil || v.hasGateway(addr) {
		return
	}
	for _, l := range v.Machine.Links {
		onLink := func(p netip.Prefix) bool { return p.Contains(addr) }
		byRoute := func(r netconfig.Route) bool { return r.To.Contains(addr) }
		if l.Dynamic(addr) || slices.ContainsFunc(l.Addresses, onLink) || slices.ContainsFunc(l.Routes, byRoute) {
			return
		}
	}
	v.ReportAt(path, "%s is in no subnet of the network-config, and none of its routes leads there; write one", addr)
}

// onLink reports an address that must be in the nodes' subnet and is not.
func (v *validator) onLink(path string, addr netip.Addr) {
	if !v.hasFamily(path, addr) {
		return
	}
	subnet := *v.subnets.of(addr)
	if !subnet.Contains(addr) {
		v.ReportAt(path, "%s is outside the nodes' subnet %s", addr, subnet)
		return
	}
	v.hostAddress(path, addr, subnet)
}

// hostAddress reports the addresses of a subnet that belong to no single machine.
func (v *validator) hostAddress(path string, addr netip.Addr, subnet netip.Prefix) {
	switch {
	case addr.Is6():
		if addr == subnet.Masked().Addr() && subnet.Bits() < 127 {
			v.ReportAt(path, "%s is the anycast address of the routers of the subnet %s, not of a single machine in it", addr, subnet.Masked())
		}
	case subnet.Bits() > 30: // RFC 3021
	case addr == subnet.Masked().Addr():
		v.ReportAt(path, "%s is the address of the subnet %s itself, not of a machine in it", addr, subnet.Masked())
	case addr == broadcast(subnet):
		v.ReportAt(path, "%s is the broadcast address of the subnet %s", addr, subnet.Masked())
	}
}

// broadcast returns the last address of a subnet.
func broadcast(subnet netip.Prefix) netip.Addr {
	last := subnet.Addr().AsSlice()
	for bit := subnet.Bits(); bit < 8*len(last); bit++ {
		last[bit/8] |= 0x80 >> (bit % 8)
	}
	addr, _ := netip.AddrFromSlice(last)
	return addr
}
