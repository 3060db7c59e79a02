package seed

import (
	"net/netip"

	"twinlb/seed/netconfig"
)

// The IDs of the links that no network-config names.
const (
	trafficLink    = "traffic"
	managementLink = "management"
)

// network is what the machine of a node sets up without a network-config.
func (p *Pair) network(n Node) netconfig.Network {
	traffic := netconfig.Link{
		ID: trafficLink, Kind: netconfig.Ethernet,
		Match:     netconfig.Match{Name: n.Interface, MAC: n.MAC},
		Addresses: n.Addresses(),
	}
	for _, g := range p.Gateways {
		traffic.Routes = append(traffic.Routes, netconfig.DefaultRoute(g))
	}
	network := netconfig.Network{Links: []netconfig.Link{traffic}, Traffic: trafficLink}
	if m := n.Management; m != nil {
		network.Management = managementLink
		network.Links = append(network.Links, netconfig.Link{
			ID: managementLink, Kind: netconfig.Ethernet,
			Match:     netconfig.Match{Name: m.Interface, MAC: m.MAC},
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
