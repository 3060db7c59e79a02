package main

import (
	"twinlb/init/firewall"
	"twinlb/init/network"
	"twinlb/services/admin"
	"twinlb/services/haproxy"
)

// closePorts lets nobody in, before there is any address.
func (n *node) closePorts() error { return firewall.Apply(firewall.Rules{}) }

// openPorts lets in what the seed asks for, and nothing else, through the links
// that carry it. It may be called again when any of that has changed.
func (n *node) openPorts(links network.Links) error {
	rules := firewall.Rules{
		Node:       n.spec.Node.Address.Addr(),
		Second:     n.spec.Node.Second.Addr(),
		VIPs:       n.spec.VIPs,
		Traffic:    n.host.Interface,
		PeerPort:   peerPort,
		NodePorts:  []uint16{haproxy.MetricsPort},
		Management: n.host.Management,
	}
	for _, pool := range n.spec.Pools {
		rules.Pools = append(rules.Pools, firewall.Pool{Port: pool.Port, Allow: pool.Allow})
	}
	for _, p := range n.spec.Peers {
		rules.Peers = append(rules.Peers, p.Address.Addr())
	}
	if admin.Listens(n.spec) {
		rules.NodePorts = append(rules.NodePorts, admin.Port)
	}
	for _, l := range n.spec.Network.Links {
		name := links[l.ID].Attrs().Name
		if l.DHCPv4 {
			rules.DHCPv4 = append(rules.DHCPv4, name)
		}
		if l.DHCPv6 {
			rules.DHCPv6 = append(rules.DHCPv6, name)
		}
		if l.AcceptRA || l.DHCPv6 { // which gives addresses, and no routes
			rules.RouterAdverts = append(rules.RouterAdverts, name)
		}
	}
	return firewall.Apply(rules)
}
