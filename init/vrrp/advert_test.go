package vrrp

import (
	"encoding/hex"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var (
	lbA = netip.MustParseAddr("192.168.100.53")
	lbB = netip.MustParseAddr("192.168.100.54")
	vip = netip.MustParseAddr("192.168.100.60")
)

// What keepalived 2.3.3 sent with the configuration of examples/pair.yaml, after
// the IP header: as master, and when it was stopped. The same over IPv6, with two
// VIPs, and one of IPv4 in virtual_ipaddress_excluded.
func TestAdvertIsTheOneThatKeepalivedSends(t *testing.T) {
	for _, tt := range []struct {
		name     string
		from, to netip.Addr
		priority uint8
		vips     []netip.Addr
		want     string
	}{
		{"lb-a is master", lbA, lbB, 250, []netip.Addr{vip}, "3164fa0100146567c0a8643c"},
		{"lb-b stops", lbB, lbA, 0, []netip.Addr{vip}, "3164000100145f68c0a8643c"},
		{
			"over IPv6", netip.MustParseAddr("2001:db8::53"), netip.MustParseAddr("2001:db8::54"), 250,
			[]netip.Addr{netip.MustParseAddr("2001:db8::60"), netip.MustParseAddr("2001:db8::61")},
			"3164fa0200141ba0" + "20010db8000000000000000000000060" + "20010db8000000000000000000000061",
		},
	} {
		advert := Advert{VRID: 100, Priority: tt.priority, Interval: 200 * time.Millisecond, VIPs: tt.vips}
		got, err := advert.Encode(tt.from, tt.to)
		if diff := cmp.Diff(tt.want, hex.EncodeToString(got)); err != nil || diff != "" {
			t.Errorf("%s: Encode: %v (-keepalived +Encode)\n%s", tt.name, err, diff)
		}
	}
}

func TestIntervalIsRoundedAsInTheConfiguration(t *testing.T) {
	for interval, want := range map[time.Duration]string{
		10 * time.Millisecond:    "0001",
		56 * time.Millisecond:    "0006",
		time.Second:              "0064",
		40950 * time.Millisecond: "0fff",
	} {
		got, err := Advert{VRID: 1, Interval: interval, VIPs: []netip.Addr{vip}}.Encode(lbA, lbB)
		if err != nil || hex.EncodeToString(got[4:6]) != want {
			t.Errorf("interval %s: Encode = %x, %v, want %s in bytes 4 and 5", interval, got, err, want)
		}
	}
}

func TestAdvertThatCannotBeSentIsRefused(t *testing.T) {
	six := netip.MustParseAddr("2001:db8::60")
	for _, tt := range []struct {
		name     string
		from, to netip.Addr
		advert   Advert
		want     string
	}{
		{"no sender", netip.Addr{}, lbB, Advert{Interval: time.Second, VIPs: []netip.Addr{vip}}, "one family"},
		{"no addresses", netip.Addr{}, netip.Addr{}, Advert{Interval: time.Second, VIPs: []netip.Addr{vip}}, "one family"},
		{"two families", lbA, six, Advert{Interval: time.Second, VIPs: []netip.Addr{vip}}, six.String()},
		{"no interval", lbA, lbB, Advert{VIPs: []netip.Addr{vip}}, "interval is 0s"},
		{"13 bits", lbA, lbB, Advert{Interval: 40960 * time.Millisecond, VIPs: []netip.Addr{vip}}, "interval is 40.96s"},
		{"no VIPs", lbA, lbB, Advert{Interval: time.Second}, "0 VIPs"},
		{"too many VIPs", lbA, lbB, Advert{Interval: time.Second, VIPs: make([]netip.Addr, 256)}, "256 VIPs"},
		{"VIP of the other family", lbA, lbB, Advert{Interval: time.Second, VIPs: []netip.Addr{vip, six}}, six.String()},
		{"VIP that is none", lbA, lbB, Advert{Interval: time.Second, VIPs: make([]netip.Addr, 1)}, "invalid IP"},
	} {
		got, err := tt.advert.Encode(tt.from, tt.to)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: Encode = %x, %v, want an error with %q", tt.name, got, err, tt.want)
		}
	}
}
