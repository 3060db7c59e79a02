package network

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vishvananda/netlink"
)

func TestPurgeTakesTheVIPsOffAndNothingElse(t *testing.T) {
	enter(t)
	cable(t, "eth0")
	link := apply(t, networkOf(ethernet("traffic", "eth0", "192.0.2.53/24")))["traffic"]
	for _, address := range []string{"192.0.2.60/32", "192.0.2.62/32", "192.0.2.61/24", "2001:db8::60/128"} {
		if err := netlink.AddrAdd(link, &netlink.Addr{IPNet: ipNet(netip.MustParsePrefix(address))}); err != nil {
			t.Fatal(err)
		}
	}
	// 192.0.2.61 is there as the address of a subnet, which is not keepalived's.
	vips := []netip.Addr{netip.MustParseAddr("192.0.2.60"), netip.MustParseAddr("192.0.2.63"), netip.MustParseAddr("192.0.2.62"), netip.MustParseAddr("2001:db8::60")}
	got, err := Purge(link, vips)
	if want := []netip.Addr{vips[0], vips[2], vips[3]}; err != nil || !slices.Equal(got, want) {
		t.Errorf("Purge = %v, %v, want %v", got, err, want)
	}
	if diff := cmp.Diff([]string{"192.0.2.53/24", "192.0.2.61/24"}, addresses(t, link)); diff != "" {
		t.Errorf("addresses after Purge (-want +got):\n%s", diff)
	}
	if got, err := Purge(link, vips); err != nil || len(got) != 0 {
		t.Errorf("Purge again = %v, %v, want none", got, err)
	}
}

func TestPurgeFromALinkThatIsGoneIsAnError(t *testing.T) {
	enter(t)
	link, _, _ := cable(t, "eth0")
	if err := netlink.LinkDel(link); err != nil {
		t.Fatal(err)
	}
	got, err := Purge(link, []netip.Addr{netip.MustParseAddr("192.0.2.60"), netip.MustParseAddr("192.0.2.61")})
	for _, want := range []string{"192.0.2.60/32 off eth0", "192.0.2.61/32 off eth0"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Purge = %v, %v, want an error with %q", got, err, want)
		}
	}
}
