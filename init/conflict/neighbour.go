package conflict

import (
	"bytes"
	"encoding/binary"
	"net"
	"net/netip"

	"golang.org/x/sys/unix"

	"twinlb/init/checksum"
)

// Types of RFC 4861 §4.3 and §4.4, and the options that carry a MAC address.
const (
	solicitation     = 135
	advertisement    = 136
	targetLinkLayer  = 2
	override         = 1 << 5 // in the first byte of an advertisement's flags
	hopLimit         = 255    // RFC 4861 §7.1: no router has passed it on
	ipv6Header       = 40
	neighbourMessage = 24 // header of ICMPv6, 4 bytes reserved or flags, the target
	neighbourTarget  = ipv6Header + 8
)

var allNodes = netip.MustParseAddr("ff02::1")

// readND takes who has the target out of a neighbour advertisement.
func readND(packet []byte) (Claim, bool) {
	if len(packet) < ipv6Header+neighbourMessage || packet[0]>>4 != 6 || packet[6] != unix.IPPROTO_ICMPV6 ||
		packet[7] != hopLimit || packet[ipv6Header] != advertisement {
		return Claim{}, false
	}
	claim := Claim{Address: netip.AddrFrom16([16]byte(packet[neighbourTarget:]))}
	// Options have their length, in units of 8 bytes, in their second byte.
	for options := packet[ipv6Header+neighbourMessage:]; len(options) >= 8 && options[1] > 0; {
		length := int(options[1]) * 8
		if options[0] == targetLinkLayer {
			claim.MAC = net.HardwareAddr(bytes.Clone(options[2:8]))
			return claim, true
		}
		options = options[min(length, len(options)):]
	}
	return Claim{}, false
}

// ndProbe asks who has the address as duplicate address detection does, from no
// address (RFC 4862 §5.4.2). It returns the group whose members are asked too.
func ndProbe(address netip.Addr) (packet []byte, group netip.Addr) {
	group = solicitedNode(address)
	return icmpv6(netip.IPv6Unspecified(), group, solicitation, 0, address, nil), group
}

// ndAnnouncement tells all nodes who has the address (RFC 4861 §7.2.6).
func ndAnnouncement(mac net.HardwareAddr, address netip.Addr) []byte {
	option := append([]byte{targetLinkLayer, 1}, mac...)
	return icmpv6(address, allNodes, advertisement, override, address, option)
}

// icmpv6 makes a packet of neighbour discovery, with its IPv6 header (RFC 8200 §3).
func icmpv6(from, to netip.Addr, kind, flags byte, target netip.Addr, option []byte) []byte {
	message := []byte{kind, 0, 0, 0, flags, 0, 0, 0}
	message = append(message, target.AsSlice()...)
	message = append(message, option...)
	binary.BigEndian.PutUint16(message[2:], checksum.Of(unix.IPPROTO_ICMPV6, from, to, message))

	packet := []byte{6 << 4, 0, 0, 0, 0, byte(len(message)), unix.IPPROTO_ICMPV6, hopLimit}
	packet = append(packet, from.AsSlice()...)
	packet = append(packet, to.AsSlice()...)
	return append(packet, message...)
}

// solicitedNode is the group of all nodes whose address ends like this one
// (RFC 4291 §2.7.1).
func solicitedNode(address netip.Addr) netip.Addr {
	group := [16]byte{0xff, 0x02, 11: 0x01, 12: 0xff}
	a := address.As16()
	copy(group[13:], a[13:])
	return netip.AddrFrom16(group)
}

// groupMAC is where packets to a group go (RFC 2464 §7).
func groupMAC(group netip.Addr) net.HardwareAddr {
	g := group.As16()
	return net.HardwareAddr{0x33, 0x33, g[12], g[13], g[14], g[15]}
}
