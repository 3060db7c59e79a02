package seed

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"twinlb/seed/netconfig"
)

// The addresses of a seed. The errors continue a sentence that begins with the text.

// address parses the address of something that a node can reach.
func address(text string) (netip.Addr, error) {
	addr, err := netip.ParseAddr(text)
	if err != nil {
		return netip.Addr{}, explainAddress(text)
	}
	return addr, netconfig.Usable(addr)
}

// prefix parses the address of a node with the length of its subnet, which also
// has room for another node and a VIP. A /30 has two IPv4 addresses; a /126 has
// three IPv6 addresses beside that of the routers (RFC 4291 §2.6.1).
func prefix(text string) (netip.Prefix, error) {
	p, err := netconfig.SubnetAddress(text)
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
	leastPrefix4, mostPrefix4 = netconfig.LeastPrefix4, 29
	leastPrefix6, mostPrefix6 = netconfig.LeastPrefix6, 126
)

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
