package network

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"twinlb/seed/netconfig"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

func TestExchange(t *testing.T) {
	enter(t)
	cable(t, "eth0")
	link := apply(t, networkOf(ethernet("traffic", "eth0", "198.51.100.1/24")))["traffic"]
	lease := func(address string, lifetime time.Duration, mtu int, gateways ...string) *Lease {
		l := &Lease{Address: netip.MustParsePrefix(address), Lifetime: lifetime, MTU: mtu}
		for _, g := range gateways {
			l.Routes = append(l.Routes, defaultRoute(g, 1024))
		}
		return l
	}
	first := lease("192.0.2.53/24", time.Hour, 1400, "192.0.2.1")
	longer := lease("192.0.2.53/24", 2*time.Hour, 1400, "192.0.2.1")
	other := lease("192.0.2.54/24", 0, 0, "192.0.2.2")
	for _, tt := range []struct {
		name     string
		old, new *Lease
		lifetime int // seconds
		mtu      int
		address  string
		routes   []string
	}{
		{"the first", nil, first, 3600, 1400, "192.0.2.53/24", []string{"0.0.0.0/0 via 192.0.2.1 metric 1024"}},
		{"extended", first, longer, 7200, 1400, "192.0.2.53/24", []string{"0.0.0.0/0 via 192.0.2.1 metric 1024"}},
		{"another", longer, other, 0, 1500, "192.0.2.54/24", []string{"0.0.0.0/0 via 192.0.2.2 metric 1024"}},
		{"lost", other, nil, 0, 1500, "", nil},
		{"lost again", other, nil, 0, 1500, "", nil},
		{"of IPv6", nil, lease("2001:db8::53/128", time.Hour, 0), 3600, 1500, "2001:db8::53/128", nil},
	} {
		if err := Exchange(link, tt.old, tt.new); err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
		want := []string{"198.51.100.1/24"}
		if tt.address != "" {
			want = append([]string{tt.address}, want...)
		}
		if strings.Contains(tt.address, ":") {
			want = []string{"198.51.100.1/24", tt.address}
		}
		expectAddresses(t, tt.name, link, want...)
		expectRoutes(t, tt.name, tt.routes...)
		now, err := netlink.LinkByIndex(link.Attrs().Index)
		if err != nil || now.Attrs().MTU != tt.mtu {
			t.Errorf("%s: the MTU is %d (%v), want %d", tt.name, now.Attrs().MTU, err, tt.mtu)
		}
		all, err := netlink.AddrList(link, netlink.FAMILY_ALL)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range all {
			if a.IPNet.String() != tt.address {
				continue
			}
			if permanent := a.Flags&unix.IFA_F_PERMANENT != 0; permanent != (tt.lifetime == 0) || !permanent && (a.ValidLft > tt.lifetime || a.ValidLft < tt.lifetime-5) {
				t.Errorf("%s: it lasts %d s (flags %x), want %d", tt.name, a.ValidLft, a.Flags, tt.lifetime)
			}
		}
	}
}

func TestExchangeGoesOnAfterWhatCannotBeDone(t *testing.T) {
	enter(t)
	cable(t, "eth0")
	link := apply(t, networkOf(ethernet("traffic", "eth0")))["traffic"]
	err := Exchange(link, nil, &Lease{
		Address: netip.MustParsePrefix("192.0.2.53/24"), MTU: 70000,
		Routes: []netconfig.Route{defaultRoute("198.51.100.1", 0), defaultRoute("192.0.2.1", 0)},
	})
	if err == nil || !strings.Contains(err.Error(), "198.51.100.1") || !strings.Contains(err.Error(), "70000") {
		t.Errorf("Exchange = %v, want an error that names the gateway and the MTU", err)
	}
	expectAddresses(t, "all the same", link, "192.0.2.53/24")
	expectRoutes(t, "all the same", "0.0.0.0/0 via 192.0.2.1 metric 0")
}

func TestMissing(t *testing.T) {
	enter(t)
	cable(t, "eth0")
	link := apply(t, networkOf(ethernet("traffic", "eth0", "192.0.2.53/24")))["traffic"]
	here, other, six := netip.MustParseAddr("192.0.2.53"), netip.MustParseAddr("192.0.2.54"), netip.MustParseAddr("2001:db8::53")
	if got := Missing(link, []netip.Addr{other, here, six}); len(got) != 2 || got[0] != other || got[1] != six {
		t.Errorf("Missing = %v, want %v and %v", got, other, six)
	}
}

func TestAddressThatIsTentativeIsMissing(t *testing.T) {
	enter(t)
	link, far, wall := cable(t, "eth0")
	for _, err := range []error{wall.LinkSetUp(far), netlink.LinkSetUp(link),
		netlink.AddrAdd(link, &netlink.Addr{IPNet: ipNet(netip.MustParsePrefix("2001:db8::53/64"))})} {
		if err != nil {
			t.Fatal(err)
		}
	}
	wanted := []netip.Addr{netip.MustParseAddr("2001:db8::53")}
	if got := Missing(link, wanted); len(got) != 1 {
		t.Errorf("while the kernel looks for others that have it: Missing = %v, want %v", got, wanted)
	}
	await(t, "the kernel to have looked", func() error {
		if got := Missing(link, wanted); len(got) > 0 {
			return fmt.Errorf("Missing = %v", got)
		}
		return nil
	})
}
