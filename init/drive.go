package main

import (
	"crypto/rand"
	"fmt"
	"net"

	"twinlb/init/nocloud"
	"twinlb/seed"
	"twinlb/services/admin"

	"github.com/vishvananda/netlink"
)

// useDrive takes the seed on a NoCloud drive. Of what is baked, the role counts if
// nothing else tells which node this is.
func (n *node) useDrive(d *nocloud.Drive, baked *bakedSeed) error {
	n.origin = seedOrigin{device: d.String()}
	files := &seed.Files{
		Name:          nocloud.UserData,
		UserData:      d.Files[nocloud.UserData],
		MetaData:      d.Files[nocloud.MetaData],
		NetworkConfig: d.Files[nocloud.NetworkConfig],
		VendorData:    d.Files[nocloud.VendorData],
	}
	n.bundle = &seed.Bundle{UserData: files.UserData, NetworkConfig: files.NetworkConfig}
	pair, err := files.Parse()
	if err != nil {
		return fmt.Errorf("the seed on %s is wrong:\n%w", d, err)
	}
	macs, err := networkCards()
	if err != nil {
		return err
	}
	if n.spec, err = pair.Identify(seed.Hardware{MACs: macs, Role: baked.role()}); err != nil {
		return fmt.Errorf("the seed on %s: %w", d, err)
	}
	n.bundle.NodeName = n.spec.Node.Name
	n.log("seed", "%s is the %s, from the seed %s on %s; %v",
		n.spec.Node.Name, n.spec.Node.Role, seed.Digest(n.bundle.UserData), d, baked)
	return n.useKeys(d)
}

// useKeys takes the keys on the drive. Tools that know nothing of twinlb write none;
// neither balancing nor VRRP needs them.
func (n *node) useKeys(d *nocloud.Drive) error {
	if text, there := d.Files[nocloud.Keys]; there {
		host, pair, err := seed.DecodeKeys(text)
		if err != nil {
			return fmt.Errorf("the seed on %s: %w", d, err)
		}
		n.bundle.HostKey, n.bundle.PairKey = host, pair
		n.log("keys", "from %s on %s", nocloud.Keys, d)
		return nil
	}
	n.bundle.HostKey = make([]byte, seed.KeySize)
	rand.Read(n.bundle.HostKey) // never fails, crypto/rand
	fingerprint, err := admin.Fingerprint(n.bundle.HostKey)
	if err != nil {
		return err
	}
	n.log("keys", "warning: there is no %s on %s; the host key is new with each start, now %s, and the nodes can't tell each other how they are",
		nocloud.Keys, d, fingerprint)
	return nil
}

// networkCards returns the addresses that the machine's Ethernet cards have, and
// those that they were made with.
func networkCards() ([]net.HardwareAddr, error) {
	links, err := netlink.LinkList()
	if err != nil {
		return nil, fmt.Errorf("list the network cards: %w", err)
	}
	var macs []net.HardwareAddr
	for _, link := range links {
		if attrs := link.Attrs(); link.Type() == "device" && attrs.Flags&net.FlagLoopback == 0 {
			macs = append(macs, attrs.HardwareAddr)
			if permanent := attrs.PermHWAddr; len(permanent) > 0 && permanent.String() != attrs.HardwareAddr.String() {
				macs = append(macs, permanent)
			}
		}
	}
	return macs, nil
}
