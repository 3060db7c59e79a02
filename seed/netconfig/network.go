// Package netconfig reads the network-config of a machine, version 1 or 2 as cloud-init
// has them, and checks what can be told without knowing which node it is. A key that a
// node does not act on is refused, never skipped.
//
// It knows nothing of the pair, and sets up no network.
package netconfig

import (
	"net"
	"net/netip"
	"slices"
	"time"
)

// Network is what a machine sets up before any service runs. It comes from a
// network-config or, without one, from the node in the seed.
type Network struct {
	Links      []Link // each after those that it is made of
	Traffic    string // ID of the link that carries the node addresses and the VIPs
	Management string // ID of the link where admin and metrics listen; "" when they do on Traffic
	// Nameservers and Search are kept for those who ask; a balancer looks up no names.
	Nameservers []netip.Addr
	Search      []string
}

// Link is a network interface, as netplan describes one.
type Link struct {
	ID   string // by which the others refer to it
	Kind LinkKind
	// Match finds an Ethernet; a zero Match fits the only one that there is.
	Match Match
	Name  string // that it gets; "" keeps that of the kernel
	MTU   int    // bytes; 0 keeps that of the kernel

	Addresses []netip.Prefix
	DHCPv4    bool
	DHCPv6    bool
	AcceptRA  bool // IPv6 addresses and routes from router advertisements, RFC 4862
	Routes    []Route

	Bond Bond // of a bond
	VLAN VLAN // of a VLAN
}

// LinkKind tells what a Link is made of.
type LinkKind string

// The kinds of links.
const (
	Ethernet   LinkKind = "ethernet"
	BondLink   LinkKind = "bond"
	VLANOnLink LinkKind = "vlan"
)

// Match is what an Ethernet must have; what is not set does not matter.
type Match struct {
	Name   string // of the kernel; may have *, ? and [ ]
	MAC    net.HardwareAddr
	Driver string // as Name
}

// Bond is an active-backup bond.
type Bond struct {
	Members  []string      // IDs
	Primary  string        // ID of the member that is preferred; "" for none
	Monitor  time.Duration // between two looks at the members' links; never 0
	UpDelay  time.Duration // for how long a link must be there; a multiple of Monitor
	Gratuity int           // gratuitous ARPs after a change of the active member; 0 is what the kernel does
}

// VLAN is an IEEE 802.1Q VLAN.
type VLAN struct {
	Tag int // 1–4094
	On  string
}

// Route is a static route.
type Route struct {
	To     netip.Prefix // 0.0.0.0/0 or ::/0 is the default route
	Via    netip.Addr   // zero when To is reached directly
	Metric int          // 0 is that of the kernel
	OnLink bool         // Via is on the link although no address says so
}

// Link returns the link with the ID; nil when there is none.
func (n *Network) Link(id string) *Link {
	for i := range n.Links {
		if n.Links[i].ID == id {
			return &n.Links[i]
		}
	}
	return nil
}

// Carrier is the link that has the address; nil when none has.
func (n *Network) Carrier(addr netip.Addr) *Link {
	for i := range n.Links {
		if slices.ContainsFunc(n.Links[i].Addresses, func(a netip.Prefix) bool { return a.Addr() == addr }) {
			return &n.Links[i]
		}
	}
	return nil
}

// Way is the link over which an address is reached, and the route to it; one
// without Via is that of the link's own subnet. A nil link is no way.
func (n *Network) Way(to netip.Addr) (over *Link, by Route) {
	longest := -1
	try := func(link *Link, r Route) {
		if r.To.Contains(to) && r.To.Bits() > longest {
			over, by, longest = link, r, r.To.Bits()
		}
	}
	for i := range n.Links {
		for _, a := range n.Links[i].Addresses {
			try(&n.Links[i], Route{To: a.Masked()})
		}
		for _, r := range n.Links[i].Routes {
			try(&n.Links[i], r)
		}
	}
	return over, by
}

// Dynamic reports whether the link gets addresses of that family from the network.
func (l Link) Dynamic(like netip.Addr) bool {
	if like.Is4() {
		return l.DHCPv4
	}
	return l.DHCPv6 || l.AcceptRA
}

// DefaultRoute is the route to all addresses of the router's family that no other
// route is for.
func DefaultRoute(via netip.Addr) Route {
	all := netip.IPv6Unspecified()
	if via.Is4() {
		all = netip.IPv4Unspecified()
	}
	return Route{To: netip.PrefixFrom(all, 0), Via: via}
}
