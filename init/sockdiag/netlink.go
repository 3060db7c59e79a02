package sockdiag

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"
)

// patience is for an answer of the kernel, which comes at once. PID 1 must not wait
// for ever if it does not.
const patience = time.Second

// diag is a conversation of sock_diag(7).
type diag struct {
	fd       int
	sequence uint32
	buffer   []byte
}

func (k *Kernel) dial() (*diag, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_SOCK_DIAG)
	if err != nil {
		return nil, err
	}
	timeout := unix.NsecToTimeval(int64(patience))
	if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &timeout); err != nil {
		unix.Close(fd)
		return nil, err
	}
	return &diag{fd: fd, buffer: k.buffer[:]}, nil
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
func (d *diag) request(kind, flags uint16, of netip.Addr, states uint32, id id) []byte {
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

// ask sends a request and reads its answer to the end, each struct inet_diag_msg.
func (d *diag) ask(request []byte, do func(message []byte)) error {
	if err := unix.Sendto(d.fd, request, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return err
	}
	for {
		n, _, err := unix.Recvfrom(d.fd, d.buffer, 0)
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case errors.Is(err, unix.EAGAIN):
			return fmt.Errorf("the kernel has not answered within %s", patience)
		case err != nil:
			return err
		}
		if done, err := d.read(d.buffer[:n], do); done || err != nil {
			return err
		}
	}
}

// read takes a part of an answer. It says whether it was the last.
func (d *diag) read(b []byte, do func(message []byte)) (done bool, err error) {
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
