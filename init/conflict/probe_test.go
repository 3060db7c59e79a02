package conflict

import (
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var addresses = cmp.Comparer(func(a, b netip.Addr) bool { return a == b })

// probe returns the claims, and how long that took.
func probe(t *testing.T, w *wire, addresses ...netip.Addr) ([]Claim, time.Duration) {
	t.Helper()
	began := time.Now()
	wait, err := Probe(w.near, addresses)
	if err != nil {
		t.Fatal(err)
	}
	claims := wait()
	return claims, time.Since(began)
}

func TestProbeFindsWhoHasAnAddress(t *testing.T) {
	w := newWire(t)
	w.give(node, node6, other)
	got, took := probe(t, w, node, node6)
	want := []Claim{{node, w.farMAC()}, {node6, w.farMAC()}}
	if diff := cmp.Diff(want, got, addresses); diff != "" {
		t.Errorf("claims (-want +got):\n%s", diff)
	}
	if took > 300*time.Millisecond {
		t.Errorf("it took %v, want 80 ms and some", took)
	}
}

func TestProbeFindsNobodyWhereNobodyIs(t *testing.T) {
	w := newWire(t)
	w.give(other, vip, vip6)
	w.farSocket(node, node6).Ask(node, node6) // a switch that looks for hosts, or a second one of this node
	if got, _ := probe(t, w, node, node6); len(got) > 0 {
		t.Errorf("claims are %v, want none", got)
	}
}

// What was claimed once may be forged, and nobody may keep a node away by one packet.
func TestOneClaimIsNotEnough(t *testing.T) {
	w := newWire(t)
	forger := w.farSocket(node, node6)
	wait, err := Probe(w.near, []netip.Addr{node, node6})
	w.must(err)
	w.must(forger.sockets[0].send(arp(arpRequest, w.farMAC(), node, other), broadcast))
	w.must(forger.Announce(node6))
	if got := wait(); len(got) > 0 {
		t.Errorf("claims are %v, want none", got)
	}
}

func TestProbeOfALinkThatIsDownIsSilent(t *testing.T) {
	w := newWire(t)
	w.give(node)
	w.must(w.wall.LinkSetDown(w.far))
	if got, took := probe(t, w, node, node6); len(got) > 0 || took > time.Second {
		t.Errorf("claims are %v after %v, want none at once", got, took)
	}
}
