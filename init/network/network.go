// Package network sets up the links of a node over netlink, as netconfig.Network
// describes them: names, bonds, VLANs, addresses, routes. It says whether a link is
// up and whether anything is received, and takes the VIP away when nobody else will.
//
// Everything it does can be done again with the same result. It does not know why
// an address is wanted, and asks no DHCP server: package dhcp does.
package network

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"twinlb/seed/netconfig"

	"github.com/vishvananda/netlink"
)

// Links are the interfaces that stand for the links of a netconfig.Network, by ID.
type Links map[string]netlink.Link

// Apply sets up all links of the network and the loopback, and returns them with
// the names that they have now. It waits for network cards that the kernel is still
// looking for. What makes a node slower to fail over, and not useless, it tells warn.
func Apply(n netconfig.Network, patience time.Duration, warn func(error)) (Links, error) {
	links, err := awaitCards(n, patience)
	if err != nil {
		return nil, err
	}
	if err := rename(n, links); err != nil {
		return nil, err
	}
	lo, err := netlink.LinkByName("lo")
	if err == nil {
		err = netlink.LinkSetUp(lo)
	}
	if err != nil {
		return nil, fmt.Errorf("bring up lo: %w", err)
	}
	tune(warn, settings, "")
	for _, l := range n.Links {
		if err := raise(n, l, links, warn); err != nil {
			return nil, err
		}
	}
	for _, l := range n.Links {
		for _, address := range l.Addresses {
			if err := give(links[l.ID], address, 0); err != nil {
				return nil, err
			}
		}
	}
	// A gateway may be reached through the address of another link.
	for _, l := range n.Links {
		for _, r := range l.Routes {
			if err := addRoute(links[l.ID], r); err != nil {
				return nil, err
			}
		}
	}
	return links.refresh()
}

// raise makes the link if it is no card, and brings it up.
func raise(n netconfig.Network, l netconfig.Link, links Links, warn func(error)) (err error) {
	switch l.Kind {
	case netconfig.BondLink:
		links[l.ID], err = makeBond(l, links)
	case netconfig.VLANOnLink:
		links[l.ID], err = makeVLAN(l, links)
	}
	if err != nil {
		return err
	}
	link := links[l.ID]
	if isMember(n, l.ID) {
		return nil // of its bond, which brings it up and says how big its frames are
	}
	if l.MTU != 0 && l.MTU != link.Attrs().MTU {
		if err := netlink.LinkSetMTU(link, l.MTU); err != nil {
			return fmt.Errorf("set the MTU of %s to %d: %w", link.Attrs().Name, l.MTU, err)
		}
	}
	// Before it is up: from then on the kernel listens to routers.
	tune(warn, linkSettings(l), link.Attrs().Name)
	if err := netlink.LinkSetUp(link); err != nil {
		return fmt.Errorf("bring up %s: %w", link.Attrs().Name, err)
	}
	return nil
}

// refresh asks for the links once more: their names and MAC addresses have changed.
func (links Links) refresh() (Links, error) {
	now := make(Links, len(links))
	for id, link := range links {
		var err error
		if now[id], err = netlink.LinkByIndex(link.Attrs().Index); err != nil {
			return nil, fmt.Errorf("look at %s after it was set up: %w", link.Attrs().Name, err)
		}
	}
	return now, nil
}

// list repeats a netlink dump that was interrupted by a change.
func list[T any](dump func() ([]T, error)) ([]T, error) {
	for range 5 {
		got, err := dump()
		if !errors.Is(err, netlink.ErrDumpInterrupted) {
			return got, err
		}
	}
	return dump()
}

func ipNet(p netip.Prefix) *net.IPNet {
	return &net.IPNet{IP: p.Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen())}
}
