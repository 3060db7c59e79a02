package vrrp

import (
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

func TestListenerHearsAdverts(t *testing.T) {
	for _, tt := range []struct {
		name, from, to, vip string
		length              int
	}{
		{"IPv4", "192.168.100.54", "192.168.100.53", "192.168.100.60", 24},
		{"IPv6", "2001:db8::54", "2001:db8::53", "2001:db8::60", 64},
	} {
		t.Run(tt.name, func(t *testing.T) {
			from, to := netip.MustParseAddr(tt.from), netip.MustParseAddr(tt.to)
			there := twoNodes(t, netip.PrefixFrom(to, tt.length), netip.PrefixFrom(from, tt.length))
			l, err := Listen(to)
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			if got := l.Take(); got != nil {
				t.Errorf("heard before anything was sent: %v", got)
			}
			if err := netns.Set(there); err != nil {
				t.Fatal(err)
			}
			const lying = 100 * time.Millisecond
			want := []Heard{{From: from, VRID: 7, Interval: time.Second}, {From: from, VRID: 7, Interval: time.Second}}
			resign := func() (late time.Duration) {
				advert := Advert{VRID: 7, Interval: time.Second, VIPs: []netip.Addr{netip.MustParseAddr(tt.vip)}}
				if err := Resign(from, []netip.Addr{to}, advert); err != nil {
					t.Fatal(err)
				}
				if n, err := unix.Poll([]unix.PollFd{{Fd: int32(l.socket), Events: unix.POLLIN}}, 5000); n != 1 {
					t.Fatalf("wait for the first advert: %v", err)
				}
				arrived := time.Now()
				time.Sleep(lying) // what lies there for a while was heard then, not now
				got := l.Take()
				if diff := cmp.Diff(want, got, cmpopts.EquateComparable(netip.Addr{}), cmpopts.IgnoreFields(Heard{}, "At")); diff != "" {
					t.Fatalf("heard (-want +got):\n%s", diff)
				}
				return got[1].At.Sub(arrived)
			}
			// The kernel begins to note times a moment after it is asked to.
			var late time.Duration
			for range 20 {
				if late = resign(); late < lying/2 {
					return
				}
			}
			t.Errorf("heard %v after it had arrived, want when it did", late)
		})
	}
}

func TestWhatIsNoAdvertIsPassedOver(t *testing.T) {
	l := &Listener{v4: true}
	header := append([]byte{0x45}, make([]byte, 19)...)
	good := append(header, 0x31, 9, 250, 1, 0xf0|1, 0, 0, 0) // its reserved bits are not zero
	for _, tt := range []struct {
		name   string
		packet []byte
		ok     bool
	}{
		{"an advert", good, true},
		{"nothing", nil, false},
		{"a header alone", header, false},
		{"a header that says it is longer", append([]byte{0x4f}, good[1:]...), false},
		{"a header that says it is too short", append([]byte{0x44}, good[1:]...), false},
		{"VRRPv2", append(header, 0x21, 9, 250, 1, 0, 100, 0, 0), false},
		{"seven bytes", good[:27], false},
	} {
		h, ok := l.parse(tt.packet, sockaddr(lbB))
		if ok != tt.ok || ok && (h.From != lbB || h.VRID != 9 || h.Priority != 250 || h.Interval != 2560*time.Millisecond) {
			t.Errorf("%s: %+v, %t, want %t", tt.name, h, ok, tt.ok)
		}
	}
}
