package network

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"twinlb/seed/netconfig"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// usualMTU is that of an Ethernet, IEEE 802.3, in bytes.
const usualMTU = 1500

// Change sets up the new network in place of the old one: what only that had goes,
// what both have is not touched. To undo it, change back. The rest is as in Apply.
func Change(old, new netconfig.Network, patience time.Duration, warn func(error)) (Links, error) {
	// A network that this machine cannot have must not cost the one that it has.
	cards, err := awaitCards(new, patience)
	if err != nil {
		return nil, err
	}
	for _, l := range slices.Backward(old.Links) { // those that stand on others first
		link, err := existing(old, l)
		if err != nil {
			return nil, fmt.Errorf("take down what only the old network has: %w", err)
		}
		if link == nil {
			continue
		}
		if err := strip(link, l, successor(link, l, new, cards)); err != nil {
			return nil, fmt.Errorf("take down what only the old network has: %w", err)
		}
	}
	return Apply(new, patience, warn)
}

// existing is the interface that stands for the link; nil when it is gone.
func existing(n netconfig.Network, l netconfig.Link) (netlink.Link, error) {
	if l.Kind == netconfig.Ethernet {
		cards, err := findCards(n)
		if err != nil { // another card was pulled out, or this one
			cards, _ = findCards(netconfig.Network{Links: []netconfig.Link{l}})
		}
		return cards[l.ID], nil
	}
	link, err := netlink.LinkByName(name(l, nil))
	if errors.As(err, &netlink.LinkNotFoundError{}) {
		return nil, nil
	}
	return link, err
}

// successor is what the new network makes of the interface; nil when nothing.
func successor(link netlink.Link, old netconfig.Link, new netconfig.Network, cards Links) *netconfig.Link {
	for i, l := range new.Links {
		if l.Kind != old.Kind {
			continue
		}
		if card := cards[l.ID]; card != nil && card.Attrs().Index == link.Attrs().Index ||
			card == nil && name(l, nil) == name(old, nil) {
			return &new.Links[i]
		}
	}
	return nil
}

// strip takes off an interface what its successor does not have.
func strip(link netlink.Link, old netconfig.Link, next *netconfig.Link) error {
	if next == nil && old.Kind != netconfig.Ethernet {
		if err := netlink.LinkDel(link); err != nil {
			return fmt.Errorf("remove %s: %w", link.Attrs().Name, err)
		}
		return nil
	}
	gone := next == nil
	if gone {
		next = &netconfig.Link{}
	}
	for _, r := range old.Routes {
		if !slices.Contains(next.Routes, r) {
			if err := removeRoute(link, r); err != nil {
				return err
			}
		}
	}
	for _, a := range old.Addresses {
		if !slices.Contains(next.Addresses, a) {
			if _, err := take(link, a); err != nil {
				return err
			}
		}
	}
	if old.AcceptRA && !next.AcceptRA {
		if err := forgetRouters(link); err != nil {
			return err
		}
	}
	if old.MTU != 0 && next.MTU == 0 {
		if err := netlink.LinkSetMTU(link, usualMTU); err != nil {
			return fmt.Errorf("set the MTU of %s to %d: %w", link.Attrs().Name, usualMTU, err)
		}
	}
	if gone {
		if err := netlink.LinkSetDown(link); err != nil {
			return fmt.Errorf("take %s down: %w", link.Attrs().Name, err)
		}
	}
	return nil
}

// forgetRouters takes off what router advertisements have left. The addresses that
// the kernel has made of them are those that it would make temporary ones of.
func forgetRouters(link netlink.Link) error {
	routes, err := list(func() ([]netlink.Route, error) { return netlink.RouteList(link, netlink.FAMILY_V6) })
	if err != nil {
		return fmt.Errorf("list the routes of %s: %w", link.Attrs().Name, err)
	}
	for _, r := range routes {
		if r.Protocol == unix.RTPROT_RA {
			if err := netlink.RouteDel(&r); err != nil && !errors.Is(err, unix.ESRCH) {
				return fmt.Errorf("take away the route %s: %w", r, err)
			}
		}
	}
	addresses, err := list(func() ([]netlink.Addr, error) { return netlink.AddrList(link, netlink.FAMILY_V6) })
	if err != nil {
		return fmt.Errorf("list the addresses of %s: %w", link.Attrs().Name, err)
	}
	for _, a := range addresses {
		if a.Flags&unix.IFA_F_MANAGETEMPADDR != 0 {
			if err := netlink.AddrDel(link, &netlink.Addr{IPNet: a.IPNet}); err != nil && !errors.Is(err, unix.EADDRNOTAVAIL) {
				return fmt.Errorf("take %s off %s: %w", a.IPNet, link.Attrs().Name, err)
			}
		}
	}
	return nil
}
