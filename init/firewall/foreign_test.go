package firewall

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"

	"twinlb/init/conflict"

	"github.com/google/go-cmp/cmp"
	"github.com/vishvananda/netlink"
)

// advert begins like one of VRRPv3 of the virtual router.
func advert(vrid byte) string { return string([]byte{0x31, vrid, 100, 1, 0, 100, 0, 0}) }

func TestForeignAdvertsAreNoted(t *testing.T) {
	for _, tt := range []struct {
		name                 string
		rules                Rules
		node, peer, stranger netip.Addr
	}{
		{"IPv4", example, node, peer, stranger},
		{"IPv6", overIPv6(), node6, peer6, stranger6},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := apply(t, tt.rules)
			expectForeign := func(want ...netip.Addr) {
				t.Helper()
				got, err := Foreign()
				w.must(err)
				slices.SortFunc(got, netip.Addr.Compare)
				if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); diff != "" {
					t.Errorf("who else advertises (-want +got):\n%s", diff)
				}
			}
			w.fromFar(func() {
				w.advertise(tt.peer, tt.node, 255, advert(100))
				w.advertise(tt.stranger, tt.node, 255, advert(99)) // of a virtual router of its own
			})
			w.await("refused adverts", 1, packets(AdvertsRefused))
			w.await("heard adverts", 1, packets(AdvertsHeard))
			expectForeign()
			w.fromFar(func() {
				for range 2 {
					w.advertise(tt.stranger, tt.node, 255, advert(100))
				}
			})
			w.await("refused adverts", 3, packets(AdvertsRefused))
			w.await("foreign adverts", 2, packets(AdvertsForeign))
			expectForeign(tt.stranger)
		})
	}
}

// Who forges sources can't have more kept than there is room for, and all that it
// sends is refused and counted.
func TestForeignAdvertsAreBounded(t *testing.T) {
	w := apply(t, example)
	w.fromFar(func() {
		eth0, err := netlink.LinkByName("eth0")
		w.must(err)
		for i := range 3 * mostForeign {
			source := netip.MustParseAddr(fmt.Sprintf("192.0.2.%d", 100+i))
			address, err := netlink.ParseAddr(source.String() + "/24")
			w.must(err)
			w.must(netlink.AddrReplace(eth0, address))
			w.advertise(source, node, 255, advert(100))
		}
	})
	w.await("refused adverts", 3*mostForeign, packets(AdvertsRefused))
	w.await("foreign adverts", 3*mostForeign, packets(AdvertsForeign))
	if all, err := Foreign(); err != nil || len(all) != mostForeign {
		t.Errorf("%d sources are kept (%v), want %d", len(all), err, mostForeign)
	}
}

// Routers advertise to a group of which no node would be a member.
func TestAdvertsToAllRoutersAreNoted(t *testing.T) {
	for _, tt := range []struct {
		name            string
		stranger, group netip.Addr
	}{
		{"IPv4", stranger, netip.MustParseAddr("224.0.0.18")},
		{"IPv6", stranger6, netip.MustParseAddr("ff02::12")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := apply(t, example)
			member, err := conflict.JoinRouters(w.eth0, tt.group.Is6())
			w.must(err)
			defer member.Close()
			w.fromFar(func() { w.advertise(tt.stranger, tt.group, 255, advert(100)) })
			w.await("foreign adverts", 1, packets(AdvertsForeign))
			if all, err := Foreign(); err != nil || len(all) != 1 || all[0] != tt.stranger {
				t.Errorf("Foreign = %v, %v, want %v", all, err, tt.stranger)
			}
		})
	}
}
