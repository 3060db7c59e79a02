package conformance

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/netip"
	"time"
)

// announcement tells the segment that a MAC address has an address now: a gratuitous
// ARP, or an unsolicited neighbour advertisement.
type announcement struct {
	at  time.Time
	mac string
	vip netip.Addr
}

// parseARP takes an ARP announcement, RFC 5227 §3. It returns ok false for ARP of
// another kind.
func parseARP(f frame) (a announcement, ok bool, err error) {
	data := f.payload
	if len(data) < 28 {
		return a, false, fmt.Errorf("ARP from %v: it has %d bytes, want 28", f.from, len(data))
	}
	if !bytes.Equal(data[:6], []byte{0, 1, 8, 0, 6, 4}) {
		return a, false, fmt.Errorf("ARP from %v: it begins with % x, want IPv4 over Ethernet", f.from, data[:6])
	}
	operation := binary.BigEndian.Uint16(data[6:])
	sender, target := netip.AddrFrom4([4]byte(data[14:])), netip.AddrFrom4([4]byte(data[24:]))
	const reply = 2
	if sender != target || operation == reply && !bytes.Equal(f.to, broadcast) {
		return a, false, nil // a reply to who announces an address that is here as well
	}
	switch {
	case operation != 1:
		return a, false, fmt.Errorf("gratuitous ARP from %v: the operation is %d, want 1, which every receiver heeds (RFC 5227 §3)", f.from, operation)
	case !bytes.Equal(f.to, broadcast):
		return a, false, fmt.Errorf("gratuitous ARP from %v: it goes to %v, want everybody", f.from, f.to)
	case !bytes.Equal(data[8:14], f.from):
		return a, false, fmt.Errorf("gratuitous ARP from %v: it says that % x has %v", f.from, data[8:14], sender)
	}
	return announcement{at: f.at, mac: f.from.String(), vip: sender}, true, nil
}

// parseNeighbour takes an unsolicited neighbour advertisement, RFC 4861 §4.4 and
// RFC 9568 §6.4.1. It returns ok false for ICMPv6 of another kind.
func parseNeighbour(f frame, p packet) (a announcement, ok bool, err error) {
	const neighbourAdvertisement, override, targetLinkLayer = 136, 0x20, 2
	data := p.body
	if len(data) < 1 || data[0] != neighbourAdvertisement || !bytes.Equal(f.to, allNodesMAC) {
		return a, false, nil
	}
	if len(data) != 32 {
		return a, false, fmt.Errorf("neighbour advertisement from %v: it has %d bytes, want 32 with a link-layer address", f.from, len(data))
	}
	target := netip.AddrFrom16([16]byte(data[8:]))
	switch {
	case p.hops != 255:
		err = fmt.Errorf("the hop limit is %d, want 255", p.hops)
	case p.destination != allNodes:
		err = fmt.Errorf("it goes to %v, want %v", p.destination, allNodes)
	case data[1] != 0:
		err = fmt.Errorf("the code is %d, want 0", data[1])
	case p.sumWithPseudoHeader() != 0xffff:
		err = fmt.Errorf("its sum is %#04x, want 0xffff", p.sumWithPseudoHeader())
	case data[4] != override:
		err = fmt.Errorf("the flags are %#02x, want override alone, %#02x", data[4], override)
	case data[24] != targetLinkLayer || data[25] != 1 || !bytes.Equal(data[26:], f.from):
		err = fmt.Errorf("the option is % x, want the sender's MAC address", data[24:])
	}
	if err != nil {
		return a, false, fmt.Errorf("neighbour advertisement for %v from %v: %w", target, f.from, err)
	}
	return announcement{at: f.at, mac: f.from.String(), vip: target}, true, nil
}
