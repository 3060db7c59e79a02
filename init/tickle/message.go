package tickle

import (
	"encoding/binary"
	"net/netip"
)

// A message is some buckets of a holder's connections. Each stands in place of what
// was told of that bucket before. Numbers are big-endian:
//
//	bytes  content
//	1      version of this format, 1
//	8      generation: random, another one each time that the sender becomes master
//	1      number of VIPs
//	1      length of each: 4, or 16 when one is of IPv6
//	n      the VIPs
//
// then for each bucket
//
//	1      its number
//	2      number of connections
//
// and for each connection
//
//	1      the VIP, by its place in the list from 0
//	2      port there
//	4, 16  the other end's address, as long as VIPs are
//	2      its port
const version = 1

const (
	buckets    = 256
	perBucket  = 1024 // four times as many as there are when all are full
	maxMessage = 16 << 10
	maxVIPs    = 255
	// MaxTuples bounds what is told, and kept of each peer: 0.6 MiB, with IPv6 1.3 MiB.
	MaxTuples = 1 << 16
)

// header begins each message of a generation.
func header(generation uint64, vips []netip.Addr) []byte {
	b := binary.BigEndian.AppendUint64([]byte{version}, generation)
	b = append(b, byte(len(vips)), byte(width(vips)))
	for _, vip := range vips {
		b = appendAddr(b, vip, width(vips))
	}
	return b
}

func width(vips []netip.Addr) int {
	for _, vip := range vips {
		if vip.Is6() {
			return 16
		}
	}
	return 4
}

// sizeOf is the size of a connection.
func sizeOf(vips []netip.Addr) int { return 1 + 2 + width(vips) + 2 }

// appendAddr appends an address; one of IPv4 among wider ones as RFC 4291 §2.5.5.2
// maps it.
func appendAddr(b []byte, a netip.Addr, width int) []byte {
	if width == 4 {
		four := a.As4()
		return append(b, four[:]...)
	}
	sixteen := a.As16()
	return append(b, sixteen[:]...)
}

func readAddr(b []byte) netip.Addr {
	a, _ := netip.AddrFromSlice(b)
	return a.Unmap()
}

func appendTuple(b []byte, vip int, t Tuple, width int) []byte {
	b = append(b, byte(vip))
	b = binary.BigEndian.AppendUint16(b, t.Local.Port())
	b = appendAddr(b, t.Remote.Addr(), width)
	return binary.BigEndian.AppendUint16(b, t.Remote.Port())
}

// decode reads the connection at the beginning of b, which parse has seen.
func decode(b []byte, vips []netip.Addr) Tuple {
	w := width(vips)
	return Tuple{
		Local:  netip.AddrPortFrom(vips[b[0]], binary.BigEndian.Uint16(b[1:])),
		Remote: netip.AddrPortFrom(readAddr(b[3:3+w]), binary.BigEndian.Uint16(b[3+w:])),
	}
}

type part struct {
	bucket byte
	tuples []byte // a part of the message
}

type parsed struct {
	generation uint64
	vips       []netip.Addr
	parts      []part
}

// parse reads a whole message. It says whether it is one.
func parse(b []byte) (p parsed, ok bool) {
	if len(b) < 11 || b[0] != version {
		return p, false
	}
	p.generation = binary.BigEndian.Uint64(b[1:])
	n, w := int(b[9]), int(b[10])
	if b = b[11:]; w != 4 && w != 16 || len(b) < n*w {
		return p, false
	}
	for ; n > 0; n-- {
		p.vips = append(p.vips, readAddr(b[:w]))
		b = b[w:]
	}
	if width(p.vips) != w {
		return p, false
	}
	for size := sizeOf(p.vips); len(b) > 0; {
		if len(b) < 3 {
			return p, false
		}
		bucket, count := b[0], int(binary.BigEndian.Uint16(b[1:]))
		if b = b[3:]; len(b) < count*size {
			return p, false
		}
		p.parts = append(p.parts, part{bucket, b[:count*size]})
		for ; count > 0; count-- {
			if int(b[0]) >= len(p.vips) {
				return p, false
			}
			b = b[size:]
		}
	}
	return p, true
}
