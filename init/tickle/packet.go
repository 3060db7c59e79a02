package tickle

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"twinlb/init/checksum"

	"golang.org/x/sys/unix"
)

const (
	tcpSize = 20
	ackFlag = 0x10
	hops    = 64
	// resolved is for the first packets to find out the MAC addresses that they go to: the
	// kernel keeps some 270 of them for one that it does not know yet (unres_qlen_bytes,
	// arp(7)), and drops the others. It may be that of a gateway to all clients.
	resolved = 10 * time.Millisecond
	ahead    = 128
	// stuck is how long a packet may wait for room in the socket's buffer, and mostStuck
	// how many may do so in one round: a card that sends nothing would hold all up, for
	// an hour when there are many.
	stuck     = 50 * time.Millisecond
	mostStuck = 10
)

// acknowledge sends the far end of each connection an ACK, as if from its near end,
// which must be an address of this node or the answer will not come here. It needs
// CAP_NET_RAW, and returns the first error when all is sent or can't be.
func (s *system) acknowledge(tuples []Tuple) error {
	out := make(map[bool]*raw) // by whether IPv4
	for _, four := range []bool{true, false} {
		r, err := open(four)
		if err != nil {
			return fmt.Errorf("send ACKs: %w", err)
		}
		defer unix.Close(r.fd)
		out[four] = r
	}
	return sendEach(inTurn(tuples), func(t Tuple) error { return out[t.Local.Addr().Is4()].send(t) })
}

// sendEach sends for each connection, and returns the first error.
func sendEach(tuples []Tuple, send func(Tuple) error) (failed error) {
	waited := 0
	for i, t := range tuples {
		if i == ahead {
			time.Sleep(resolved)
		}
		err := send(t)
		if err != nil && failed == nil {
			failed = fmt.Errorf("send an ACK from %s to %s: %w", t.Local, t.Remote, err)
		}
		if errors.Is(err, unix.EAGAIN) {
			if waited++; waited == mostStuck {
				return failed
			}
		}
	}
	return failed
}

// inTurn orders connections so that the first of each receiver come first, then the
// second of each.
func inTurn(tuples []Tuple) []Tuple {
	type turn struct {
		tuple Tuple
		after int // how many of the same receiver
	}
	all, seen := make([]turn, len(tuples)), make(map[netip.Addr]int)
	for i, t := range tuples {
		all[i] = turn{t, seen[t.Remote.Addr()]}
		seen[t.Remote.Addr()]++
	}
	slices.SortStableFunc(all, func(a, b turn) int { return cmp.Compare(a.after, b.after) })
	ordered := make([]Tuple, len(all))
	for i, t := range all {
		ordered[i] = t.tuple
	}
	return ordered
}

// raw is a socket that takes packets with their IP header (raw(7), ipv6(7)).
type raw struct {
	fd     int
	packet []byte
	four   unix.SockaddrInet4
	six    unix.SockaddrInet6
}

func open(four bool) (*raw, error) {
	family := unix.AF_INET6
	if four {
		family = unix.AF_INET
	}
	fd, err := unix.Socket(family, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.IPPROTO_RAW)
	if err != nil {
		return nil, fmt.Errorf("open a raw socket: %w", err)
	}
	timeout := unix.NsecToTimeval(int64(stuck))
	if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_SNDTIMEO, &timeout); err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("make a raw socket not wait for ever: %w", err)
	}
	return &raw{fd: fd}, nil
}

func (r *raw) send(t Tuple) error {
	var to unix.Sockaddr
	if remote := t.Remote.Addr(); remote.Is4() {
		r.packet = appendIPv4(r.packet[:0], t)
		r.four.Addr = remote.As4()
		to = &r.four
	} else {
		r.packet = appendIPv6(r.packet[:0], t)
		r.six.Addr = remote.As16()
		to = &r.six
	}
	r.packet = appendACK(r.packet, t)
	for {
		err := unix.Sendto(r.fd, r.packet, 0, to)
		if !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}

// appendIPv4 appends a header of RFC 791 §3.1. The kernel fills in its checksum.
func appendIPv4(b []byte, t Tuple) []byte {
	b = append(b, 4<<4|5, 0)
	b = binary.BigEndian.AppendUint16(b, 20+tcpSize)
	b = append(b, 0, 0, 0x40, 0, hops, unix.IPPROTO_TCP, 0, 0) // don't fragment
	b = append(b, t.Local.Addr().AsSlice()...)
	return append(b, t.Remote.Addr().AsSlice()...)
}

// appendIPv6 appends a header of RFC 8200 §3.
func appendIPv6(b []byte, t Tuple) []byte {
	b = append(b, 6<<4, 0, 0, 0)
	b = binary.BigEndian.AppendUint16(b, tcpSize)
	b = append(b, unix.IPPROTO_TCP, hops)
	b = append(b, t.Local.Addr().AsSlice()...)
	return append(b, t.Remote.Addr().AsSlice()...)
}

// appendACK appends a segment of RFC 9293 §3.1: sequence and acknowledgement numbers
// of 0, no window, no data.
func appendACK(b []byte, t Tuple) []byte {
	begin := len(b)
	b = binary.BigEndian.AppendUint16(b, t.Local.Port())
	b = binary.BigEndian.AppendUint16(b, t.Remote.Port())
	b = append(b, 0, 0, 0, 0, 0, 0, 0, 0, tcpSize/4<<4, ackFlag, 0, 0, 0, 0, 0, 0)
	binary.BigEndian.PutUint16(b[begin+16:], checksum.Of(unix.IPPROTO_TCP, t.Local.Addr(), t.Remote.Addr(), b[begin:]))
	return b
}
