package network

import (
	"bytes"
	"fmt"
	"net"
	"path"
	"strings"
	"time"

	"twinlb/seed/netconfig"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// awaitCards waits until there is a network card for each Ethernet of the network.
func awaitCards(n netconfig.Network, patience time.Duration) (Links, error) {
	deadline := time.Now().Add(patience)
	for {
		links, err := findCards(n)
		if err == nil || time.Now().After(deadline) {
			return links, err
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// findCards returns the card of each Ethernet, by ID.
func findCards(n netconfig.Network) (Links, error) {
	cards, err := listCards()
	if err != nil {
		return nil, err
	}
	links, owner := make(Links), make(map[int]string)
	pick := func(l netconfig.Link, among []netlink.Link) error {
		card, err := choose(l, among, cards)
		if err != nil {
			return err
		}
		index := card.Attrs().Index
		if other, taken := owner[index]; taken {
			return fmt.Errorf("find the network card of %q: %s is that of %q already", l.ID, describe([]netlink.Link{card}), other)
		}
		links[l.ID], owner[index] = card, l.ID
		return nil
	}
	for _, l := range n.Links {
		if l.Kind == netconfig.Ethernet && !matchesAll(l.Match) {
			if err := pick(l, cards); err != nil {
				return nil, err
			}
		}
	}
	// What fits any card gets the one that is left over.
	for _, l := range n.Links {
		if l.Kind == netconfig.Ethernet && matchesAll(l.Match) {
			var free []netlink.Link
			for _, card := range cards {
				if _, taken := owner[card.Attrs().Index]; !taken {
					free = append(free, card)
				}
			}
			if err := pick(l, free); err != nil {
				return nil, err
			}
		}
	}
	return links, nil
}

func choose(l netconfig.Link, among, all []netlink.Link) (netlink.Link, error) {
	var matching []netlink.Link
	for _, card := range among {
		if matches(l.Match, card) {
			matching = append(matching, card)
		}
	}
	switch {
	case len(matching) == 1:
		return matching[0], nil
	case len(all) == 0:
		return nil, fmt.Errorf("find the network card of %q: this machine has none that the kernel knows; "+
			"give it a virtio, e1000, e1000e, vmxnet3 or Hyper-V network card", l.ID)
	case len(matching) > 0:
		return nil, fmt.Errorf("find the network card of %q: the seed asks for %s, and there are %s; "+
			"say in the seed which one it is, with its name %s or its MAC address",
			l.ID, wanted(l.Match), describe(matching), kernelName(matching[0]))
	case matchesAll(l.Match):
		return nil, fmt.Errorf("find the network card of %q: all are in use for other links: %s; give the machine one more", l.ID, describe(all))
	}
	return nil, fmt.Errorf("find the network card of %q: the seed asks for %s, and there are %s", l.ID, wanted(l.Match), describe(all))
}

// listCards lists what a cable can be plugged into.
func listCards() ([]netlink.Link, error) {
	links, err := list(netlink.LinkList)
	if err != nil {
		return nil, fmt.Errorf("list network interfaces: %w", err)
	}
	var cards []netlink.Link
	for _, link := range links {
		if (link.Type() == "device" || link.Type() == "veth") && link.Attrs().Flags&net.FlagLoopback == 0 {
			cards = append(cards, link)
		}
	}
	return cards, nil
}

func matchesAll(m netconfig.Match) bool { return m.Name == "" && m.MAC == nil && m.Driver == "" }

func matches(m netconfig.Match, card netlink.Link) bool {
	return (m.Name == "" || glob(m.Name, kernelName(card))) &&
		(m.MAC == nil || hasMAC(card, m.MAC)) &&
		(m.Driver == "" || glob(m.Driver, driver(card)))
}

func glob(pattern, name string) bool {
	fits, err := path.Match(pattern, name)
	return err == nil && fits
}

// hasMAC compares the address that is burnt in too: in a bond all cards have that
// of the first.
func hasMAC(card netlink.Link, mac net.HardwareAddr) bool {
	attrs := card.Attrs()
	if slave, ok := attrs.Slave.(*netlink.BondSlave); ok {
		return bytes.Equal(slave.PermHardwareAddr, mac)
	}
	return bytes.Equal(attrs.HardwareAddr, mac) || bytes.Equal(attrs.PermHWAddr, mac)
}

// driver returns the name of the card's driver, "" when the kernel does not say.
func driver(card netlink.Link) string {
	socket, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return ""
	}
	defer unix.Close(socket)
	info, err := unix.IoctlGetEthtoolDrvinfo(socket, card.Attrs().Name)
	if err != nil {
		return ""
	}
	return unix.ByteSliceToString(info.Driver[:])
}

func wanted(m netconfig.Match) string {
	var parts []string
	if m.Name != "" {
		parts = append(parts, "the name "+m.Name)
	}
	if m.MAC != nil {
		parts = append(parts, "the MAC address "+m.MAC.String())
	}
	if m.Driver != "" {
		parts = append(parts, "the driver "+m.Driver)
	}
	if parts == nil {
		return "the only one"
	}
	return strings.Join(parts, " and ")
}

func describe(links []netlink.Link) string {
	names := make([]string, len(links))
	for i, link := range links {
		names[i] = fmt.Sprintf("%s (%s)", kernelName(link), link.Attrs().HardwareAddr)
	}
	return strings.Join(names, ", ")
}
