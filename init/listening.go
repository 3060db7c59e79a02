package main

import (
	"net/netip"

	"twinlb/init/sockdiag"
	"twinlb/seed"
	"twinlb/services/haproxy"
)

// watchPorts returns what looks for the ports of VIPs at which HAProxy does not listen
// any more. Clients are refused there, and it says that it is well.
func (b *balancer) watchPorts() func() []netip.AddrPort {
	var kernel sockdiag.Kernel
	var unread recurring
	return func() []netip.AddrPort {
		if !b.reshaping.TryLock() {
			return nil // some are about to open, or to close
		}
		defer b.reshaping.Unlock()
		closed, err := closedPorts(b.spec(), kernel.Each)
		if unread.news(err) {
			b.node.log(haproxy.Name, "%v", err)
		}
		return closed
	}
}

// closedPorts asks for the sockets of each VIP.
func closedPorts(spec *seed.Spec, each func(netip.Addr, uint32, func(sockdiag.Socket)) error) ([]netip.AddrPort, error) {
	var closed []netip.AddrPort
	for _, vip := range spec.VIPs {
		open := make(map[uint16]bool)
		if err := each(vip, sockdiag.Listening, func(s sockdiag.Socket) { open[s.Local.Port()] = true }); err != nil {
			return nil, err
		}
		for _, pool := range spec.Pools {
			if !open[pool.Port] {
				closed = append(closed, netip.AddrPortFrom(vip, pool.Port))
			}
		}
	}
	return closed, nil
}
