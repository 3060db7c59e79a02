package network

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"twinlb/seed/netconfig"

	"github.com/vishvananda/netlink"
)

// Lease is what a DHCP server has given to a link.
type Lease struct {
	Address  netip.Prefix
	Lifetime time.Duration // of the address, from now; 0 is for ever
	Routes   []netconfig.Route
	MTU      int // bytes; 0 leaves that of the link
}

// Exchange gives a link the new lease in place of the old one; either may be nil. It
// goes on after what cannot be done and returns all that went wrong. The kernel takes
// the address off at the end of its lifetime, should nobody else.
func Exchange(link netlink.Link, old, new *Lease) error {
	var failed []error
	try := func(err error) {
		if err != nil {
			failed = append(failed, err)
		}
	}
	if old == nil {
		old = &Lease{}
	}
	if new == nil {
		new = &Lease{}
	}
	if new.Address.IsValid() {
		try(give(link, new.Address, new.Lifetime))
	}
	for _, r := range old.Routes {
		if !slices.Contains(new.Routes, r) {
			try(removeRoute(link, r))
		}
	}
	if old.Address.IsValid() && old.Address != new.Address {
		_, err := take(link, old.Address)
		try(err)
	}
	// Those that led through the old address went with it.
	for _, r := range new.Routes {
		try(addRoute(link, r))
	}
	mtu := new.MTU
	if mtu == 0 && old.MTU != 0 {
		mtu = usualMTU
	}
	if mtu != 0 {
		if err := netlink.LinkSetMTU(link, mtu); err != nil {
			try(fmt.Errorf("set the MTU of %s to %d: %w", link.Attrs().Name, mtu, err))
		}
	}
	return errors.Join(failed...)
}
