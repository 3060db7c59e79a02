package lab

import (
	"bytes"
	"encoding/binary"
	"net"
	"net/netip"

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

// claimant is who says in the packet that it has the address; nil when the packet
// says something else.
func claimant(data []byte, address netip.Addr) net.HardwareAddr {
	var reply arpPacket
	if err := binary.Read(bytes.NewReader(data), binary.BigEndian, &reply); err != nil {
		return nil
	}
	if reply.Operation != arpReply || reply.SenderIP != address.As4() {
		return nil
	}
	return bytes.Clone(reply.SenderMAC[:])
}

// askARP broadcasts a probe with an all-zero sender (RFC 5227 §2.1.1): it changes no
// machine's neighbour table.
func askARP(conn *packet.Conn, mac net.HardwareAddr, address netip.Addr) error {
	request := arpPacket{
		HardwareType: 1, ProtocolType: 0x0800, HardwareLength: 6, ProtocolLength: 4,
		Operation: arpRequest, SenderMAC: [6]byte(mac), TargetIP: address.As4(),
	}
	var frame bytes.Buffer
	binary.Write(&frame, binary.BigEndian, request)
	broadcast := &packet.Addr{HardwareAddr: net.HardwareAddr{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}}
	_, err := conn.WriteTo(frame.Bytes(), broadcast)
	return err
}
