package vrrp

import (
	"errors"
	"fmt"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"
)

// repeatAfter outlasts a full queue on the way, and is less than a backup waits:
// the second advert starts its wait anew.
const repeatAfter = 2 * time.Millisecond

// Resign tells each peer, by unicast from the node's address, that this node no
// longer holds the VIP: an advert of priority 0, after which the first backup
// waits only its skew time, (256−priority)/256 of an interval, instead of three
// intervals (RFC 9568 §6.4.2). The advert must be like keepalived's own but for
// the priority, which is set here. Each goes twice, since one may get lost.
//
// It is for a node that was master. When a backup resigns, another backup takes
// the VIP from a master that is well.
//
// It returns after 2 ms, with the errors of all peers that it could not send to.
// It needs CAP_NET_RAW.
func Resign(from netip.Addr, peers []netip.Addr, advert Advert) error {
	advert.Priority = 0
	socket, err := open(from)
	if err != nil {
		return fmt.Errorf("resign from %s: %w", from, err)
	}
	defer unix.Close(socket)
	send := func() error {
		var failed []error
		for _, peer := range peers {
			data, err := advert.Encode(from, peer)
			if err == nil {
				err = unix.Sendto(socket, data, unix.MSG_DONTWAIT, sockaddr(peer))
			}
			if err != nil {
				failed = append(failed, fmt.Errorf("resign to %s: %w", peer, err))
			}
		}
		return errors.Join(failed...)
	}
	first := send()
	time.Sleep(repeatAfter)
	if second := send(); first == nil || second == nil {
		return nil
	}
	return first
}

// open makes a raw socket whose packets come from the address and look like
// those of keepalived: hop limit 255 (RFC 9568 §5.1.1.3), network control.
func open(from netip.Addr) (int, error) {
	family, level, ttl, tos := unix.AF_INET, unix.IPPROTO_IP, unix.IP_TTL, unix.IP_TOS
	if from.Is6() {
		family, level, ttl, tos = unix.AF_INET6, unix.IPPROTO_IPV6, unix.IPV6_UNICAST_HOPS, unix.IPV6_TCLASS
	}
	socket, err := unix.Socket(family, unix.SOCK_RAW|unix.SOCK_CLOEXEC, Protocol)
	if err != nil {
		return -1, fmt.Errorf("open a raw socket: %w", err)
	}
	err = unix.SetsockoptInt(socket, level, ttl, 255)
	if err == nil {
		err = unix.SetsockoptInt(socket, level, tos, 0xc0)
	}
	if err == nil {
		err = unix.Bind(socket, sockaddr(from))
	}
	if err != nil {
		unix.Close(socket)
		return -1, fmt.Errorf("make a raw socket send from it: %w", err)
	}
	return socket, nil
}

// sockaddr leaves a zone out: the nodes of a pair have global addresses.
func sockaddr(a netip.Addr) unix.Sockaddr {
	if a.Is6() {
		return &unix.SockaddrInet6{Addr: a.As16()}
	}
	var four unix.SockaddrInet4
	copy(four.Addr[:], a.AsSlice()) // As4 panics on an address that is none
	return &four
}
