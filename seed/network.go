package seed

import (
	"net"
	"net/netip"
	"time"
)

// Network is what a node's machine sets up before any service runs. It comes from
// a network-config or, without one, from the node in the seed.
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

// The IDs of the links that no network-config names.
const (
	trafficLink    = "traffic"
	managementLink = "management"
)

// network is what the machine of a node sets up.
func (p *Pair) network(n Node) Network {
	traffic := Link{
		ID: trafficLink, Kind: Ethernet,
		Match:     Match{Name: n.Interface, MAC: n.MAC},
		Addresses: n.Addresses(),
	}
	for _, g := range p.Gateways {
		traffic.Routes = append(traffic.Routes, Route{To: netip.PrefixFrom(unspecified(g), 0), Via: g})
	}
	network := Network{Links: []Link{traffic}, Traffic: trafficLink}
	if m := n.Management; m != nil {
		network.Management = managementLink
		network.Links = append(network.Links, Link{
			ID: managementLink, Kind: Ethernet,
			Match:     Match{Name: m.Interface, MAC: m.MAC},
			Addresses: m.addresses(),
		})
	}
	return network
}

// addresses are none where only a network-config would tell them.
func (m *Management) addresses() []netip.Prefix {
	if !m.Address.IsValid() {
		return nil
	}
	return []netip.Prefix{m.Address}
}

// unspecified is 0.0.0.0 or ::, as the address.
func unspecified(like netip.Addr) netip.Addr {
	if like.Is4() {
		return netip.IPv4Unspecified()
	}
	return netip.IPv6Unspecified()
}
