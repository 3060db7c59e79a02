package network

import (
	"net"
	"net/netip"
	"testing"

	"twinlb/seed/netconfig"

	"github.com/vishvananda/netlink"
)

// change goes from one network to another, in which nothing may be amiss.
func change(t *testing.T, old, new netconfig.Network) Links {
	t.Helper()
	links, err := Change(old, new, 0, func(err error) { t.Errorf("Change warns: %v", err) })
	if err != nil {
		t.Fatalf("Change: %v", err)
	}
	return links
}

func TestChangeTakesAwayWhatOnlyTheOldNetworkHas(t *testing.T) {
	enter(t)
	cable(t, "eth0")
	cable(t, "eth1")
	traffic := ethernet("traffic", "eth0", "192.0.2.53/24", "192.0.2.54/24", "2001:db8::53/64", "2001:db8::54/64")
	traffic.MTU = 1400
	traffic.Routes = []netconfig.Route{defaultRoute("192.0.2.1", 0), defaultRoute("2001:db8::1", 0), defaultRoute("192.0.2.2", 9)}
	other := ethernet("management", "eth1", "198.51.100.1/24")
	other.Name = "mgmt"
	old := networkOf(traffic, other)
	before := apply(t, old)

	kept := ethernet("lan", "eth0", "192.0.2.53/24", "2001:db8::53/64") // the ID says nothing
	kept.Routes = traffic.Routes[1:2]
	new := networkOf(kept)
	link := before["traffic"]
	vip := netip.MustParsePrefix("192.0.2.60/32") // keepalived's
	if err := give(link, vip, 0); err != nil {
		t.Fatal(err)
	}
	untouched := make(chan netlink.AddrUpdate, 100)
	done := make(chan struct{})
	defer close(done)
	if err := netlink.AddrSubscribe(untouched, done); err != nil {
		t.Fatal(err)
	}
	for _, when := range []string{"after the change", "after it was made again"} {
		link = change(t, old, new)["lan"]
		expectAddresses(t, when, link, "192.0.2.53/24", "192.0.2.60/32", "2001:db8::53/64")
		expectRoutes(t, when, "::/0 via 2001:db8::1 metric 1024")
		if link.Attrs().MTU != 1500 {
			t.Errorf("%s the MTU is %d, want 1500", when, link.Attrs().MTU)
		}
		gone, err := netlink.LinkByIndex(before["management"].Attrs().Index)
		if err != nil {
			t.Fatal(err)
		}
		expectAddresses(t, when+" of the card that is not used", gone)
		if gone.Attrs().Flags&net.FlagUp != 0 {
			t.Errorf("%s the card that is not used is up", when)
		}
	}
	for len(untouched) > 0 {
		if u := <-untouched; !u.NewAddr && (u.LinkAddress.IP.Equal(net.ParseIP("192.0.2.53")) || u.LinkAddress.IP.Equal(net.ParseIP("2001:db8::53"))) {
			t.Errorf("%s was taken off, which both networks have", u.LinkAddress.IP)
		}
	}

	links := change(t, new, old)
	expectAddresses(t, "after it was undone", links["traffic"], "192.0.2.53/24", "192.0.2.54/24", "192.0.2.60/32", "2001:db8::53/64", "2001:db8::54/64")
	expectAddresses(t, "after it was undone", links["management"], "198.51.100.1/24")
	expectRoutes(t, "after it was undone", "0.0.0.0/0 via 192.0.2.1 metric 0", "0.0.0.0/0 via 192.0.2.2 metric 9", "::/0 via 2001:db8::1 metric 1024")
	if name := links["management"].Attrs().Name; name != "mgmt" {
		t.Errorf("after it was undone the other card is %s, want mgmt", name)
	}
}

func TestChangeToAnotherCardMovesTheAddress(t *testing.T) {
	enter(t)
	cable(t, "eth0")
	cable(t, "eth1")
	on := func(card string) netconfig.Network { return networkOf(ethernet("traffic", card, "192.0.2.53/24")) }
	before := apply(t, on("eth0"))["traffic"]
	expectAddresses(t, "of the new card", change(t, on("eth0"), on("eth1"))["traffic"], "192.0.2.53/24")
	expectAddresses(t, "of the old card", before)
}

func TestChangeToWhatIsNotThereChangesNothing(t *testing.T) {
	enter(t)
	cable(t, "eth0")
	old := networkOf(ethernet("traffic", "eth0", "192.0.2.53/24"))
	link := apply(t, old)["traffic"]
	if _, err := Change(old, networkOf(ethernet("traffic", "eth7", "192.0.2.54/24")), 0, func(error) {}); err == nil {
		t.Error("Change to a card that does not exist: no error")
	}
	expectAddresses(t, "after a change that cannot be", link, "192.0.2.53/24")
}
