package network

import (
	"fmt"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// runs is what a link that can be used has, netdevice(7). A link that was just
// brought up is RUNNING for up to a second without a carrier, until the kernel
// has looked; LOWER_UP is the carrier itself. A bond has that of its active member,
// a VLAN that of its link.
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
