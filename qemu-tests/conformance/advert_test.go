package conformance

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"time"
)

// advert is a VRRP advertisement, RFC 9568 §5.2.
type advert struct {
	at       time.Time
	mac      string // of the sender
	from, to netip.Addr
	vrid     uint8
	priority uint8
	interval time.Duration // Max Advertise Interval
	vips     []netip.Addr
}

func (a advert) String() string {
	return fmt.Sprintf("priority %d, VRID %d, each %v, for %v, from %v to %v", a.priority, a.vrid, a.interval, a.vips, a.from, a.to)
}

// parseAdvert returns an error for what a node must not send.
func parseAdvert(f frame, p packet) (advert, error) {
	a, err := parseVRRP(p)
	a.at, a.mac = f.at, f.from.String()
	if err != nil {
		return advert{}, fmt.Errorf("advert from %v: %w", p.source, err)
	}
	return a, nil
}

func parseVRRP(p packet) (advert, error) {
	size := p.source.BitLen() / 8
	data := p.body
	if len(data) < 8 {
		return advert{}, fmt.Errorf("it has %d bytes, want 8 at least", len(data))
	}
	count := int(data[3])
	interval := binary.BigEndian.Uint16(data[4:])
	switch {
	case p.hops != 255: // §5.1.1.3, §5.1.2.3
		return advert{}, fmt.Errorf("TTL or hop limit is %d, want 255", p.hops)
	case p.class != networkControl:
		return advert{}, fmt.Errorf("the traffic class is %#02x, want %#02x", p.class, networkControl)
	case p.source.IsMulticast() || p.source.IsUnspecified():
		return advert{}, fmt.Errorf("the source is %v, want an address of the node", p.source)
	case data[0]>>4 != 3: // §5.2.1
		return advert{}, fmt.Errorf("the version is %d, want 3", data[0]>>4)
	case data[0]&0xf != 1: // §5.2.2
		return advert{}, fmt.Errorf("the type is %d, want 1", data[0]&0xf)
	case data[1] == 0: // §5.2.3
		return advert{}, fmt.Errorf("the VRID is 0, want 1 to 255")
	case count == 0: // §5.2.5
		return advert{}, fmt.Errorf("it has no addresses")
	case interval>>12 != 0: // §5.2.6
		return advert{}, fmt.Errorf("the reserved bits are %#x, want 0", interval>>12)
	case interval == 0:
		return advert{}, fmt.Errorf("the interval is 0")
	case len(data) != 8+count*size:
		return advert{}, fmt.Errorf("it has %d bytes, want %d for %d addresses", len(data), 8+count*size, count)
	case p.sumWithPseudoHeader() != 0xffff: // §5.2.8
		return advert{}, fmt.Errorf("the sum with the checksum %#04x is %#04x, want 0xffff",
			binary.BigEndian.Uint16(data[6:]), p.sumWithPseudoHeader())
	}
	a := advert{
		from: p.source, to: p.destination, vrid: data[1], priority: data[2],
		interval: time.Duration(interval) * 10 * time.Millisecond,
	}
	for i := range count {
		vip, _ := netip.AddrFromSlice(data[8+i*size:][:size])
		a.vips = append(a.vips, vip)
	}
	return a, nil
}

// encode returns the packet's body, for adverts that no node sends.
func (a advert) encode() []byte {
	data := []byte{3<<4 | 1, a.vrid, a.priority, byte(len(a.vips))}
	data = binary.BigEndian.AppendUint16(data, uint16(a.interval/(10*time.Millisecond)))
	data = append(data, 0, 0)
	for _, vip := range a.vips {
		data = append(data, vip.AsSlice()...)
	}
	return data
}
