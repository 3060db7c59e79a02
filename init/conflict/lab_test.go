package conflict

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"twinlb/qemu-tests/sandbox"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
)

func TestMain(m *testing.M) { sandbox.Main(m) }

var (
	node  = netip.MustParseAddr("192.0.2.53")
	vip   = netip.MustParseAddr("192.0.2.60")
	other = netip.MustParseAddr("192.0.2.99")
	node6 = netip.MustParseAddr("2001:db8::53")
	vip6  = netip.MustParseAddr("2001:db8::60")

	ours = []netip.Addr{node, vip, node6, vip6}
)

// wire is a cable whose near end is in the namespace that the test is in, and has no
// address; at the far end, in another, is everybody else.
type wire struct {
	t         *testing.T
	near, far netlink.Link
	here      netns.NsHandle
	there     netns.NsHandle
	wall      *netlink.Handle
}

// newWire enters a namespace. The thread is never used again.
func newWire(t *testing.T) *wire {
	t.Helper()
	runtime.LockOSThread()
	w := &wire{t: t, there: namespace(t)}
	w.here = namespace(t)
	attrs := netlink.NewLinkAttrs()
	attrs.Name = "eth0"
	veth := netlink.NewVeth(attrs)
	veth.PeerName, veth.PeerNamespace = "far0", netlink.NsFd(w.there)
	w.must(netlink.LinkAdd(veth))
	var err error
	w.near, err = netlink.LinkByName("eth0")
	w.must(err)
	w.wall, err = netlink.NewHandleAt(w.there)
	w.must(err)
	t.Cleanup(w.wall.Close)
	w.far, err = w.wall.LinkByName("far0")
	w.must(err)
	w.must(netlink.LinkSetUp(w.near))
	w.must(w.wall.LinkSetUp(w.far))
	w.near, err = netlink.LinkByName("eth0")
	w.must(err)
	return w
}

func namespace(t *testing.T) netns.NsHandle {
	t.Helper()
	ns, err := netns.New()
	if err != nil {
		t.Fatalf("make a network namespace: %v", err)
	}
	t.Cleanup(func() { ns.Close() })
	return ns
}

func (w *wire) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// give gives the addresses to the far end.
func (w *wire) give(addresses ...netip.Addr) {
	w.t.Helper()
	for _, a := range addresses {
		bits := map[bool]int{true: 24, false: 64}[a.Is4()]
		w.must(w.wall.AddrReplace(w.far, &netlink.Addr{
			IPNet: &net.IPNet{IP: a.AsSlice(), Mask: net.CIDRMask(bits, a.BitLen())},
			Flags: 0x02, // IFA_F_NODAD
		}))
	}
	// The kernel listens for solicitations of an address that it has not probed up to
	// a second later.
	w.fromFar(func() {
		await(w.t, "the far end to listen for solicitations", func() bool {
			groups, err := os.ReadFile("/proc/thread-self/net/igmp6")
			w.must(err)
			return !slices.ContainsFunc(addresses, func(a netip.Addr) bool {
				return a.Is6() && !strings.Contains(string(groups), fmt.Sprintf("ff0200000000000000000001ff%x", a.AsSlice()[13:]))
			})
		})
	})
}

// fromFar does something in the namespace of the far end.
func (w *wire) fromFar(do func()) {
	w.t.Helper()
	w.must(netns.Set(w.there))
	defer func() { w.must(netns.Set(w.here)) }()
	do()
}

// farSocket sends what it likes from the far end.
func (w *wire) farSocket(addresses ...netip.Addr) *Watcher {
	w.t.Helper()
	var watcher *Watcher
	w.fromFar(func() {
		var err error
		watcher, err = Watch(w.far, addresses)
		w.must(err)
		w.t.Cleanup(watcher.Close)
	})
	return watcher
}

func (w *wire) farMAC() net.HardwareAddr { return w.far.Attrs().HardwareAddr }

func next(t *testing.T, w *Watcher) Claim {
	t.Helper()
	select {
	case c, ok := <-w.Claims:
		if !ok {
			t.Fatal("the watcher has ended")
		}
		return c
	case <-time.After(5 * time.Second):
		t.Fatal("no claim within 5 s")
	}
	return Claim{}
}

// await waits until the condition holds.
func await(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(5 * time.Second); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within 5 s: %s", what)
		}
	}
}
