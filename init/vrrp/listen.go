package vrrp

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// Heard is an advert of another node as far as its sender, unproved, tells.
type Heard struct {
	From     netip.Addr
	VRID     uint8
	Priority uint8         // 0: the sender has resigned
	Interval time.Duration // between two of its adverts
	At       time.Time
}

// Listener hears the adverts that the firewall lets in, beside keepalived. They lie
// in the socket until somebody takes them, and wake nobody: whoever wants the latest
// takes them often enough.
type Listener struct {
	v4 bool

	mu     sync.Mutex
	socket int
	buffer [512]byte // an advert with 30 VIPs of IPv6; of a longer one the end is not looked at
	oob    [128]byte
}

// kept is the size of the socket's queue, in bytes: some ten adverts.
const kept = 8 << 10

// Listen begins to hear adverts to the node's address. It needs CAP_NET_RAW.
func Listen(at netip.Addr) (*Listener, error) {
	fail := func(err error) (*Listener, error) {
		return nil, fmt.Errorf("hear adverts to %s: %w", at, err)
	}
	family := unix.AF_INET
	if at.Is6() {
		family = unix.AF_INET6
	}
	socket, err := unix.Socket(family, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, Protocol)
	if err != nil {
		return fail(err)
	}
	err = unix.SetsockoptInt(socket, unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1)
	if err == nil {
		err = unix.SetsockoptInt(socket, unix.SOL_SOCKET, unix.SO_RCVBUF, kept)
	}
	if err == nil {
		err = unix.Bind(socket, sockaddr(at))
	}
	if err != nil {
		unix.Close(socket)
		return fail(err)
	}
	return &Listener{v4: at.Is4(), socket: socket}, nil
}

// Take returns what was heard since it was last called, oldest first. It does not
// wait.
func (l *Listener) Take() []Heard {
	l.mu.Lock()
	defer l.mu.Unlock()
	var all []Heard
	for range kept { // others send faster than this takes only in vain
		n, oobn, _, from, err := unix.Recvmsg(l.socket, l.buffer[:], l.oob[:], unix.MSG_DONTWAIT)
		if err == unix.EINTR {
			continue
		} else if err != nil {
			break
		}
		if h, ok := l.parse(l.buffer[:n], from); ok {
			h.At = received(l.oob[:oobn])
			all = append(all, h)
		}
	}
	return all
}

// Close ends the hearing.
func (l *Listener) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	socket := l.socket
	l.socket = -1 // its number may soon be that of another file
	return unix.Close(socket)
}

// parse reads the head of an advert. What the kernel hands out of IPv4 begins with
// the IP header (raw(7)).
func (l *Listener) parse(packet []byte, from unix.Sockaddr) (h Heard, ok bool) {
	switch from := from.(type) {
	case *unix.SockaddrInet4:
		h.From = netip.AddrFrom4(from.Addr)
	case *unix.SockaddrInet6:
		h.From = netip.AddrFrom16(from.Addr)
	default:
		return h, false
	}
	if l.v4 {
		if len(packet) < 20 {
			return h, false
		}
		header := int(packet[0]&0x0f) * 4
		if header < 20 || len(packet) < header {
			return h, false
		}
		packet = packet[header:]
	}
	if len(packet) < 8 || packet[0] != advertisement {
		return h, false
	}
	h.VRID, h.Priority = packet[1], packet[2]
	h.Interval = time.Duration(binary.BigEndian.Uint16(packet[4:])&0xfff) * 10 * time.Millisecond
	return h, true
}

// received is when the kernel got a packet, on this program's clock: SO_TIMESTAMPNS
// tells the time of day, which may be set meanwhile.
func received(oob []byte) time.Time {
	now := time.Now()
	messages, err := unix.ParseSocketControlMessage(oob)
	if err != nil {
		return now
	}
	for _, m := range messages {
		if m.Header.Level == unix.SOL_SOCKET && m.Header.Type == unix.SCM_TIMESTAMPNS && len(m.Data) >= 16 {
			at := time.Unix(int64(binary.NativeEndian.Uint64(m.Data)), int64(binary.NativeEndian.Uint64(m.Data[8:])))
			return now.Add(-max(0, now.Sub(at)))
		}
	}
	return now
}
