package lab

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"time"

	"github.com/mdlayher/packet"
)

const etherTypeARP = 0x0806

// ARP operations (RFC 826).
const (
	arpRequest = 1
	arpReply   = 2
)

// arpPacket is an ARP packet for IPv4 over Ethernet (RFC 826).
type arpPacket struct {
	HardwareType, ProtocolType     uint16
	HardwareLength, ProtocolLength uint8
	Operation                      uint16
	SenderMAC                      [6]byte
	SenderIP                       [4]byte
	TargetMAC                      [6]byte
	TargetIP                       [4]byte
}

// WhoHas broadcasts an ARP request for the IPv4 address from the host's eth0
// and returns the MAC addresses, each once and sorted, that claim it within the
// window. Two of them are an address that is on two machines. The request is a
// probe with an all-zero sender (RFC 5227 §2.1.1): it changes no machine's
// neighbour table.
func (h *Host) WhoHas(address netip.Addr, window time.Duration) ([]net.HardwareAddr, error) {
	conn, mac, err := h.openARP()
	if err != nil {
		return nil, fmt.Errorf("ask who has %v: %w", address, err)
	}
	defer conn.Close()
	request := arpPacket{
		HardwareType: 1, ProtocolType: 0x0800, HardwareLength: 6, ProtocolLength: 4,
		Operation: arpRequest, SenderMAC: [6]byte(mac), TargetIP: address.As4(),
	}
	var frame bytes.Buffer
	binary.Write(&frame, binary.BigEndian, request)
	broadcast := &packet.Addr{HardwareAddr: net.HardwareAddr{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}}
	if _, err := conn.WriteTo(frame.Bytes(), broadcast); err != nil {
		return nil, fmt.Errorf("ask who has %v: %w", address, err)
	}
	if err := conn.SetReadDeadline(time.Now().Add(window)); err != nil {
		return nil, fmt.Errorf("ask who has %v: %w", address, err)
	}
	return collectReplies(conn, address)
}

func (h *Host) openARP() (conn *packet.Conn, mac net.HardwareAddr, err error) {
	err = h.Do(func() error {
		eth0, err := net.InterfaceByName("eth0")
		if err != nil {
			return err
		}
		mac = eth0.HardwareAddr
		conn, err = packet.Listen(eth0, packet.Datagram, etherTypeARP, nil)
		return err
	})
	return conn, mac, err
}

// collectReplies reads until the connection's deadline.
func collectReplies(conn *packet.Conn, address netip.Addr) ([]net.HardwareAddr, error) {
	var holders []net.HardwareAddr
	buf := make([]byte, 128)
	for {
		n, _, err := conn.ReadFrom(buf)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("wait for who has %v: %w", address, err)
		}
		var reply arpPacket
		if err := binary.Read(bytes.NewReader(buf[:n]), binary.BigEndian, &reply); err != nil {
			continue
		}
		if reply.Operation == arpReply && reply.SenderIP == address.As4() {
			holders = append(holders, bytes.Clone(reply.SenderMAC[:]))
		}
	}
	slices.SortFunc(holders, func(a, b net.HardwareAddr) int { return bytes.Compare(a, b) })
	return slices.CompactFunc(holders, func(a, b net.HardwareAddr) bool { return bytes.Equal(a, b) }), nil
}
