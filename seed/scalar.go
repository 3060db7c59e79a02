package seed

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// What the text of a value must look like. The errors continue a sentence that
// begins with the text.

// address parses the address of something that a node can reach.
func address(text string) (netip.Addr, error) {
	addr, err := netip.ParseAddr(text)
	if err != nil {
		return netip.Addr{}, explainAddress(text)
	}
	return addr, usable(addr)
}

// prefix parses the address of a node with the length of its subnet.
func prefix(text string) (netip.Prefix, error) {
	if addr, err := netip.ParseAddr(text); err == nil && addr.Is4() {
		return netip.Prefix{}, fmt.Errorf("lacks the prefix length of its subnet, like %s/24", text)
	}
	p, err := netip.ParsePrefix(text)
	if err != nil {
		return netip.Prefix{}, errors.New("is not an address with a prefix length, like 192.168.100.53/24")
	}
	if err := usable(p.Addr()); err != nil {
		return netip.Prefix{}, err
	}
	// A /30 has two addresses: none is left for the VIP.
	if p.Bits() < 8 || p.Bits() > 29 {
		return netip.Prefix{}, fmt.Errorf("has the prefix length %d; a subnet for two nodes and a VIP has 8 to 29", p.Bits())
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
	if strings.Trim(text, digits+".") != "" {
		return errors.New("is not an IPv4 address, like 192.168.100.60; names are not looked up, for a node does not depend on DNS")
	}
	return errors.New("is not an IPv4 address, like 192.168.100.60")
}

var (
	thisNetwork = netip.MustParsePrefix("0.0.0.0/8")   // RFC 1122 §3.2.1.3
	reserved    = netip.MustParsePrefix("240.0.0.0/4") // RFC 1112 §4, and the limited broadcast
)

func usable(addr netip.Addr) error {
	switch {
	case !addr.Is4():
		return errors.New("is an IPv6 address, which is not supported yet; use IPv4")
	case addr.IsLoopback():
		return errors.New("is a loopback address, which no other machine can reach")
	case addr.IsMulticast():
		return errors.New("is a multicast address, not one of a single machine")
	case thisNetwork.Contains(addr), reserved.Contains(addr):
		return errors.New("is not an address that a machine can have")
	}
	return nil
}

// port parses a TCP port. Unlike YAML it takes 010 for a slip, not for 8.
func port(text string) (uint16, error) {
	n, err := decimal(text, 1, 65535)
	if err != nil {
		return 0, fmt.Errorf("is not a port, %w", err)
	}
	return uint16(n), nil
}

// virtualRouterID parses a VRID (RFC 9568 §5.2.3).
func virtualRouterID(text string) (int, error) {
	n, err := decimal(text, 1, 255)
	if err != nil {
		return 0, fmt.Errorf("is not a virtual router ID, %w", err)
	}
	return n, nil
}

func decimal(text string, least, most int) (int, error) {
	n, err := strconv.Atoi(text)
	if err != nil || n < least || n > most || strconv.Itoa(n) != text {
		return 0, fmt.Errorf("a decimal number from %d to %d without leading zeros", least, most)
	}
	return n, nil
}

func boolean(text string) (bool, error) {
	switch text {
	case "true":
		return true, nil
	case "false":
		return false, nil
	}
	return false, errors.New("is neither true nor false")
}

// advertInterval parses the time between two adverts. RFC 9568 §5.2.7 counts it
// in centiseconds.
func advertInterval(text string) (time.Duration, error) {
	const least, most, step = 50 * time.Millisecond, 10 * time.Second, 10 * time.Millisecond
	switch d, err := duration(text); {
	case err != nil:
		return 0, err
	case d < least || d > most:
		return 0, errors.New("is out of range; an advert interval is 50ms to 10s")
	case d%step != 0:
		return 0, errors.New("is not a multiple of 10ms, the unit of VRRP adverts")
	default:
		return d, nil
	}
}

// preempt parses the time in health after which a node takes the VIP back: a
// duration or never, for which false is another word.
func preempt(text string) (time.Duration, error) {
	if text == "never" || text == "false" {
		return NeverPreempt, nil
	}
	switch d, err := duration(text); {
	case err != nil:
		return 0, fmt.Errorf("%w; or write never", err)
	case d < 0 || d > 24*time.Hour:
		return 0, errors.New("is out of range; preempt is 0s to 24h, or never")
	default:
		return d, nil
	}
}

func duration(text string) (time.Duration, error) {
	if strings.Trim(text, digits+".") == "" && text != "" {
		return 0, fmt.Errorf("has no unit; write %ss for seconds or %sms for milliseconds", text, text)
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		return 0, errors.New("is not a duration, like 200ms, 30s or 5m")
	}
	return d, nil
}

const (
	digits    = "0123456789"
	lowerCase = "abcdefghijklmnopqrstuvwxyz"
	upperCase = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
)

// hostLabel parses a host name of one label (RFC 1123 §2.1).
func hostLabel(text string) (string, error) {
	if !madeOf(text, 63, lowerCase+digits+"-") || strings.Trim(text, "-") != text {
		return "", errors.New("is not a host name: up to 63 of a-z, 0-9 and -, with no - at either end")
	}
	return text, nil
}

// sectionLabel parses a name that stands for a pool or a backend in HAProxy's configuration.
func sectionLabel(text string) (string, error) {
	if !madeOf(text, 63, lowerCase+digits+"-_") || strings.TrimLeft(text, "-_") != text {
		return "", errors.New("is not a name: up to 63 of a-z, 0-9, - and _, with a letter or digit first")
	}
	return text, nil
}

// interfaceName parses the name of a network interface (IFNAMSIZ in linux/if.h).
func interfaceName(text string) (string, error) {
	if text == "lo" || strings.Trim(text, ".") == "" {
		return "", errors.New("is not a network interface that leads anywhere; write eth0, for example")
	}
	if !madeOf(text, 15, lowerCase+upperCase+digits+"._-") {
		return "", errors.New("is not the name of a network interface: up to 15 of a-z, A-Z, 0-9, ., - and _")
	}
	return text, nil
}

// checkUser parses the name of an account (32 characters in MySQL) that is safe
// to write into configuration files.
func checkUser(text string) (string, error) {
	if !madeOf(text, 32, lowerCase+upperCase+digits+"_.-") {
		return "", errors.New("is not a user: up to 32 of a-z, A-Z, 0-9, _, . and -")
	}
	return text, nil
}

// madeOf reports whether text has 1 to most characters, all out of the set.
func madeOf(text string, most int, set string) bool {
	return text != "" && len(text) <= most && strings.Trim(text, set) == ""
}

// macAddress parses an EUI-48 of a single network interface.
func macAddress(text string) (net.HardwareAddr, error) {
	mac, err := net.ParseMAC(text)
	const group = 1 // the bit of the first byte that marks multicast (IEEE 802)
	if err != nil || len(mac) != 6 {
		return nil, errors.New("is not a MAC address, like 52:54:00:12:34:56")
	}
	if mac[0]&group != 0 || mac.String() == "00:00:00:00:00:00" {
		return nil, errors.New("is not the MAC address of an interface, but a group's or none")
	}
	return mac, nil
}
