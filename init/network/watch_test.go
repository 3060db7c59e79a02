package network

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
)

func TestWatchTellsTheCarrierAndTheAddresses(t *testing.T) {
	enter(t)
	link, far, wall := cable(t, "eth0")
	lo, err := netlink.LinkByName("lo")
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range []netlink.Link{lo, link} { // lo runs all the time, which says nothing
		if err := netlink.LinkSetUp(l); err != nil {
			t.Fatal(err)
		}
	}
	tune(func(err error) { t.Error(err) }, settings, "")
	done := make(chan struct{})
	running, err := Watch(link, []netip.Addr{netip.MustParseAddr("192.0.2.53"), netip.MustParseAddr("2001:db8::53")}, done)
	if err != nil {
		t.Fatal(err)
	}
	expect := func(when string, carrier bool, missing ...string) {
		t.Helper()
		want := fmt.Sprint(carrier, missing)
		select {
		case is, ok := <-running:
			if got := fmt.Sprint(is.Carrier, is.Missing); !ok || got != want {
				t.Errorf("%s: %s (channel open: %t), want %s", when, got, ok, want)
			}
		case <-time.After(5 * time.Second):
			t.Fatalf("still waiting after 5 s for %s: %s", want, when)
		}
	}
	const v4, v6 = "192.0.2.53", "2001:db8::53"
	do := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	expect("up, and the cable is not plugged in", false, v4, v6)
	do(wall.LinkSetUp(far))
	expect("the cable is plugged in", true, v4, v6)
	lease := Lease{Address: netip.MustParsePrefix("192.0.2.53/24"), Lifetime: time.Second}
	do(Exchange(link, nil, &lease))
	expect("one address is there", true, v6)
	do(give(link, netip.MustParsePrefix("2001:db8::53/64"), 0))
	expect("both are", true)
	do(give(link, netip.MustParsePrefix("192.0.2.60/32"), 0)) // says nothing of them
	expect("the lifetime of one is over", true, v4)
	do(give(link, lease.Address, 0))
	expect("it is there again", true)
	do(netlink.LinkSetMTU(link, 1400)) // says nothing of the carrier
	do(wall.LinkSetDown(far))
	expect("the cable is pulled out", false)
	do(wall.LinkSetUp(far))
	expect("it is back", true)
	do(netlink.LinkSetDown(link))
	expect("the interface is down", false)

	close(done)
	select {
	case got, ok := <-running:
		if ok {
			t.Errorf("%v after the end, want a closed channel", got)
		}
	case <-time.After(5 * time.Second):
		t.Error("still waiting after 5 s for the channel to be closed")
	}
}

func TestPresenceTellsOfEachAddress(t *testing.T) {
	enter(t)
	link, _, _ := cable(t, "eth0")
	done := make(chan struct{})
	reports, err := WatchPresence(link, done)
	if err != nil {
		t.Fatal(err)
	}
	expect := func(address string, here bool) {
		t.Helper()
		select {
		case p := <-reports:
			if p.Address != netip.MustParseAddr(address) || p.Here != here || time.Since(p.At) > time.Minute {
				t.Errorf("%+v, want %s here: %t", p, address, here)
			}
		case <-time.After(5 * time.Second):
			t.Fatalf("still waiting after 5 s for %s here: %t", address, here)
		}
	}
	for _, address := range []string{"192.0.2.60/32", "2001:db8::60/128"} {
		prefix := netip.MustParsePrefix(address)
		if err := give(link, prefix, 0); err != nil {
			t.Fatal(err)
		}
		expect(prefix.Addr().String(), true)
		if _, err := Purge(link, []netip.Addr{prefix.Addr()}); err != nil {
			t.Fatal(err)
		}
		expect(prefix.Addr().String(), false)
	}
	close(done)
	select {
	case _, ok := <-reports:
		if ok {
			t.Error("a report after the end")
		}
	case <-time.After(5 * time.Second):
		t.Error("still waiting after 5 s for the end")
	}
}
