package conflict

import (
	"fmt"
	"net/netip"
	"os"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// Groups of RFC 9568 §5.1.1.2 and §5.1.2.2, to which routers advertise.
var (
	routers4 = netip.MustParseAddr("224.0.0.18")
	routers6 = netip.MustParseAddr("ff02::12")
)

// JoinRouters has the link receive adverts that go to all routers, which it would not
// otherwise, so that the packet filter sees and counts them. They reach nobody. It
// lasts until the file is closed.
func JoinRouters(link netlink.Link, six bool) (*os.File, error) {
	family, group := unix.AF_INET, routers4
	if six {
		family, group = unix.AF_INET6, routers6
	}
	fail := func(err error) (*os.File, error) {
		return nil, fmt.Errorf("join %s on %s: %w", group, link.Attrs().Name, err)
	}
	fd, err := unix.Socket(family, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fail(err)
	}
	if six {
		err = unix.SetsockoptIPv6Mreq(fd, unix.IPPROTO_IPV6, unix.IPV6_JOIN_GROUP,
			&unix.IPv6Mreq{Multiaddr: group.As16(), Interface: uint32(link.Attrs().Index)})
	} else {
		err = unix.SetsockoptIPMreqn(fd, unix.IPPROTO_IP, unix.IP_ADD_MEMBERSHIP,
			&unix.IPMreqn{Multiaddr: group.As4(), Ifindex: int32(link.Attrs().Index)})
	}
	if err != nil {
		unix.Close(fd)
		return fail(err)
	}
	return os.NewFile(uintptr(fd), "routers"), nil
}
