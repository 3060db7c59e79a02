package network

import (
	"fmt"
	"net"
	"net/netip"
	"runtime"
	"slices"
	"strings"
	"testing"

	"twinlb/qemu-tests/sandbox"
	"twinlb/seed/netconfig"

	"github.com/google/go-cmp/cmp"
	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
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
	slices.Sort(names)
	return names
}

// routes lists those that were asked for.
func routes(t *testing.T) []string {
	t.Helper()
	all, err := list(func() ([]netlink.Route, error) { return netlink.RouteList(nil, netlink.FAMILY_ALL) })
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, r := range all {
		switch via, ok := r.Via.(*netlink.Via); {
		case ok:
			names = append(names, fmt.Sprintf("%s via %s metric %d", r.Dst, via.Addr, r.Priority))
		case r.Gw != nil:
			names = append(names, fmt.Sprintf("%s via %s metric %d", r.Dst, r.Gw, r.Priority))
		case r.Protocol == unix.RTPROT_STATIC:
			names = append(names, fmt.Sprintf("%s scope %s metric %d", r.Dst, r.Scope, r.Priority))
		}
	}
	slices.Sort(names)
	return names
}

// ethernet is a link that is the card of that name.
func ethernet(id, card string, addresses ...string) netconfig.Link {
	l := netconfig.Link{ID: id, Kind: netconfig.Ethernet, Match: netconfig.Match{Name: card}}
	for _, a := range addresses {
		l.Addresses = append(l.Addresses, netip.MustParsePrefix(a))
	}
	return l
}

func networkOf(links ...netconfig.Link) netconfig.Network {
	return netconfig.Network{Links: links, Traffic: links[0].ID}
}

// apply sets up a network, in which nothing may be amiss.
func apply(t *testing.T, n netconfig.Network) Links {
	t.Helper()
	links, err := Apply(n, 0, func(err error) { t.Errorf("Apply warns: %v", err) })
	if err != nil {
		t.Fatalf("Apply: %v", err)
	}
	return links
}

func expectAddresses(t *testing.T, when string, link netlink.Link, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, addresses(t, link)); diff != "" {
		t.Errorf("addresses %s (-want +got):\n%s", when, diff)
	}
}

func expectRoutes(t *testing.T, when string, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, routes(t)); diff != "" {
		t.Errorf("routes %s (-want +got):\n%s", when, diff)
	}
}

func defaultRoute(via string, metric int) netconfig.Route {
	gateway := netip.MustParseAddr(via)
	to := netip.PrefixFrom(netip.IPv4Unspecified(), 0)
	if gateway.Is6() {
		to = netip.PrefixFrom(netip.IPv6Unspecified(), 0)
	}
	return netconfig.Route{To: to, Via: gateway, Metric: metric}
}

