package network

import (
	"errors"
	"fmt"

	"twinlb/seed/netconfig"

	"github.com/vishvananda/netlink"
)

// kernelName is the name that the kernel gave to a card. One that has another is
// kept where `ip link` shows it as the alias, so that the seed finds the card again.
func kernelName(card netlink.Link) string {
	if attrs := card.Attrs(); attrs.Alias != "" {
		return attrs.Alias
	}
	return card.Attrs().Name
}

// name is what a link is called once it is set up.
func name(l netconfig.Link, links Links) string {
	switch {
	case l.Name != "":
		return l.Name
	case l.Kind == netconfig.Ethernet:
		return kernelName(links[l.ID])
	}
	return l.ID
}

// rename gives the cards their names. Whoever has one of them goes out of the way
// first: two cards may swap theirs.
func rename(n netconfig.Network, links Links) error {
	to := make(map[int]string) // by index
	for _, l := range n.Links {
		if l.Kind == netconfig.Ethernet {
			card := links[l.ID]
			if want := name(l, links); want != card.Attrs().Name {
				to[card.Attrs().Index] = want
			}
		}
	}
	for _, want := range to {
		holder, err := netlink.LinkByName(want)
		if errors.As(err, &netlink.LinkNotFoundError{}) {
			continue
		}
		if err == nil {
			err = setName(holder, fmt.Sprintf("card%d", holder.Attrs().Index))
		}
		if err != nil {
			return fmt.Errorf("make room for the name %s: %w", want, err)
		}
	}
	for index, want := range to {
		card, err := netlink.LinkByIndex(index)
		if err == nil {
			err = setName(card, want)
		}
		if err != nil {
			return fmt.Errorf("give a network card the name %s: %w", want, err)
		}
	}
	var err error
	for id, link := range links {
		if links[id], err = netlink.LinkByIndex(link.Attrs().Index); err != nil {
			return fmt.Errorf("look at %s after cards were given names: %w", link.Attrs().Name, err)
		}
	}
	return nil
}

func setName(card netlink.Link, name string) error {
	if card.Attrs().Alias == "" {
		if err := netlink.LinkSetAlias(card, card.Attrs().Name); err != nil {
			return err
		}
	}
	return netlink.LinkSetName(card, name)
}
