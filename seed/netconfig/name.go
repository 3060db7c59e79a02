package netconfig

import (
	"errors"
	"net"
	"path"
	"strings"

	"twinlb/seed/strict"
)

// The names of links and hosts. The errors continue a sentence that begins with the text.

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
		return InterfaceName(text)
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

// InterfaceName parses the name of a network interface (IFNAMSIZ in linux/if.h).
func InterfaceName(text string) (string, error) {
	if text == "lo" || strings.Trim(text, ".") == "" {
		return "", errors.New("is not a network interface that leads anywhere; write eth0, for example")
	}
	if !strict.MadeOf(text, 15, "a-zA-Z0-9._-") {
		return "", errors.New("is not the name of a network interface: up to 15 of a-z, A-Z, 0-9, ., - and _")
	}
	return text, nil
}

// HostLabel parses a host name of one label (RFC 1123 §2.1).
func HostLabel(text string) (string, error) {
	if !strict.MadeOf(text, 63, "a-z0-9-") || strings.Trim(text, "-") != text {
		return "", errors.New("is not a host name: up to 63 of a-z, 0-9 and -, with no - at either end")
	}
	return text, nil
}

// domain parses a name that host names may end with (RFC 1123 §2.1).
func domain(text string) (string, error) {
	if len(text) > 253 {
		return "", errors.New("is too long for a domain")
	}
	for label := range strings.SplitSeq(strings.ToLower(strings.TrimSuffix(text, ".")), ".") {
		if _, err := HostLabel(label); err != nil {
			return "", errors.New("is not a domain, like example.com")
		}
	}
	return text, nil
}

// MACAddress parses an EUI-48 of a single network interface.
func MACAddress(text string) (net.HardwareAddr, error) {
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
