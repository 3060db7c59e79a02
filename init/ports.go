package main

import (
	"twinlb/init/firewall"
	"twinlb/init/network"
	"twinlb/seed"
	"twinlb/services"
	"twinlb/services/admin"
	"twinlb/services/haproxy"
	"twinlb/services/metrics"
)

// closePorts lets nobody in, before there is any address.
func (n *node) closePorts() error { return firewall.Apply(firewall.Rules{}) }

// openPorts lets in what the seed asks for, and nothing else, through the links
// that carry it. It may be called again when any of that has changed.
func openPorts(spec *seed.Spec, host services.Host, links network.Links) error {
	return firewall.Apply(portRules(spec, host, links))
}

func portRules(spec *seed.Spec, host services.Host, links network.Links) firewall.Rules {
	rules := firewall.Rules{
		Node:       spec.Node.Address.Addr(),
		Second:     spec.Node.Second.Addr(),
		VIPs:       spec.VIPs,
		Traffic:    host.Interface,
		PeerPort:   peerPort,
		VRID:       uint8(spec.VRRP.VirtualRouterID),
		NodePorts:  []uint16{haproxy.MetricsPort, metrics.Port},
		Management: host.Management,
	}
	for _, pool := range spec.Pools {
		rules.Pools = append(rules.Pools, firewall.Pool{Port: pool.Port, Allow: pool.Allow})
	}
	for _, p := range spec.Peers {
		rules.Peers = append(rules.Peers, p.Address.Addr())
	}
	if admin.Listens(spec) {
		rules.NodePorts = append(rules.NodePorts, admin.Port)
	}
	for _, l := range spec.Network.Links {
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
	return rules
}
