package conflict

import (
	"bytes"
	"encoding/binary"
	"net"
	"net/netip"
)

// Operations of RFC 826.
const (
	arpRequest = 1
	arpReply   = 2
)

// What is before the addresses of a packet for IPv4 over Ethernet (RFC 826): the
// types of both, and their lengths.
var arpHeader = []byte{0, 1, 0x08, 0, 6, 4}

// Offsets in an ARP packet.
const (
	arpSenderMAC = 8
	arpSender    = 14
	arpTargetMAC = 18
	arpTarget    = 24
	arpLength    = 28
)

// readARP takes who has the sender's address out of a packet. A request claims it as
// an answer does (RFC 5227 §2.4); a probe, which has no sender, claims nothing:
// switches send such to keep track of hosts.
func readARP(packet []byte) (Claim, bool) {
	if len(packet) < arpLength || !bytes.HasPrefix(packet, arpHeader) {
		return Claim{}, false
	}
	claim := Claim{
		Address: netip.AddrFrom4([4]byte(packet[arpSender:])),
		MAC:     net.HardwareAddr(bytes.Clone(packet[arpSenderMAC:arpSender])),
	}
	return claim, !claim.Address.IsUnspecified()
}

// arp makes a packet of an operation in which the sender has the MAC address.
func arp(operation uint16, mac net.HardwareAddr, sender, target netip.Addr) []byte {
	packet := make([]byte, arpLength)
	copy(packet, arpHeader)
	binary.BigEndian.PutUint16(packet[len(arpHeader):], operation)
	copy(packet[arpSenderMAC:], mac)
	copy(packet[arpSender:], sender.AsSlice())
	copy(packet[arpTarget:], target.AsSlice())
	return packet
}

// arpProbe asks who has the address, and gives no sender: it changes nobody's
// neighbour table (RFC 5227 §2.1.1).
func arpProbe(mac net.HardwareAddr, address netip.Addr) []byte {
	return arp(arpRequest, mac, netip.IPv4Unspecified(), address)
}

// arpAnnouncements tell who has the address: as a request, which is the usual form
// (RFC 5227 §3), and as an answer, which is what some hosts learn from alone.
func arpAnnouncements(mac net.HardwareAddr, address netip.Addr) [][]byte {
	reply := arp(arpReply, mac, address, address)
	copy(reply[arpTargetMAC:], mac)
	return [][]byte{arp(arpRequest, mac, address, address), reply}
}