func TestApplyCanBeDoneAgain(t *testing.T) {
	enter(t)
	cable(t, "eth0")
	traffic := ethernet("traffic", "eth0", "192.0.2.53/24", "2001:db8::53/64")
	traffic.MTU = 1400
	traffic.Routes = []netconfig.Route{
		defaultRoute("192.0.2.1", 0), defaultRoute("192.0.2.2", 50), defaultRoute("2001:db8::1", 0),
		{To: netip.MustParsePrefix("198.51.100.0/24"), Via: netip.MustParseAddr("203.0.113.1"), OnLink: true},
		{To: netip.MustParsePrefix("203.0.113.0/24"), Via: netip.MustParseAddr("fe80::1")},
		{To: netip.MustParsePrefix("10.0.0.0/8")},
		{To: netip.MustParsePrefix("2001:db8:1::/48"), Via: netip.MustParseAddr("fe80::1"), OnLink: true, Metric: 7},
		{To: netip.MustParsePrefix("2001:db8:2::/48")},
	}
	for _, when := range []string{"once", "twice"} {
		links := apply(t, networkOf(traffic))
		link := links["traffic"]
		if link.Attrs().MTU != 1400 || link.Attrs().Name != "eth0" {
			t.Errorf("after Apply %s it is %s with an MTU of %d, want eth0 with 1400", when, link.Attrs().Name, link.Attrs().MTU)
		}
		expectAddresses(t, "after Apply "+when, link, "192.0.2.53/24", "2001:db8::53/64")
		expectRoutes(t, "after Apply "+when,
			"0.0.0.0/0 via 192.0.2.1 metric 0", "0.0.0.0/0 via 192.0.2.2 metric 50", "10.0.0.0/8 scope link metric 0",
			"198.51.100.0/24 via 203.0.113.1 metric 0", "2001:db8:1::/48 via fe80::1 metric 7", "2001:db8:2::/48 scope universe metric 1024",
			"203.0.113.0/24 via fe80::1 metric 0", "::/0 via 2001:db8::1 metric 1024")
		for _, name := range []string{"lo", "eth0"} {
			if l, err := netlink.LinkByName(name); err != nil || l.Attrs().Flags&net.FlagUp == 0 {
				t.Errorf("%s is not up after Apply %s (%v)", name, when, err)
			}
		}
	}
	traffic.Routes = []netconfig.Route{defaultRoute("192.0.2.3", 0)}
	apply(t, networkOf(traffic))
	if got := routes(t); !slices.Contains(got, "0.0.0.0/0 via 192.0.2.3 metric 0") || slices.Contains(got, "0.0.0.0/0 via 192.0.2.1 metric 0") {
		t.Errorf("routes after Apply with another gateway: %q, want that instead", got)
	}
}

func TestAddressOfIPv6CanBeUsedAtOnce(t *testing.T) {
	enter(t)
	_, far, wall := cable(t, "eth0")
	if err := wall.LinkSetUp(far); err != nil {
		t.Fatal(err)
	}
	apply(t, networkOf(ethernet("traffic", "eth0", "2001:db8::53/64")))
	conn, err := net.ListenPacket("udp6", "[2001:db8::53]:0") // fails while it is tentative
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
}

func TestAddressesOfIPv6OutliveTheLinkThatGoesDown(t *testing.T) {
	enter(t)
	cable(t, "eth0")
	link := apply(t, networkOf(ethernet("traffic", "eth0", "2001:db8::53/64")))["traffic"]
	for _, change := range []func(netlink.Link) error{netlink.LinkSetDown, netlink.LinkSetUp} {
		if err := change(link); err != nil {
			t.Fatal(err)
		}
	}
	expectAddresses(t, "after it was down", link, "2001:db8::53/64")
}

func TestApplyWithoutAGatewayMakesNoRoute(t *testing.T) {
	enter(t)
	cable(t, "eth0")
	apply(t, networkOf(ethernet("traffic", "eth0", "192.0.2.53/24")))
	expectRoutes(t, "without a gateway")
}

func TestGatewayThatCannotBeReachedIsNamed(t *testing.T) {
	enter(t)
	cable(t, "eth0")
	traffic := ethernet("traffic", "eth0", "192.0.2.53/24")
	traffic.Routes = []netconfig.Route{defaultRoute("198.51.100.1", 0)}
	_, err := Apply(networkOf(traffic), 0, func(error) {})
	if err == nil || !strings.Contains(err.Error(), "default via 198.51.100.1 on eth0") {
		t.Errorf("Apply = %v, want an error that names 198.51.100.1", err)
	}
}

func TestMTUThatTheCardDoesNotTakeIsNamed(t *testing.T) {
	enter(t)
	cable(t, "eth0")
	traffic := ethernet("traffic", "eth0")
	traffic.MTU = 70000
	if _, err := Apply(networkOf(traffic), 0, func(error) {}); err == nil || !strings.Contains(err.Error(), "MTU of eth0 to 70000") {
		t.Errorf("Apply = %v, want an error that names the MTU", err)
	}
}
