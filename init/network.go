package main

import (
	"time"

	"twinlb/init/network"
	"twinlb/init/supervise"
)

// linkPatience is for network cards that the kernel is still looking for.
const linkPatience = 5 * time.Second

func (n *node) configureNetwork() error {
	links, err := network.Apply(n.spec.Network, linkPatience, func(err error) { n.log("network", "%v", err) })
	if err != nil {
		return err
	}
	n.links = links
	n.link = links[n.spec.Network.Traffic]
	n.host.Interface = n.link.Attrs().Name
	if management := links[n.spec.Network.Management]; management != nil {
		n.host.Management = management.Attrs().Name
	}
	n.probeAddresses()
	if err := openPorts(n.spec, n.host, links); err != nil {
		return err
	}
	for _, l := range n.spec.Network.Links {
		attrs := links[l.ID].Attrs()
		for _, address := range l.Addresses {
			n.log("network", "%s (%s) has %s", attrs.Name, attrs.HardwareAddr, address)
		}
	}
	n.reaper = supervise.NewReaper()
	n.askForLeases(links)
	return n.awaitAddresses(links)
}
