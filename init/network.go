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
	links, err := network.Apply(n.spec.Network, linkPatience, func(err error) { n.log("network", "%v", err) })
	if err != nil {
		return err
	}
	n.link = links[n.spec.Network.Traffic]
	n.host.Interface = n.link.Attrs().Name
	if management := links[n.spec.Network.Management]; management != nil {
		n.host.Management = management.Attrs().Name
	}
	for _, l := range n.spec.Network.Links {
		attrs := links[l.ID].Attrs()
		for _, address := range l.Addresses {
			n.log("network", "%s (%s) has %s", attrs.Name, attrs.HardwareAddr, address)
		}
	}
	return nil
}
