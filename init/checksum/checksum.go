// Package checksum is that of the Internet, which stands in the packets that a node
// makes itself.
//
// Where in a packet it stands is for who makes the packet to know.
package checksum

import (
	"encoding/binary"
	"net/netip"
)

// Of returns the checksum of RFC 1071 over the pseudo-header and what follows the IP
// header, in which the checksum's own bytes are 0. The pseudo-headers of IPv4
// (RFC 9293 §3.1) and IPv6 (RFC 8200 §8.1) differ in where zeros stand, which adds
// nothing.
func Of(protocol uint8, from, to netip.Addr, data []byte) uint16 {
	sum := uint32(protocol) + uint32(len(data))
	for _, part := range [][]byte{from.AsSlice(), to.AsSlice(), data} {
		for ; len(part) >= 2; part = part[2:] {
			sum += uint32(binary.BigEndian.Uint16(part))
		}
		if len(part) == 1 {
			sum += uint32(part[0]) << 8
		}
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return ^uint16(sum)
}
