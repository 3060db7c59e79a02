package conflict

import (
	"fmt"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/vishvananda/netlink"
)

func watch(t *testing.T, w *wire, addresses ...netip.Addr) *Watcher {
	t.Helper()
	watcher, err := Watch(w.near, addresses)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(watcher.Close)
	return watcher
}

func TestWatcherHearsWhoClaims(t *testing.T) {
	w := newWire(t)
	watcher := watch(t, w, ours...)
	stranger := w.farSocket(append(ours, other)...)
	for _, address := range []netip.Addr{vip, vip6, node, node6} {
		// That others have addresses of their own is nobody's business, and a probe
		// claims nothing.
		w.must(stranger.Announce(other))
		w.must(stranger.Ask(address))
		w.must(stranger.Announce(address))
		want := Claim{address, w.farMAC()}
		if diff := cmp.Diff(want, next(t, watcher), addresses); diff != "" {
			t.Errorf("claim (-want +got):\n%s", diff)
		}
		if address.Is4() { // the answer beside the request
			next(t, watcher)
		}
	}
}

func TestWatcherHearsAnswersToWhatItAsks(t *testing.T) {
	w := newWire(t)
	w.give(vip, vip6)
	watcher := watch(t, w, ours...)
	for _, address := range []netip.Addr{vip, vip6} {
		w.must(watcher.Ask(address))
		if got := next(t, watcher); got.Address != address {
			t.Errorf("claim of %v, want of %v", got.Address, address)
		}
	}
}

// Announcements count where somebody has talked to the address before.
func TestAnnouncementIsLearned(t *testing.T) {
	w := newWire(t)
	watcher := watch(t, w, ours...)
	w.give(other, netip.MustParseAddr("2001:db8::99"))
	wrong := net.HardwareAddr{0x52, 0x54, 0, 0, 0, 0x99}
	for _, address := range []netip.Addr{vip, vip6} {
		entry := &netlink.Neigh{
			LinkIndex: w.far.Attrs().Index, IP: address.AsSlice(), HardwareAddr: wrong, State: netlink.NUD_STALE,
		}
		w.must(w.wall.NeighSet(entry))
		w.must(watcher.Announce(address))
		await(t, fmt.Sprintf("%v is known to be on the near end", address), func() bool {
			all, err := w.wall.NeighList(w.far.Attrs().Index, netlink.FAMILY_ALL)
			w.must(err)
			for _, n := range all {
				if n.IP.Equal(address.AsSlice()) {
					return n.HardwareAddr.String() == w.near.Attrs().HardwareAddr.String()
				}
			}
			return false
		})
	}
}

// A link that goes down and comes back is watched as before.
func TestWatcherOutlivesItsCarrier(t *testing.T) {
	w := newWire(t)
	watcher := watch(t, w, ours...)
	for _, change := range []func(netlink.Link) error{netlink.LinkSetDown, netlink.LinkSetUp} {
		w.must(change(w.near))
	}
	stranger := w.farSocket(ours...)
	for _, address := range []netip.Addr{vip, vip6} {
		w.must(stranger.Announce(address))
		for next(t, watcher).Address != address {
		}
	}
}

func TestWatcherEnds(t *testing.T) {
	w := newWire(t)
	watcher := watch(t, w, ours...)
	watcher.Close()
	for range watcher.Claims {
	}
}

// Who takes no claims, or is slow, does not keep a socket from its end.
func TestClaimsWithoutRoomAreLost(t *testing.T) {
	w := newWire(t)
	sockets, err := open(w.near, []netip.Addr{vip})
	w.must(err)
	defer closeAll(sockets)
	w.must(w.farSocket(vip).Announce(vip)) // makes two claims
	claims, ended := make(chan Claim, 1), make(chan struct{})
	go func() {
		defer close(ended)
		sockets[0].relay(claims, 0)
	}()
	await(t, "the first claim", func() bool { return len(claims) == 1 })
	closeAll(sockets)
	select {
	case <-ended:
	case <-time.After(5 * time.Second):
		t.Fatal("5 s after the end of the socket its second claim still waits for room")
	}
}

func TestRoutersGroupCanBeJoined(t *testing.T) {
	w := newWire(t)
	for _, six := range []bool{false, true} {
		member, err := JoinRouters(w.near, six)
		w.must(err)
		defer member.Close()
	}
}
