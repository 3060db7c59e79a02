package tickle

import (
	"net/netip"

	"twinlb/init/sockdiag"

	"github.com/vishvananda/netlink"
)

// system is the kernel of this node.
type system struct {
	link    func() netlink.Link
	sockets sockdiag.Kernel
}

func (s *system) has(vip netip.Addr) bool {
	family := netlink.FAMILY_V4
	if vip.Is6() {
		family = netlink.FAMILY_V6
	}
	addresses, err := netlink.AddrList(s.link(), family)
	if err != nil {
		return false
	}
	for _, a := range addresses {
		if a.IP.Equal(vip.AsSlice()) {
			return true
		}
	}
	return false
}

func (s *system) each(vip netip.Addr, states uint32, do func(Tuple)) error {
	return s.sockets.Each(vip, states, func(socket sockdiag.Socket) { do(Tuple{socket.Local, socket.Remote}) })
}

func (s *system) destroy(vip netip.Addr) (ended int, err error) {
	var all []sockdiag.Socket
	if err := s.sockets.Each(vip, sockdiag.Alive, func(socket sockdiag.Socket) { all = append(all, socket) }); err != nil {
		return 0, err
	}
	return s.sockets.Destroy(all)
}
