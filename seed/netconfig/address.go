package netconfig

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
)

// The addresses of machines and networks. The errors continue a sentence that begins
// with the text.

// The shortest prefixes of a subnet, in bits.
const (
	LeastPrefix4 = 8
	LeastPrefix6 = 16
)

// SubnetAddress parses the address of an interface with the length of its subnet.
func SubnetAddress(text string) (netip.Prefix, error) {
	if addr, err := netip.ParseAddr(text); err == nil {
		if err := Usable(addr); err != nil {
			return netip.Prefix{}, err
		}
		return netip.Prefix{}, fmt.Errorf("lacks the prefix length of its subnet, like %s/%d", text, usualPrefix(addr))
	}
	p, err := netip.ParsePrefix(text)
	if err != nil {
		return netip.Prefix{}, errors.New("is not an address with a prefix length, like 192.168.100.53/24 or 2001:db8::53/64")
	}
	if err := Usable(p.Addr()); err != nil {
		return netip.Prefix{}, err
	}
	least := LeastPrefix6
	if p.Addr().Is4() {
		least = LeastPrefix4
	}
	if p.Bits() < least {
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

var (
	thisNetwork = netip.MustParsePrefix("0.0.0.0/8")   // RFC 1122 §3.2.1.3
	reserved    = netip.MustParsePrefix("240.0.0.0/4") // RFC 1112 §4, and the limited broadcast
	embedded    = netip.MustParsePrefix("::/16")       // loopback, unspecified and IPv4 in IPv6, RFC 4291 §2.5
)

// Usable refuses what is not the address of a single machine that others can reach.
func Usable(addr netip.Addr) error {
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

// routerAddress parses an address that another machine has.
func routerAddress(text string) (netip.Addr, error) {
	addr, err := netip.ParseAddr(text)
	switch {
	case err != nil:
		return netip.Addr{}, errors.New("is not an address, like 192.168.100.1 or 2001:db8::1")
	case addr.Zone() != "":
		return netip.Addr{}, fmt.Errorf("has a zone; write %s", addr.WithZone(""))
	}
	return addr, ofOneMachine(addr)
}

// ofOneMachine refuses what is an address, but not of a machine in a network.
func ofOneMachine(addr netip.Addr) error {
	switch {
	case addr.Is4In6():
		return fmt.Errorf("is an IPv4 address in the form of IPv6; write %s", addr.Unmap())
	case addr.IsLoopback():
		return errors.New("is a loopback address, which stays inside a machine")
	case addr.IsMulticast(), addr.IsUnspecified(), thisNetwork.Contains(addr), reserved.Contains(addr):
		return errors.New("is not an address that a machine can have")
	}
	return nil
}

// destination is where a route leads; the default route of either family has a
// zero prefix.
type destination struct {
	prefix netip.Prefix
}

// like is the destination as a prefix of the family of an address.
func (d destination) like(via netip.Addr) netip.Prefix {
	if !d.prefix.IsValid() && via.IsValid() {
		return DefaultRoute(via).To
	}
	return d.prefix
}

// routeDestination parses what netplan calls to.
func routeDestination(text string) (destination, error) {
	if text == "default" {
		return destination{}, nil
	}
	if addr, err := netip.ParseAddr(text); err == nil && addr.Zone() == "" && !addr.Is4In6() {
		return destination{netip.PrefixFrom(addr, addr.BitLen())}, nil
	}
	p, err := netip.ParsePrefix(text)
	switch {
	case err != nil || p.Addr().Is4In6():
		return destination{}, errors.New("is not a network, like 10.0.0.0/8 or default")
	case p != p.Masked():
		return destination{}, fmt.Errorf("is an address in the network %s; write that", p.Masked())
	}
	return destination{p}, nil
}

// netmask parses the length of a prefix, which may be written as a mask.
func netmask(text string) (int, error) {
	if bits, err := strconv.Atoi(text); err == nil && bits >= 0 && bits <= 128 && strconv.Itoa(bits) == text {
		return bits, nil
	}
	mask, err := netip.ParseAddr(text)
	if err != nil {
		return 0, errors.New("is not a netmask, like 255.255.255.0 or 24")
	}
	bits, ended := 0, false
	for _, b := range mask.AsSlice() {
		for bit := 7; bit >= 0; bit-- {
			switch set := b>>bit&1 == 1; {
			case set && ended:
				return 0, errors.New("is not a netmask: it has ones after zeros")
			case set:
				bits++
			default:
				ended = true
			}
		}
	}
	return bits, nil
}
