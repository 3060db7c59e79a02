package lab

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"time"

	"github.com/mdlayher/packet"
)

// WhoHas asks from the host's eth0 who has the address, by ARP or neighbour
// discovery, and returns the MAC addresses, each once and sorted, that claim it
// within the window. Two of them are an address that is on two machines.
func (h *Host) WhoHas(address netip.Addr, window time.Duration) ([]net.HardwareAddr, error) {
	holders, err := h.whoHas(address, window)
	if err != nil {
		return nil, fmt.Errorf("ask who has %v: %w", address, err)
	}
	return holders, nil
}

func (h *Host) whoHas(address netip.Addr, window time.Duration) ([]net.HardwareAddr, error) {
	etherType, claims := etherTypeARP, claimant
	if address.Is6() {
		etherType, claims = etherTypeIPv6, advertiser
	}
	conn, mac, err := h.listen(etherType)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	if address.Is6() {
		err = solicit(conn, address)
	} else {
		err = askARP(conn, mac, address)
	}
	if err != nil {
		return nil, err
	}
	if err := conn.SetReadDeadline(time.Now().Add(window)); err != nil {
		return nil, err
	}
	var holders []net.HardwareAddr
	buf := make([]byte, 1500)
	for late := false; ; {
		n, _, err := conn.ReadFrom(buf)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			if late {
				break
			}
			// If this program was held up, answers in time wait to be read.
			late = true
			if err := conn.SetReadDeadline(time.Now().Add(10 * time.Millisecond)); err != nil {
				return nil, err
			}
			continue
		}
		if err != nil {
			return nil, err
		}
		if mac := claims(buf[:n], address); mac != nil {
			holders = append(holders, mac)
		}
	}
	slices.SortFunc(holders, func(a, b net.HardwareAddr) int { return bytes.Compare(a, b) })
	return slices.CompactFunc(holders, func(a, b net.HardwareAddr) bool { return bytes.Equal(a, b) }), nil
}

// listen receives the frames of that type that reach eth0, whatever group they are for.
func (h *Host) listen(etherType int) (conn *packet.Conn, mac net.HardwareAddr, err error) {
	err = h.Do(func() error {
		eth0, err := net.InterfaceByName("eth0")
		if err != nil {
			return err
		}
		mac = eth0.HardwareAddr
		conn, err = packet.Listen(eth0, packet.Datagram, etherType, nil)
		return err
	})
	return conn, mac, err
}
