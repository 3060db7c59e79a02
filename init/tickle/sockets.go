package tickle

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// patience is for an answer of the kernel, which comes at once. PID 1 must not wait
// for ever if it does not.
const patience = time.Second

// Sets of states, of <net/tcp_states.h>. A listening socket is nobody's connection, and
// one in TIME_WAIT is over.
const (
	established = 1 << unix.BPF_TCP_ESTABLISHED
	alive       = 0xfff &^ (1<<unix.BPF_TCP_LISTEN | 1<<unix.BPF_TCP_TIME_WAIT | 1<<unix.BPF_TCP_CLOSE | 1)
)

// system is the kernel of this node.
type system struct {
	link   func() netlink.Link
	buffer [32 << 10]byte // what the kernel fills at most, sock_diag(7)
}

func (s *system) has(vip netip.Addr) bool {
	family := netlink.FAMILY_V4
	if vip.Is6() {
		family = netlink.FAMILY_V6
	}
	addresses, err := netlink.AddrList(s.link(), family)
	if err != nil {
		return false
	}
	for _, a := range addresses {
		if a.IP.Equal(vip.AsSlice()) {
			return true
		}
	}
	return false
}

func (s *system) each(vip netip.Addr, states uint32, do func(Tuple)) error {
	return s.sockets(vip, states, func(socket []byte) { do(readTuple(socket, vip)) })
}

// sockets has the kernel look for the address, so that others cost nothing. It gives
// each struct inet_diag_msg.
func (s *system) sockets(vip netip.Addr, states uint32, do func([]byte)) error {
	d, err := dial()
	if err != nil {
		return fmt.Errorf("list the connections of %s: %w", vip, err)
	}
	defer d.close()
	request := d.request(unix.SOCK_DIAG_BY_FAMILY, unix.NLM_F_DUMP, vip, states, socketID{})
	if err := d.ask(withAttribute(request, reqBytecode, only(vip)), s.buffer[:], do); err != nil {
		return fmt.Errorf("list the connections of %s: %w; the kernel must have INET_TCP_DIAG", vip, err)
	}
	return nil
}

// socketID is a struct inet_diag_sockid. Its cookie is of one socket: without it, the
// kernel takes the one that listens for a connection that has ended meanwhile.
type socketID [48]byte

func (s *system) destroy(vip netip.Addr) (ended int, err error) {
	var ids []socketID
	if err := s.sockets(vip, alive, func(socket []byte) { ids = append(ids, socketID(socket[messageIDAt:])) }); err != nil {
		return 0, err
	}
	return s.end(vip, ids)
}

// end is SOCK_DESTROY, tcp_abort of the kernel.
func (s *system) end(vip netip.Addr, ids []socketID) (ended int, err error) {
	d, err := dial()
	if err != nil {
		return 0, fmt.Errorf("end connections: %w", err)
	}
	defer d.close()
	for _, id := range ids {
		err := d.ask(d.request(unix.SOCK_DESTROY, unix.NLM_F_ACK, vip, 0, id), s.buffer[:], nil)
		switch {
		case err == nil:
			ended++
		case errors.Is(err, unix.ENOENT), errors.Is(err, unix.ESTALE): // it has ended
		default:
			return ended, fmt.Errorf("end a connection of %s: %w; the kernel must have INET_DIAG_DESTROY", vip, err)
		}
	}
	return ended, nil
}

// diag is a conversation of sock_diag(7).
type diag struct {
	fd       int
	sequence uint32
}

func dial() (*diag, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_SOCK_DIAG)
	if err != nil {
		return nil, err
	}
	timeout := unix.NsecToTimeval(int64(patience))
	if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &timeout); err != nil {
		unix.Close(fd)
		return nil, err
	}
	return &diag{fd: fd}, nil
}

func (d *diag) close() { unix.Close(d.fd) }

// Of <linux/inet_diag.h>.
const (
	headerSize  = unix.SizeofNlMsghdr
	requestSize = 56 // struct inet_diag_req_v2
	messageSize = 72 // struct inet_diag_msg
	messageIDAt = 4
	reqBytecode = 1  // INET_DIAG_REQ_BYTECODE
	sourceMatch = 7  // INET_DIAG_BC_S_COND
	anyPort     = -1 // of struct inet_diag_hostcond
)

