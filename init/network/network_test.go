package network

import (
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"twinlb/qemu-tests/sandbox"
	"twinlb/seed"

	"github.com/google/go-cmp/cmp"
	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
)

func TestMain(m *testing.M) { sandbox.Main(m) }

// enter gives a test a network of its own. Its thread is never used again.
func enter(t *testing.T) {
	t.Helper()
	runtime.LockOSThread()
	ns, err := netns.New()
	if err != nil {
		t.Fatalf("make a network namespace: %v", err)
	}
	t.Cleanup(func() { ns.Close() })
}

// cable adds a pair of interfaces, of which only the first is given to the tests:
// the other end goes into a namespace that stands for the switch.
func cable(t *testing.T, name string) (link, far netlink.Link, wall *netlink.Handle) {
	t.Helper()
	here, err := netns.Get()
	if err != nil {
		t.Fatal(err)
	}
	defer here.Close()
	there, err := netns.New()
	if err != nil {
		t.Fatalf("make a network namespace: %v", err)
	}
	t.Cleanup(func() { there.Close() })
	if err := netns.Set(here); err != nil {
		t.Fatal(err)
	}
	attrs := netlink.NewLinkAttrs()
	attrs.Name = name
	veth := netlink.NewVeth(attrs)
	veth.PeerName, veth.PeerNamespace = "port", netlink.NsFd(there)
	if err := netlink.LinkAdd(veth); err != nil {
		t.Fatalf("make the interface %s: %v", name, err)
	}
	wall, err = netlink.NewHandleAt(there)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(wall.Close)
	if far, err = wall.LinkByName("port"); err != nil {
		t.Fatal(err)
	}
	if link, err = netlink.LinkByName(name); err != nil {
		t.Fatal(err)
	}
	return link, far, wall
}

func TestFind(t *testing.T) {
	enter(t)
	eth0, _, _ := cable(t, "eth0")
	mac := eth0.Attrs().HardwareAddr
	check := func(when string, node seed.Node, want string) {
		t.Helper()
		node.Name, node.Address = "lb-a", netip.MustParsePrefix("192.0.2.1/24")
		link, err := Find(node, 0)
		if err != nil || link.Attrs().Name != want {
			t.Errorf("%s: Find = %v, %v, want %s", when, link, err, want)
		}
	}
	refuse := func(when string, node seed.Node, want ...string) {
		t.Helper()
		node.Name, node.Address = "lb-a", netip.MustParsePrefix("192.0.2.1/24")
		link, err := Find(node, 0)
		if err == nil {
			t.Errorf("%s: Find = %s, want an error", when, link.Attrs().Name)
			return
		}
		for _, want := range append(want, "lb-a") {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: error = %q, want %q in it", when, err, want)
			}
		}
	}
	strange := net.HardwareAddr{2, 0, 0, 0, 0, 0x99}

	check("the only one", seed.Node{}, "eth0")
	check("the only one, by name", seed.Node{Interface: "eth0"}, "eth0")
	check("the only one, by MAC address", seed.Node{MAC: mac}, "eth0")
	refuse("another name", seed.Node{Interface: "ens3"}, "interface: ens3", "eth0 ("+mac.String()+")")
	refuse("another MAC address", seed.Node{MAC: strange}, "macaddress: 02:00:00:00:00:99", "eth0 ("+mac.String()+")")

	eth1, _, _ := cable(t, "eth1")
	check("one of two, by name", seed.Node{Interface: "eth1"}, "eth1")
	check("one of two, by MAC address", seed.Node{MAC: mac}, "eth0")
	refuse("two and no word which", seed.Node{}, "eth0 ("+mac.String()+")", "eth1 ("+eth1.Attrs().HardwareAddr.String()+")",
		"192.0.2.1/24", "interface: eth")
	refuse("neither", seed.Node{Interface: "eth2"}, "interface: eth2", "eth0", "eth1")
}

func TestFindOnAMachineWithoutACard(t *testing.T) {
	enter(t)
	for _, node := range []seed.Node{{Name: "lb-a"}, {Name: "lb-a", Interface: "lo"}, {Name: "lb-a", Interface: "eth0"}} {
		if link, err := Find(node, 0); err == nil || !strings.Contains(err.Error(), "virtio") {
			t.Errorf("Find %q = %v, %v, want an error that says which cards there may be", node.Interface, link, err)
		}
	}
}

func TestFindWaitsForACard(t *testing.T) {
	enter(t)
	here, err := netns.Get()
	if err != nil {
		t.Fatal(err)
	}
	defer here.Close()
	handle, err := netlink.NewHandleAt(here)
	if err != nil {
		t.Fatal(err)
	}
	defer handle.Close()
	plugged := make(chan error, 1)
	time.AfterFunc(50*time.Millisecond, func() {
		attrs := netlink.NewLinkAttrs()
		attrs.Name = "eth0"
		veth := netlink.NewVeth(attrs)
		veth.PeerName = "eth1"
		plugged <- handle.LinkAdd(veth)
	})
	link, err := Find(seed.Node{Name: "lb-a", Interface: "eth0"}, 5*time.Second)
	if err != nil || link.Attrs().Name != "eth0" {
		t.Errorf("Find = %v, %v, want eth0", link, err)
	}
	if err := <-plugged; err != nil {
		t.Fatal(err)
	}
}

// addresses lists those of the link, but the kernel's own link-local ones.
func addresses(t *testing.T, link netlink.Link) []string {
	t.Helper()
	all, err := list(func() ([]netlink.Addr, error) { return netlink.AddrList(link, netlink.FAMILY_ALL) })
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, a := range all {
		if !a.IP.IsLinkLocalUnicast() {
			names = append(names, a.IPNet.String())
		}
	}
	return names
}

