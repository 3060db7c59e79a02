package main

import (
	"time"

	"twinlb/init/firewall"
	"twinlb/init/network"
	"twinlb/services/admin"
	"twinlb/services/haproxy"
)

// linkPatience is for network cards that the kernel is still looking for.
const linkPatience = 5 * time.Second

// closePorts lets in what the seed asks for, before there is any address.
func (n *node) closePorts() error {
	rules := firewall.Rules{
		Node:      n.spec.Node.Address.Addr(),
		VIPs:      n.spec.VIPs,
		NodePorts: []uint16{haproxy.MetricsPort},
		PeerPort:  peerPort,
	}
	if admin.Listens(n.spec) {
		rules.NodePorts = append(rules.NodePorts, admin.Port)
	}
	for _, pool := range n.spec.Pools {
		rules.Ports = append(rules.Ports, pool.Port)
	}
	for _, p := range n.spec.Peers {
		rules.Peers = append(rules.Peers, p.Address.Addr())
	}
	return firewall.Apply(rules)
}

func (n *node) configureNetwork() error {
	link, err := network.Find(n.spec.Node, linkPatience)
	if err != nil {
		return err
	}
	n.link = link
	n.host.Interface = link.Attrs().Name
	// A missing setting makes a node slower to fail over, not useless.
	if err := network.Tune(n.host.Interface); err != nil {
		n.log("network", "%v", err)
	}
	if err := network.Apply(link, n.spec.Node.Address, n.spec.Gateway); err != nil {
		return err
	}
	n.log("network", "%s (%s) has %s", n.host.Interface, link.Attrs().HardwareAddr, n.spec.Node.Address)
	return nil
}
