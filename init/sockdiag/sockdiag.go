// Package sockdiag asks the kernel about TCP sockets of an address of this node, and
// ends them, sock_diag(7). The kernel must have INET_TCP_DIAG and INET_DIAG_DESTROY.
package sockdiag

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"

	"golang.org/x/sys/unix"
)

// Sets of states, of <net/tcp_states.h>. A listening socket is nobody's connection, and
// one in TIME_WAIT is over.
const (
	Established = 1 << unix.BPF_TCP_ESTABLISHED
	Listening   = 1 << unix.BPF_TCP_LISTEN
	Alive       = 0xfff &^ (Listening | 1<<unix.BPF_TCP_TIME_WAIT | 1<<unix.BPF_TCP_CLOSE | 1)
)

// Socket is one of this node's.
type Socket struct {
	Local, Remote netip.AddrPort
	id            id
}

// id is a struct inet_diag_sockid. Its cookie is of one socket: without it, the
// kernel takes the one that listens for a connection that has ended meanwhile.
type id [48]byte

// Kernel is that of this node. It is not for several goroutines at once.
type Kernel struct {
	buffer [32 << 10]byte // what it fills at most, sock_diag(7)
}

// Each gives every socket with the local address that is in one of the states. The
// kernel looks for the address, so that others cost nothing.
func (k *Kernel) Each(local netip.Addr, states uint32, do func(Socket)) error {
	d, err := k.dial()
	if err != nil {
		return fmt.Errorf("list the sockets of %s: %w", local, err)
	}
	defer d.close()
	request := d.request(unix.SOCK_DIAG_BY_FAMILY, unix.NLM_F_DUMP, local, states, id{})
	read := func(message []byte) { do(readSocket(message, local)) }
	if err := d.ask(withAttribute(request, reqBytecode, only(local)), read); err != nil {
		return fmt.Errorf("list the sockets of %s: %w; the kernel must have INET_TCP_DIAG", local, err)
	}
	return nil
}

// Destroy ends sockets as tcp_abort of the kernel does, with a reset to the other end
// if it can be sent, and tells how many there still were.
func (k *Kernel) Destroy(sockets []Socket) (ended int, err error) {
	d, err := k.dial()
	if err != nil {
		return 0, fmt.Errorf("end sockets: %w", err)
	}
	defer d.close()
	for _, s := range sockets {
		err := d.ask(d.request(unix.SOCK_DESTROY, unix.NLM_F_ACK, s.Local.Addr(), 0, s.id), nil)
		switch {
		case err == nil:
			ended++
		case errors.Is(err, unix.ENOENT), errors.Is(err, unix.ESTALE): // it has ended
		default:
			return ended, fmt.Errorf("end the socket of %s with %s: %w; the kernel must have INET_DIAG_DESTROY", s.Local, s.Remote, err)
		}
	}
	return ended, nil
}

func readSocket(message []byte, local netip.Addr) Socket {
	s := Socket{id: id(message[messageIDAt:])}
	size := len(local.AsSlice())
	remote, _ := netip.AddrFromSlice(s.id[20 : 20+size])
	s.Local = netip.AddrPortFrom(local, binary.BigEndian.Uint16(s.id[:]))
	s.Remote = netip.AddrPortFrom(remote, binary.BigEndian.Uint16(s.id[2:]))
	return s
}
