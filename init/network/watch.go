package network

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// runs is what a link that can be used has, netdevice(7). A link that was just
// brought up is RUNNING for up to a second without a carrier, until the kernel
// has looked; LOWER_UP is the carrier itself. A bond has that of its active member,
// a VLAN that of its link.
const runs = unix.IFF_RUNNING | unix.IFF_LOWER_UP

// Health is what a link lacks to be used.
type Health struct {
	Carrier bool
	Missing []netip.Addr // addresses that it should have, and has not or not yet
}

func (h Health) equal(o Health) bool {
	return h.Carrier == o.Carrier && slices.Equal(h.Missing, o.Missing)
}

// Watch reports the health of a link that should have the addresses: once for how it
// is now and then whenever that changes. The channel is closed when done is, or when
// the kernel's reports are lost; then call Watch again.
func Watch(link netlink.Link, addresses []netip.Addr, done <-chan struct{}) (<-chan Health, error) {
	fail := func(err error) (<-chan Health, error) {
		return nil, fmt.Errorf("watch the link of %s: %w", link.Attrs().Name, err)
	}
	handle, err := netlink.NewHandle(unix.NETLINK_ROUTE)
	if err != nil {
		return fail(err)
	}
	links, changes := make(chan netlink.LinkUpdate, 16), make(chan netlink.AddrUpdate, 16)
	err = netlink.LinkSubscribeWithOptions(links, done, netlink.LinkSubscribeOptions{
		ListExisting:  true,
		ErrorCallback: func(error) {}, // the channel is closed as well
	})
	if err == nil {
		err = netlink.AddrSubscribeWithOptions(changes, done, netlink.AddrSubscribeOptions{ErrorCallback: func(error) {}})
	}
	if err != nil {
		handle.Close()
		return fail(err)
	}
	reports := make(chan Health, 1)
	go func() {
		defer close(reports)
		defer handle.Close()
		w := watcher{handle: handle, link: link, addresses: addresses}
		w.run(links, changes, reports, done)
	}()
	return reports, nil
}

type watcher struct {
	handle    *netlink.Handle
	link      netlink.Link
	addresses []netip.Addr
}

func (w *watcher) run(links <-chan netlink.LinkUpdate, changes <-chan netlink.AddrUpdate, reports chan<- Health, done <-chan struct{}) {
	index, known := w.link.Attrs().Index, false
	var now, last Health
	for {
		select {
		case u, ok := <-links:
			if !ok {
				return
			}
			if int(u.Index) != index {
				continue
			}
			if !known {
				now.Missing = missing(w.handle, w.link, w.addresses)
			}
			now.Carrier = u.Flags&runs == runs
		case u, ok := <-changes:
			if !ok {
				return
			}
			if u.LinkIndex != index || !known {
				continue
			}
			now.Missing = missing(w.handle, w.link, w.addresses)
		}
		if known && now.equal(last) {
			continue
		}
		known, last = true, now
		select {
		case reports <- now:
		case <-done:
			return
		}
	}
}

// Missing returns those of the addresses that the link has not, or that it cannot
// use yet.
func Missing(link netlink.Link, addresses []netip.Addr) []netip.Addr {
	handle, err := netlink.NewHandle(unix.NETLINK_ROUTE)
	if err != nil {
		return addresses
	}
	defer handle.Close()
	return missing(handle, link, addresses)
}

func missing(handle *netlink.Handle, link netlink.Link, addresses []netip.Addr) []netip.Addr {
	all, err := list(func() ([]netlink.Addr, error) { return handle.AddrList(link, netlink.FAMILY_ALL) })
	if err != nil {
		return addresses // of a link that is gone
	}
	var not []netip.Addr
	for _, wanted := range addresses {
		if !slices.ContainsFunc(all, func(a netlink.Addr) bool {
			return a.Flags&unix.IFA_F_TENTATIVE == 0 && a.IP.Equal(wanted.AsSlice())
		}) {
			not = append(not, wanted)
		}
	}
	return not
}
