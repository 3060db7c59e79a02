// Package conflict hears on the wire who else claims an address of this node or of
// the pair, and speaks up for who holds the VIP: address conflict detection
// (RFC 5227) and its like in neighbour discovery (RFC 4861, RFC 4862).
//
// It knows no peers and decides nothing: a claim of a VIP is a peer's good right
// while that is master. Nor does it answer for an address; the kernel does.
package conflict

import (
	"bytes"
	"net"
	"net/netip"
)

// Claim is what a packet said: that the machine with the MAC address has the address.
type Claim struct {
	Address netip.Addr
	MAC     net.HardwareAddr
}

// reader takes the claim out of what follows the Ethernet header of a packet; ok is
// false when there is none.
type reader func(packet []byte) (claim Claim, ok bool)

// ofAnother tells whether the claim is that of another machine than the one with the
// MAC address. A group is no machine.
func (c Claim) ofAnother(mac net.HardwareAddr) bool {
	return !bytes.Equal(c.MAC, mac) && c.MAC[0]&1 == 0
}

// split tells addresses of IPv4 from those of IPv6.
func split(addresses []netip.Addr) (four, six []netip.Addr) {
	for _, a := range addresses {
		if a.Is4() {
			four = append(four, a)
		} else {
			six = append(six, a)
		}
	}
	return four, six
}
