package conformance

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"time"
)

// Numbers of protocols: IEEE 802, IANA.
const (
	etherTypeIPv4 = 0x0800
	etherTypeARP  = 0x0806
	etherTypeIPv6 = 0x86dd

	protocolICMPv6 = 58
	protocolVRRP   = 112

	networkControl = 0xc0 // class of traffic, RFC 2474 §4.2.2
)

var (
	broadcast   = net.HardwareAddr{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}
	allNodesMAC = net.HardwareAddr{0x33, 0x33, 0, 0, 0, 1}
	allNodes    = netip.MustParseAddr("ff02::1")
)

// frame is an Ethernet frame without a VLAN tag.
type frame struct {
	at        time.Time // when the switch had it
	to, from  net.HardwareAddr
	etherType uint16
	payload   []byte
}

func parseFrame(at time.Time, data []byte) (frame, error) {
	if len(data) < 14 {
		return frame{}, fmt.Errorf("a frame has %d bytes, want 14 at least", len(data))
	}
	return frame{
		at: at, to: data[:6], from: data[6:12],
		etherType: binary.BigEndian.Uint16(data[12:]), payload: data[14:],
	}, nil
}

// packet is an IP packet, without what Ethernet pads it with.
type packet struct {
	source, destination netip.Addr
	protocol            byte
	hops                byte // TTL or hop limit
	class               byte // type of service or traffic class
	body                []byte
}

// parsePacket takes IPv4 without options and fragments, and IPv6 without extension
// headers: there is no reason for any of them in what is judged here.
func parsePacket(f frame) (packet, error) {
	if f.etherType == etherTypeIPv4 {
		return parseIPv4(f.payload)
	}
	return parseIPv6(f.payload)
}

func parseIPv4(data []byte) (packet, error) {
	switch {
	case len(data) < 20 || data[0] != 4<<4|5:
		return packet{}, fmt.Errorf("IPv4: % x is no header of 20 bytes", data[:min(len(data), 20)])
	case sum(data[:20]) != 0xffff:
		return packet{}, fmt.Errorf("IPv4: the header's sum is %#04x, want 0xffff", sum(data[:20]))
	case binary.BigEndian.Uint16(data[6:])&0xbfff != 0:
		return packet{}, fmt.Errorf("IPv4: flags and fragment offset are %#04x, want no fragment", binary.BigEndian.Uint16(data[6:]))
	}
	total := int(binary.BigEndian.Uint16(data[2:]))
	if total < 20 || total > len(data) {
		return packet{}, fmt.Errorf("IPv4: the total length is %d, and there are %d bytes", total, len(data))
	}
	return packet{
		source: netip.AddrFrom4([4]byte(data[12:])), destination: netip.AddrFrom4([4]byte(data[16:])),
		protocol: data[9], hops: data[8], class: data[1], body: data[20:total],
	}, nil
}

func parseIPv6(data []byte) (packet, error) {
	if len(data) < 40 || data[0]>>4 != 6 {
		return packet{}, fmt.Errorf("IPv6: % x is no header", data[:min(len(data), 40)])
	}
	length := int(binary.BigEndian.Uint16(data[4:]))
	if length > len(data)-40 {
		return packet{}, fmt.Errorf("IPv6: the payload length is %d, and there are %d bytes", length, len(data)-40)
	}
	return packet{
		source: netip.AddrFrom16([16]byte(data[8:])), destination: netip.AddrFrom16([16]byte(data[24:])),
		protocol: data[6], hops: data[7], class: data[0]<<4 | data[1]>>4, body: data[40 : 40+length],
	}, nil
}

// sum is the one's complement sum of RFC 1071. It is 0xffff over data with a right
// checksum in it.
func sum(data []byte) uint16 {
	var total uint32
	for i, b := range data {
		total += uint32(b) << (8 * (1 - i%2))
	}
	for total > 0xffff {
		total = total>>16 + total&0xffff
	}
	return uint16(total)
}

// sumWithPseudoHeader is that of the packet's body behind the pseudo-header of
// RFC 8200 §8.1, or of RFC 9293 §3.1 for IPv4.
func (p packet) sumWithPseudoHeader() uint16 {
	var data bytes.Buffer
	data.Write(p.source.AsSlice())
	data.Write(p.destination.AsSlice())
	data.Write([]byte{0, p.protocol})
	data.Write(binary.BigEndian.AppendUint16(nil, uint16(len(p.body))))
	data.Write(p.body)
	return sum(data.Bytes())
}