func gateways(t *testing.T) []string {
	t.Helper()
	routes, err := list(func() ([]netlink.Route, error) { return netlink.RouteList(nil, netlink.FAMILY_V4) })
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, r := range routes {
		if r.Gw != nil {
			names = append(names, r.Dst.String()+" via "+r.Gw.String())
		}
	}
	return names
}

func TestApplyCanBeDoneAgain(t *testing.T) {
	enter(t)
	link, _, _ := cable(t, "eth0")
	for _, when := range []string{"once", "twice"} {
		err := Apply(link, netip.MustParsePrefix("192.0.2.53/24"), netip.MustParseAddr("192.0.2.1"))
		if err != nil {
			t.Fatalf("Apply %s: %v", when, err)
		}
		if diff := cmp.Diff([]string{"192.0.2.53/24"}, addresses(t, link)); diff != "" {
			t.Errorf("addresses after Apply %s (-want +got):\n%s", when, diff)
		}
		if diff := cmp.Diff([]string{"0.0.0.0/0 via 192.0.2.1"}, gateways(t)); diff != "" {
			t.Errorf("routes after Apply %s (-want +got):\n%s", when, diff)
		}
		for _, name := range []string{"lo", "eth0"} {
			if l, err := netlink.LinkByName(name); err != nil || l.Attrs().Flags&net.FlagUp == 0 {
				t.Errorf("%s is not up after Apply %s (%v)", name, when, err)
			}
		}
	}
	if err := Apply(link, netip.MustParsePrefix("192.0.2.53/24"), netip.MustParseAddr("192.0.2.2")); err != nil {
		t.Fatalf("Apply with another gateway: %v", err)
	}
	if diff := cmp.Diff([]string{"0.0.0.0/0 via 192.0.2.2"}, gateways(t)); diff != "" {
		t.Errorf("routes after Apply with another gateway (-want +got):\n%s", diff)
	}
}

func TestApplyWithoutAGatewayMakesNoRoute(t *testing.T) {
	enter(t)
	link, _, _ := cable(t, "eth0")
	if err := Apply(link, netip.MustParsePrefix("192.0.2.53/24"), netip.Addr{}); err != nil {
		t.Fatal(err)
	}
	if got := gateways(t); got != nil {
		t.Errorf("routes = %q, want none", got)
	}
}

func TestGatewayThatCannotBeReachedIsNamed(t *testing.T) {
	enter(t)
	link, _, _ := cable(t, "eth0")
	err := Apply(link, netip.MustParsePrefix("192.0.2.53/24"), netip.MustParseAddr("198.51.100.1"))
	if err == nil || !strings.Contains(err.Error(), "198.51.100.1") {
		t.Errorf("Apply = %v, want an error that names 198.51.100.1", err)
	}
}

func TestPurgeTakesTheVIPsOffAndNothingElse(t *testing.T) {
	enter(t)
	link, _, _ := cable(t, "eth0")
	if err := Apply(link, netip.MustParsePrefix("192.0.2.53/24"), netip.Addr{}); err != nil {
		t.Fatal(err)
	}
	for _, address := range []string{"192.0.2.60/32", "192.0.2.62/32", "192.0.2.61/24"} {
		if err := netlink.AddrAdd(link, &netlink.Addr{IPNet: ipNet(netip.MustParsePrefix(address))}); err != nil {
			t.Fatal(err)
		}
	}
	// 192.0.2.61 is there as the address of a subnet, which is not keepalived's.
	vips := []netip.Addr{netip.MustParseAddr("192.0.2.60"), netip.MustParseAddr("192.0.2.63"), netip.MustParseAddr("192.0.2.62")}
	got, err := Purge(link, vips)
	if err != nil || len(got) != 2 || got[0] != vips[0] || got[1] != vips[2] {
		t.Errorf("Purge = %v, %v, want %v", got, err, []netip.Addr{vips[0], vips[2]})
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
	if got, err := Purge(link, []netip.Addr{netip.MustParseAddr("192.0.2.60")}); err == nil || !strings.Contains(err.Error(), "192.0.2.60 off eth0") {
		t.Errorf("Purge = %v, %v, want an error that names 192.0.2.60 and eth0", got, err)
	}
}

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

func TestTuneSetsAllThatIsListed(t *testing.T) {
	enter(t)
	cable(t, "lan.5") // a dot in a name is not one of a key
	if err := Tune("lan.5"); err != nil {
		t.Error(err)
	}
	for _, s := range sysctls {
		path := filepath.Join("/proc/sys", strings.ReplaceAll(s.key, ".", "/"))
		// /proc/sys/net is that of the thread that reads it.
		text, err := os.ReadFile(strings.ReplaceAll(path, "INTERFACE", "lan.5"))
		if err != nil && strings.HasPrefix(s.key, "net.ipv6.") {
			continue // a kernel without IPv6
		}
		if got := strings.Join(strings.Fields(string(text)), " "); err != nil || got != s.value {
			t.Errorf("%s = %q, %v, want %q", s.key, got, err, s.value)
		}
	}
}

func TestTuneGoesOnAfterWhatItCannotSet(t *testing.T) {
	enter(t)
	err := Tune("eth7")
	if err == nil || !strings.Contains(err.Error(), "net.ipv4.neigh.eth7.retrans_time_ms to 100") {
		t.Errorf("Tune = %v, want an error that names net.ipv4.neigh.eth7.retrans_time_ms", err)
	}
	last := sysctls[len(sysctls)-1]
	text, err := os.ReadFile(filepath.Join("/proc/sys", strings.ReplaceAll(last.key, ".", "/")))
	if got := strings.TrimSpace(string(text)); err != nil || got != last.value {
		t.Errorf("%s = %q, %v, want %q as well", last.key, got, err, last.value)
	}
}
