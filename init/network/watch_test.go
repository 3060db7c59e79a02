package network

import (
	"testing"
	"time"

	"github.com/vishvananda/netlink"
)

func TestWatchTellsTheCarrier(t *testing.T) {
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
	done := make(chan struct{})
	running, err := Watch(link, done)
	if err != nil {
		t.Fatal(err)
	}
	expect := func(when string, want bool) {
		t.Helper()
		select {
		case got, ok := <-running:
			if !ok || got != want {
				t.Errorf("%s: running = %t (channel open: %t), want %t", when, got, ok, want)
			}
		case <-time.After(5 * time.Second):
			t.Fatalf("still waiting after 5 s for running = %t: %s", want, when)
		}
	}
	do := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	expect("up, and the cable is not plugged in", false)
	do(wall.LinkSetUp(far))
	expect("the cable is plugged in", true)
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
			t.Errorf("running = %t after the end, want a closed channel", got)
		}
	case <-time.After(5 * time.Second):
		t.Error("still waiting after 5 s for the channel to be closed")
	}
}
