package network

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/vishvananda/netlink"
)

// Presence says that an address has come to a link, or left it.
type Presence struct {
	Address netip.Addr
	Here    bool
	At      time.Time
}

// WatchPresence reports each address that comes to the link or leaves it from now on.
// The channel is closed when done is, or when the kernel's reports are lost.
func WatchPresence(link netlink.Link, done <-chan struct{}) (<-chan Presence, error) {
	changes, reports := make(chan netlink.AddrUpdate, 16), make(chan Presence, 16)
	err := netlink.AddrSubscribeWithOptions(changes, done, netlink.AddrSubscribeOptions{ErrorCallback: func(error) {}})
	if err != nil {
		return nil, fmt.Errorf("watch the addresses of %s: %w", link.Attrs().Name, err)
	}
	go func() {
		defer close(reports)
		for u := range changes {
			address, ok := netip.AddrFromSlice(u.LinkAddress.IP)
			if !ok || u.LinkIndex != link.Attrs().Index {
				continue
			}
			select {
			case reports <- Presence{address.Unmap(), u.NewAddr, time.Now()}:
			case <-done:
				return
			}
		}
	}()
	return reports, nil
}
