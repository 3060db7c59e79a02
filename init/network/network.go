// Package network gives the node its interface, address and route over netlink,
// says whether the link is up, and takes the VIP away when nobody else will.
//
// Everything it does can be done again with the same result.
package network

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"time"

	"twinlb/seed"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// Find waits for the interface that carries the node's address: the one that
// the seed names, or the only one there is.
func Find(node seed.Node, patience time.Duration) (netlink.Link, error) {
	deadline := time.Now().Add(patience)
	for {
		link, err := choose(node)
		if err == nil || time.Now().After(deadline) {
			return link, err
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func choose(node seed.Node) (netlink.Link, error) {
	links, err := list(netlink.LinkList)
	if err != nil {
		return nil, fmt.Errorf("list network interfaces: %w", err)
	}
	var wires, matching []netlink.Link
	for _, link := range links {
		attrs := link.Attrs()
		if link.Type() != "device" && link.Type() != "veth" || attrs.Flags&net.FlagLoopback != 0 {
			continue
		}
		wires = append(wires, link)
		if (node.Interface == "" || node.Interface == attrs.Name) &&
			(node.MAC == nil || node.MAC.String() == attrs.HardwareAddr.String()) {
			matching = append(matching, link)
		}
	}
	switch {
	case len(matching) == 1:
		return matching[0], nil
	case len(wires) == 0:
		return nil, fmt.Errorf("find the network interface of %s: this machine has none that the kernel knows; "+
			"give it a virtio, e1000, e1000e, vmxnet3 or Hyper-V network card", node.Name)
	case len(matching) == 0 && node.Interface != "":
		return nil, fmt.Errorf("find the network interface of %s: the seed says interface: %s; there are %s",
			node.Name, node.Interface, describe(wires))
	case len(matching) == 0:
		return nil, fmt.Errorf("find the network interface of %s: the seed says macaddress: %s; there are %s",
			node.Name, node.MAC, describe(wires))
	}
	return nil, fmt.Errorf("find the network interface of %s: there are %s; say in the seed which one carries %s, with interface: %s",
		node.Name, describe(wires), node.Address, wires[0].Attrs().Name)
}

func describe(links []netlink.Link) string {
	names := make([]string, len(links))
	for i, link := range links {
		names[i] = fmt.Sprintf("%s (%s)", link.Attrs().Name, link.Attrs().HardwareAddr)
	}
	return strings.Join(names, ", ")
}

// Apply brings the loopback and the link up, and gives the link the node's
// address and the default route.
func Apply(link netlink.Link, address netip.Prefix, gateway netip.Addr) error {
	lo, err := netlink.LinkByName("lo")
	if err != nil {
		return fmt.Errorf("bring up lo: %w", err)
	}
	for _, l := range []netlink.Link{lo, link} {
		if err := netlink.LinkSetUp(l); err != nil {
			return fmt.Errorf("bring up %s: %w", l.Attrs().Name, err)
		}
	}
	if err := netlink.AddrReplace(link, &netlink.Addr{IPNet: ipNet(address)}); err != nil {
		return fmt.Errorf("give %s to %s: %w", address, link.Attrs().Name, err)
	}
	if !gateway.IsValid() {
		return nil
	}
	route := &netlink.Route{LinkIndex: link.Attrs().Index, Gw: gateway.AsSlice()}
	if err := netlink.RouteReplace(route); err != nil {
		return fmt.Errorf("route through the gateway %s: %w", gateway, err)
	}
	return nil
}

// Purge takes the VIPs off the link and returns those that were there. It is for
// when keepalived, whose they are, is dead.
func Purge(link netlink.Link, vips []netip.Addr) ([]netip.Addr, error) {
	var purged []netip.Addr
	for _, vip := range vips {
		err := netlink.AddrDel(link, &netlink.Addr{IPNet: ipNet(netip.PrefixFrom(vip, vip.BitLen()))})
		if errors.Is(err, unix.EADDRNOTAVAIL) {
			continue
		}
		if err != nil {
			return purged, fmt.Errorf("take the VIP %s off %s: %w", vip, link.Attrs().Name, err)
		}
		purged = append(purged, vip)
	}
	return purged, nil
}

// runs is what a link that can be used has, netdevice(7). A link that was just
// brought up is RUNNING for up to a second without a carrier, until the kernel
// has looked; LOWER_UP is the carrier itself.
const runs = unix.IFF_RUNNING | unix.IFF_LOWER_UP

// Watch reports whether the link runs: once for how it is now and then whenever
// that changes. The channel is closed when the
// kernel's reports are lost; call Watch again.
func Watch(link netlink.Link, done <-chan struct{}) (<-chan bool, error) {
	updates := make(chan netlink.LinkUpdate, 16)
	err := netlink.LinkSubscribeWithOptions(updates, done, netlink.LinkSubscribeOptions{
		ListExisting:  true,
		ErrorCallback: func(error) {}, // the channel is closed as well
	})
	if err != nil {
		return nil, fmt.Errorf("watch the link of %s: %w", link.Attrs().Name, err)
	}
	running := make(chan bool, 1)
	go func() {
		defer close(running)
		known, last := false, false
		for update := range updates {
			if int(update.Index) != link.Attrs().Index {
				continue
			}
			if now := update.Flags&runs == runs; !known || now != last {
				known, last = true, now
				running <- now
			}
		}
	}()
	return running, nil
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