// request is a netlink message about the sockets of the address's family, or about one
// of them.
func (d *diag) request(kind, flags uint16, of netip.Addr, states uint32, id socketID) []byte {
	d.sequence++
	b := binary.NativeEndian.AppendUint32(nil, headerSize+requestSize)
	b = binary.NativeEndian.AppendUint16(b, kind)
	b = binary.NativeEndian.AppendUint16(b, flags|unix.NLM_F_REQUEST)
	b = binary.NativeEndian.AppendUint32(b, d.sequence)
	b = append(b, 0, 0, 0, 0)
	family := byte(unix.AF_INET)
	if of.Is6() {
		family = unix.AF_INET6
	}
	b = append(b, family, unix.IPPROTO_TCP, 0, 0)
	b = binary.NativeEndian.AppendUint32(b, states)
	return append(b, id[:]...)
}

func withAttribute(message []byte, kind uint16, data []byte) []byte {
	message = binary.NativeEndian.AppendUint16(message, uint16(unix.SizeofNlAttr+len(data)))
	message = binary.NativeEndian.AppendUint16(message, kind)
	message = append(message, data...)
	binary.NativeEndian.PutUint32(message, uint32(len(message)))
	return message
}

// only is the filter for a local address: one comparison, after which the program
// ends, which means yes, or goes on beyond its end, which means no
// (net/ipv4/inet_diag.c, inet_diag_bc_run).
func only(local netip.Addr) []byte {
	family, address := byte(unix.AF_INET), local.AsSlice()
	if local.Is6() {
		family = unix.AF_INET6
	}
	size := 4 + 8 + len(address)
	b := []byte{sourceMatch, byte(size)}
	b = binary.NativeEndian.AppendUint16(b, uint16(size+4))
	b = append(b, family, byte(local.BitLen()), 0, 0)
	port := int32(anyPort)
	b = binary.NativeEndian.AppendUint32(b, uint32(port))
	return append(b, address...)
}

// ask sends a request and reads its answer to the end.
func (d *diag) ask(request, buffer []byte, do func(socket []byte)) error {
	if err := unix.Sendto(d.fd, request, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return err
	}
	for {
		n, _, err := unix.Recvfrom(d.fd, buffer, 0)
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case errors.Is(err, unix.EAGAIN):
			return fmt.Errorf("the kernel has not answered within %s", patience)
		case err != nil:
			return err
		}
		if done, err := d.read(buffer[:n], do); done || err != nil {
			return err
		}
	}
}

// read takes a part of an answer. It says whether it was the last.
func (d *diag) read(b []byte, do func(socket []byte)) (done bool, err error) {
	for len(b) >= headerSize {
		size := int(binary.NativeEndian.Uint32(b))
		if size < headerSize || size > len(b) {
			return false, fmt.Errorf("the kernel's answer of %d bytes says that it has %d", len(b), size)
		}
		kind, sequence, data := binary.NativeEndian.Uint16(b[4:]), binary.NativeEndian.Uint32(b[8:]), b[headerSize:size]
		b = b[min(len(b), (size+3)&^3):]
		if sequence != d.sequence {
			continue
		}
		switch kind {
		case unix.NLMSG_DONE, unix.NLMSG_ERROR:
			if len(data) >= 4 {
				if code := int32(binary.NativeEndian.Uint32(data)); code < 0 {
					return true, unix.Errno(-code)
				}
			}
			return true, nil
		case unix.SOCK_DIAG_BY_FAMILY:
			if len(data) >= messageSize && do != nil {
				do(data)
			}
		}
	}
	return false, nil
}

// readTuple reads what the kernel says of a socket with that local address.
func readTuple(socket []byte, local netip.Addr) Tuple {
	id := socket[messageIDAt:]
	remote := readAddr(id[20 : 20+len(local.AsSlice())])
	return Tuple{
		Local:  netip.AddrPortFrom(local, binary.BigEndian.Uint16(id)),
		Remote: netip.AddrPortFrom(remote, binary.BigEndian.Uint16(id[2:])),
	}
}
