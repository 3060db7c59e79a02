package firewall

import (
	"net"
	"net/netip"

	"golang.org/x/sys/unix"
)

// Keys of sets are as the kernel has what they are compared with: addresses and
// ports in the byte order of the network, names of interfaces with zeros to their
// full length.

func addresses(all []netip.Addr) [][]byte {
	var keys [][]byte
	for _, address := range all {
		keys = append(keys, address.AsSlice())
	}
	return keys
}

// mask has ones where a network has its own bits.
func mask(network netip.Prefix) []byte {
	return net.CIDRMask(network.Bits(), network.Addr().BitLen())
}

func port(p uint16) []byte { return []byte{byte(p >> 8), byte(p)} }

func ports(all []uint16) [][]byte {
	var keys [][]byte
	for _, p := range all {
		keys = append(keys, port(p))
	}
	return keys
}

// paddedPort is a port in a concatenation, whose parts have multiples of four bytes.
func paddedPort(p uint16) []byte { return append(port(p), 0, 0) }

func name(of string) []byte {
	key := make([]byte, unix.IFNAMSIZ)
	copy(key, of)
	return key
}
