package main

import (
	"time"

	"twinlb/init/network"
)

// linkPatience is for network cards that the kernel is still looking for.
const linkPatience = 5 * time.Second

func (n *node) configureNetwork() error {
	link, err := network.Find(n.spec.Node, linkPatience)
	if err != nil {
		return err
	}
	n.link = link
	n.host.Interface = link.Attrs().Name
	// A missing setting makes a node slower to fail over, not useless.
	if err := network.Tune(n.host.Interface); err != nil {
		n.consoles.Log("network", "%v", err)
	}
	if err := network.Apply(link, n.spec.Node.Address, n.spec.Gateway); err != nil {
		return err
	}
	n.consoles.Log("network", "%s (%s) has %s", n.host.Interface, link.Attrs().HardwareAddr, n.spec.Node.Address)
	return nil
}
