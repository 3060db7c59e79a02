package seed

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
)

// The addresses of a seed. The errors continue a sentence that begins with the text.

// address parses the address of something that a node can reach.
func address(text string) (netip.Addr, error) {
	addr, err := netip.ParseAddr(text)
	if err != nil {
		return netip.Addr{}, explainAddress(text)
	}
	return addr, usable(addr)
}

// prefix parses the address of a node with the length of its subnet, which also
// has room for another node and a VIP. A /30 has two IPv4 addresses; a /126 has
// three IPv6 addresses beside that of the routers (RFC 4291 §2.6.1).
func prefix(text string) (netip.Prefix, error) {
	p, err := subnetAddress(text)
	if err != nil {
		return p, err
	}
	least, most := prefixLengths(p.Addr())
	if p.Bits() < least || p.Bits() > most {
		return netip.Prefix{}, fmt.Errorf("has the prefix length %d; a subnet for two nodes and a VIP has %d to %d", p.Bits(), least, most)
	}
	return p, nil
}

func prefixLengths(like netip.Addr) (least, most int) {
	if like.Is4() {
		return leastPrefix4, mostPrefix4
	}
	return leastPrefix6, mostPrefix6
}

const (
	leastPrefix4, mostPrefix4 = 8, 29
	leastPrefix6, mostPrefix6 = 16, 126
)

// subnetAddress parses the address of an interface with the length of its subnet.
func subnetAddress(text string) (netip.Prefix, error) {
	if addr, err := netip.ParseAddr(text); err == nil {
		if err := usable(addr); err != nil {
			return netip.Prefix{}, err
		}
		return netip.Prefix{}, fmt.Errorf("lacks the prefix length of its subnet, like %s/%d", text, usualPrefix(addr))
	}
	p, err := netip.ParsePrefix(text)
	if err != nil {
		return netip.Prefix{}, errors.New("is not an address with a prefix length, like 192.168.100.53/24 or 2001:db8::53/64")
	}
	if err := usable(p.Addr()); err != nil {
		return netip.Prefix{}, err
	}
	if least, _ := prefixLengths(p.Addr()); p.Bits() < least {
		return netip.Prefix{}, fmt.Errorf("has the prefix length %d; a subnet has %d at least", p.Bits(), least)
	}
	return p, nil
}

func usualPrefix(like netip.Addr) int {
	if like.Is4() {
		return 24
	}
	return 64
}

// clients parses a network of clients, or the address of a single one.
func clients(text string) (netip.Prefix, error) {
	if addr, err := netip.ParseAddr(text); err == nil && addr.Zone() == "" && !addr.Is4In6() {
		return netip.PrefixFrom(addr, addr.BitLen()), nil
	}
	p, err := netip.ParsePrefix(text)
	switch {
	case err != nil:
		return netip.Prefix{}, errors.New("is not a network, like 10.0.0.0/8 or 2001:db8::/32, nor an address")
	case p.Addr().Is4In6():
		return netip.Prefix{}, errors.New("is an IPv4 network written as IPv6; write it as IPv4")
	}
	return p, nil
}

// explainAddress tells what the writer of something that is no address may have meant.
func explainAddress(text string) error {
	if p, err := netip.ParsePrefix(text); err == nil {
		return fmt.Errorf("has a prefix length, which is not wanted here; write %s", p.Addr())
	}
	if a, err := netip.ParseAddrPort(text); err == nil {
		return fmt.Errorf("has a port in it; write %s, and the port under a key of its own", a.Addr())
	}
	if bare, bracketed := strings.CutPrefix(text, "["); bracketed {
		if a, err := netip.ParseAddr(strings.TrimSuffix(bare, "]")); err == nil {
			return fmt.Errorf("stands in brackets, which are not wanted here; write %s", a)
		}
	}
	const example = "is not an address, like 192.168.100.60 or 2001:db8::60"
	if strings.Trim(text, "0123456789.") != "" && !strings.Contains(text, ":") {
		return errors.New(example + "; names are not looked up, for a node does not depend on DNS")
	}
	return errors.New(example)
}

var (
	thisNetwork = netip.MustParsePrefix("0.0.0.0/8")   // RFC 1122 §3.2.1.3
	reserved    = netip.MustParsePrefix("240.0.0.0/4") // RFC 1112 §4, and the limited broadcast
	embedded    = netip.MustParsePrefix("::/16")       // loopback, unspecified and IPv4 in IPv6, RFC 4291 §2.5
)

func usable(addr netip.Addr) error {
	switch {
	case addr.Zone() != "":
		return fmt.Errorf("has a zone, which only a link-local address needs; write an address that all of the network knows, like %s", addr.WithZone(""))
	case addr.Is4In6():
		return fmt.Errorf("is an IPv4 address written as IPv6; write %s", addr.Unmap())
	case addr.IsLoopback():
		return errors.New("is a loopback address, which no other machine can reach")
	case addr.IsMulticast():
		return errors.New("is a multicast address, not one of a single machine")
	case addr.Is6() && addr.IsLinkLocalUnicast():
		return errors.New("is a link-local address, which means another machine on every link; write a global one, or a unique local one out of fd00::/8")
	case thisNetwork.Contains(addr), reserved.Contains(addr), embedded.Contains(addr):
		return errors.New("is not an address that a machine can have")
	}
	return nil
}
