package lab

import (
	"bytes"
	"encoding/binary"
	"net"
	"net/netip"

	"github.com/mdlayher/packet"
)

const (
	etherTypeIPv6 = 0x86dd
	icmpv6        = 58 // RFC 4443

	neighbourSolicitation  = 135 // RFC 4861 §4.3
	neighbourAdvertisement = 136 // RFC 4861 §4.4
	targetLinkLayer        = 2   // option, RFC 4861 §4.6.1
)

// ndpPacket is a neighbour solicitation or the advertisement that answers it.
type ndpPacket struct {
	VersionClassFlow     uint32
	PayloadLength        uint16
	NextHeader, HopLimit uint8
	Source, Destination  [16]byte

	Type, Code uint8
	Checksum   uint16
	Flags      uint32
	Target     [16]byte
}

const ndpPayload = 24 // without options

// solicit asks everybody who may have the address, as one does that wants it for
// itself (RFC 4862 §5.4.2): the answer goes to all nodes, and no neighbour table
// changes.
func solicit(conn *packet.Conn, address netip.Addr) error {
	target := address.As16()
	group := netip.MustParseAddr("ff02::1:ff00:0").As16()
	copy(group[13:], target[13:])
	p := ndpPacket{
		VersionClassFlow: 6 << 28, PayloadLength: ndpPayload, NextHeader: icmpv6, HopLimit: 255,
		Destination: group, Type: neighbourSolicitation, Target: target,
	}
	p.Checksum = p.checksum()
	var frame bytes.Buffer
	binary.Write(&frame, binary.BigEndian, p)
	to := &packet.Addr{HardwareAddr: append(net.HardwareAddr{0x33, 0x33}, group[12:]...)}
	_, err := conn.WriteTo(frame.Bytes(), to)
	return err
}

// checksum is that of RFC 4443 §2.3, for a packet without options.
func (p ndpPacket) checksum() uint16 {
	var b bytes.Buffer
	binary.Write(&b, binary.BigEndian, struct {
		Source, Destination [16]byte
		Length, NextHeader  uint32
		Type, Code          uint8
		Checksum            uint16
		Flags               uint32
		Target              [16]byte
	}{p.Source, p.Destination, ndpPayload, icmpv6, p.Type, p.Code, 0, p.Flags, p.Target})
	var sum uint32
	for data := b.Bytes(); len(data) > 0; data = data[2:] {
		sum += uint32(binary.BigEndian.Uint16(data))
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return ^uint16(sum)
}

// advertiser is who says in the packet that it has the address; nil when the packet
// says something else.
func advertiser(data []byte, address netip.Addr) net.HardwareAddr {
	var p ndpPacket
	r := bytes.NewReader(data)
	if err := binary.Read(r, binary.BigEndian, &p); err != nil {
		return nil
	}
	if p.NextHeader != icmpv6 || p.Type != neighbourAdvertisement || p.Target != address.As16() {
		return nil
	}
	var option struct {
		Type, Length uint8
		MAC          [6]byte
	}
	if err := binary.Read(r, binary.BigEndian, &option); err != nil || option.Type != targetLinkLayer {
		return nil
	}
	return bytes.Clone(option.MAC[:])
}
