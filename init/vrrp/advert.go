// Package vrrp speaks VRRPv3 (RFC 9568) for a keepalived that cannot any more: it
// tells the peers that this node has given the VIP up.
//
// It elects nobody; that is keepalived's. It hears adverts for whoever wants to know
// afterwards what was heard. Nor does it take the VIP off the interface; that is
// network.Purge's.
package vrrp

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"time"

	"twinlb/init/checksum"
)

// Protocol is VRRP's number, RFC 9568 §5.1.1.4.
const Protocol = 112

// version and type of an advertisement, RFC 9568 §5.2.1 and §5.2.2.
const advertisement = 3<<4 | 1

// Advert is a VRRPv3 advertisement, RFC 9568 §5.2.
type Advert struct {
	VRID     uint8
	Priority uint8         // 0: the sender no longer takes part
	Interval time.Duration // sent as hundredths of a second, at most 40.95 s
	VIPs     []netip.Addr  // 1 to 255, all of the sender's address family
}

// Encode returns the advert as it follows the IP header in a packet from one
// address to the other: 8 bytes, then 4 or 16 for each VIP. The checksum covers
// the pseudo-header of IPv4 as well as that of IPv6, as RFC 5798 §5.2.8 has it:
// RFC 9568 leaves that of IPv4 out, and keepalived 2.3.3 drops what follows it.
func (a Advert) Encode(from, to netip.Addr) ([]byte, error) {
	interval := a.Interval.Round(10*time.Millisecond) / (10 * time.Millisecond)
	switch {
	case !from.IsValid() || from.BitLen() != to.BitLen():
		return nil, fmt.Errorf("make an advert from %s to %s: these must be two addresses of one family", from, to)
	case interval < 1 || interval > 1<<12-1:
		return nil, fmt.Errorf("make an advert from %s: the interval is %s; it must be 10 ms to 40.95 s", from, a.Interval)
	case len(a.VIPs) < 1 || len(a.VIPs) > 255:
		return nil, fmt.Errorf("make an advert from %s: there are %d VIPs; it must be 1 to 255", from, len(a.VIPs))
	}
	advert := []byte{advertisement, a.VRID, a.Priority, byte(len(a.VIPs))}
	advert = binary.BigEndian.AppendUint16(advert, uint16(interval))
	advert = append(advert, 0, 0)
	for _, vip := range a.VIPs {
		if vip.BitLen() != from.BitLen() {
			return nil, fmt.Errorf("make an advert from %s: the VIP %s must be of the same address family", from, vip)
		}
		advert = append(advert, vip.AsSlice()...)
	}
	binary.BigEndian.PutUint16(advert[6:], checksum.Of(Protocol, from, to, advert))
	return advert, nil
}
