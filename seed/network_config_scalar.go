package seed

import (
	"errors"
	"fmt"
	"net/netip"
	"path"
	"strconv"
	"strings"
	"time"

	"twinlb/seed/strict"
)

// What the text of a value of a network-config must look like.

// maxLinks is how many links of a kind a machine may have.
const maxLinks = 64

// linkID parses the name by which a network-config refers to a link.
func linkID(text string) (string, error) {
	if !strict.MadeOf(text, 63, "a-zA-Z0-9._-:@") {
		return "", errors.New("is not the name of a link: up to 63 of a-z, A-Z, 0-9, ., _, -, : and @")
	}
	return text, nil
}

// interfaceGlob parses a pattern of interface names (glob(7), as netplan has it).
func interfaceGlob(text string) (string, error) {
	if text == "lo" {
		return interfaceName(text)
	}
	return glob(text)
}

func glob(text string) (string, error) {
	if !strict.MadeOf(text, 63, "a-zA-Z0-9._-*?[]") {
		return "", errors.New("is not a name or pattern: up to 63 of a-z, A-Z, 0-9, ., _, -, *, ? and [ ]")
	}
	if _, err := path.Match(text, ""); err != nil {
		return "", errors.New("is not a pattern: a [ has no ]")
	}
	return text, nil
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
		return netip.PrefixFrom(unspecified(via), 0)
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

// mtu parses the size of a packet in bytes. IPv4 hosts must be able to take 576
// (RFC 791); IPv6 needs 1280, see checkLinks.
func mtu(text string) (int, error) {
	n, err := strict.Decimal(text, 576, 65535)
	if err != nil {
		return 0, fmt.Errorf("is not an MTU in bytes, %w", err)
	}
	return n, nil
}

func metric(text string) (int, error) {
	n, err := strict.Decimal(text, 0, 1<<31-1)
	if err != nil {
		return 0, fmt.Errorf("is not a metric, %w", err)
	}
	return n, nil
}

// vlanTag parses a VLAN ID (IEEE 802.1Q §9.6).
func vlanTag(text string) (int, error) {
	n, err := strict.Decimal(text, 1, 4094)
	if err != nil {
		return 0, fmt.Errorf("is not a VLAN ID, %w", err)
	}
	return n, nil
}

// gratuity parses num_grat_arp of a bond (bonding.rst of Linux).
func gratuity(text string) (int, error) {
	n, err := strict.Decimal(text, 1, 255)
	if err != nil {
		return 0, fmt.Errorf("is not a number of gratuitous ARPs, %w", err)
	}
	return n, nil
}

// usualMonitor is the time between two looks at the links of a bond's members. The
// kernel's default is never, which is no bond.
const usualMonitor = 100 * time.Millisecond

// monitorInterval parses miimon of a bond (bonding.rst of Linux).
func monitorInterval(text string) (time.Duration, error) {
	d, err := milliseconds(text)
	if err == nil && d < 10*time.Millisecond {
		err = errors.New("is less than 10 ms; a bond must look at its links, and that often is often enough")
	}
	return d, err
}

// milliseconds parses a time of a bond, which has that unit when none is written.
func milliseconds(text string) (time.Duration, error) {
	const most = 10 * time.Second
	if n, err := strict.Decimal(text, 0, int(most/time.Millisecond)); err == nil {
		return time.Duration(n) * time.Millisecond, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 || d > most || d%time.Millisecond != 0 {
		return 0, errors.New("is not a time in milliseconds, up to 10000")
	}
	return d, nil
}

// truth parses a boolean as YAML 1.1 has it, which cloud-init and netplan go by.
func truth(text string) (bool, error) {
	switch strings.ToLower(text) {
	case "true", "yes", "on":
		return true, nil
	case "false", "no", "off":
		return false, nil
	}
	return false, errors.New("is neither true nor false")
}

// domain parses a name that host names may end with (RFC 1123 §2.1).
func domain(text string) (string, error) {
	if len(text) > 253 {
		return "", errors.New("is too long for a domain")
	}
	for label := range strings.SplitSeq(strings.ToLower(strings.TrimSuffix(text, ".")), ".") {
		if _, err := hostLabel(label); err != nil {
			return "", errors.New("is not a domain, like example.com")
		}
	}
	return text, nil
}
