package firewall

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"twinlb/qemu-tests/sandbox"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
)

func TestMain(m *testing.M) { sandbox.Main(m) }

// Who is on the test's network. All but the node and its VIP are in one
// namespace, with an address each.
var (
	node     = netip.MustParseAddr("192.0.2.53")
	vip      = netip.MustParseAddr("192.0.2.60")
	peer     = netip.MustParseAddr("192.0.2.54")
	client   = netip.MustParseAddr("192.0.2.10")
	stranger = netip.MustParseAddr("192.0.2.99")

	node6     = netip.MustParseAddr("2001:db8::53")
	vip6      = netip.MustParseAddr("2001:db8::60")
	peer6     = netip.MustParseAddr("2001:db8::54")
	client6   = netip.MustParseAddr("2001:db8::a")
	stranger6 = netip.MustParseAddr("2001:db8::99")

	// On the second cable, eth1.
	management  = netip.MustParseAddr("10.0.0.53")
	operator    = netip.MustParseAddr("10.0.0.10")
	management6 = netip.MustParseAddr("fd00::53")
	operator6   = netip.MustParseAddr("fd00::10")
)

// example is the one of the package's documentation.
var example = Rules{
	Node: node, Second: node6, VIPs: []netip.Addr{vip, vip6}, Traffic: "eth0",
	Pools: []Pool{{Port: 3306}, {Port: 3307, Allow: []netip.Prefix{
		netip.MustParsePrefix("192.0.2.0/28"), netip.MustParsePrefix("2001:db8::/124"),
	}}},
	Peers: []netip.Addr{peer}, PeerPort: 8405, VRID: 100,
	NodePorts: []uint16{22, 8404}, Management: "eth1",
	DHCPv4: []string{"eth1"}, DHCPv6: []string{"eth1"}, RouterAdverts: []string{"eth1"},
}

// overIPv6 are the rules of nodes that talk over IPv6, with one cable for all.
func overIPv6() Rules {
	r := example
	r.Node, r.Second, r.Peers, r.Management = node6, node, []netip.Addr{peer6}, ""
	return r
}

// withoutManagement are the rules of nodes with one cable for all.
func withoutManagement() Rules {
	r := example
	r.Management = ""
	return r
}

// wire is a node and, at the other end of two cables, everybody else. The test
// itself is in the node's namespace.
type wire struct {
	t    testing.TB
	node netns.NsHandle
	far  netns.NsHandle
	eth0 netlink.Link // the node's
}

func namespace(t testing.TB) netns.NsHandle {
	t.Helper()
	ns, err := netns.New()
	if err != nil {
		t.Fatalf("make a network namespace: %v", err)
	}
	t.Cleanup(func() { ns.Close() })
	return ns
}

// newWire enters a namespace. The thread is never used again.
func newWire(t testing.TB) *wire {
	t.Helper()
	runtime.LockOSThread()
	w := &wire{t: t, far: namespace(t), node: namespace(t)}
	for _, name := range []string{"eth0", "eth1"} {
		attrs := netlink.NewLinkAttrs()
		attrs.Name = name
		veth := netlink.NewVeth(attrs)
		veth.PeerName, veth.PeerNamespace = name, netlink.NsFd(w.far)
		w.must(netlink.LinkAdd(veth))
	}
	w.eth0 = w.up("eth0", netip.PrefixFrom(node, 24), netip.PrefixFrom(vip, 32),
		netip.PrefixFrom(node6, 64), netip.PrefixFrom(vip6, 128))
	w.up("eth1", netip.PrefixFrom(management, 24), netip.PrefixFrom(management6, 64))
	w.up("lo")
	w.fromFar(func() {
		w.up("eth0", netip.PrefixFrom(client, 24), netip.PrefixFrom(peer, 24), netip.PrefixFrom(stranger, 24),
			netip.PrefixFrom(client6, 64), netip.PrefixFrom(peer6, 64), netip.PrefixFrom(stranger6, 64))
		w.up("eth1", netip.PrefixFrom(operator, 24), netip.PrefixFrom(operator6, 64))
		w.awaitCables()
	})
	w.awaitCables()

	return w
}

func (w *wire) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *wire) up(name string, addresses ...netip.Prefix) netlink.Link {
	w.t.Helper()
	link, err := netlink.LinkByName(name)
	w.must(err)
	for _, a := range addresses {
		ip := &net.IPNet{IP: a.Addr().AsSlice(), Mask: net.CIDRMask(a.Bits(), a.Addr().BitLen())}
		w.must(netlink.AddrAdd(link, &netlink.Addr{IPNet: ip, Flags: syscall.IFA_F_NODAD}))
	}
	w.must(netlink.LinkSetUp(link))
	return link
}

// awaitCables waits until the kernel has seen that the cables are plugged in, and has
// joined the groups in which neighbours ask for its addresses (RFC 4861 §7.2.1): it
// drops what comes before.
func (w *wire) awaitCables() {
	w.t.Helper()
	for _, name := range []string{"eth0", "eth1"} {
		w.await("the carrier of "+name, netlink.OperUp, func() (uint64, error) {
			link, err := netlink.LinkByName(name)
			if err != nil {
				return 0, err
			}
			return uint64(link.Attrs().OperState), nil
		})
	}
	w.await("IPv6 addresses that nobody listens for", 0, func() (deaf uint64, err error) {
		groups, err := os.ReadFile("/proc/thread-self/net/igmp6")
		if err != nil {
			return 0, err
		}
		all, err := netlink.AddrList(nil, netlink.FAMILY_V6)
		for _, a := range all {
			solicited := fmt.Sprintf("ff0200000000000000000001ff%x", []byte(a.IP[13:]))
			if a.IP.IsGlobalUnicast() && !strings.Contains(string(groups), solicited) {
				deaf++
			}
		}
		return deaf, err
	})
}

// fromFar does something at the other end. Sockets stay where they are made.
func (w *wire) fromFar(do func()) {
	w.t.Helper()
	w.must(netns.Set(w.far))
	defer func() { w.must(netns.Set(w.node)) }()
	do()
}

// await asks again until the answer is the wanted one.
func (w *wire) await(what string, want uint64, ask func() (uint64, error)) {
	w.t.Helper()
	deadline := time.Now().Add(5 * time.Second)
	for {
		got, err := ask()
		w.must(err)
		if got == want {
			return
		}
		if time.Now().After(deadline) {
			w.t.Fatalf("%s = %d, want %d", what, got, want)
		}
		time.Sleep(time.Millisecond)
	}
}

// dial connects. It takes less time than a SYN that got no answer is repeated
// after, so that silence is never taken for a refusal.
func (w *wire) dial(from, to netip.Addr, port uint16) (net.Conn, error) {
	w.t.Helper()
	dialer := net.Dialer{
		Timeout:   900 * time.Millisecond,
		LocalAddr: net.TCPAddrFromAddrPort(netip.AddrPortFrom(from, 0)),
	}
	conn, err := dialer.Dial("tcp", netip.AddrPortFrom(to, port).String())
	if err == nil {
		w.t.Cleanup(func() { conn.Close() })
	}
	return conn, err
}

// listen accepts connections to a port of every address of the namespace.
func (w *wire) listen(port string) net.Listener {
	w.t.Helper()
	listener, err := net.Listen("tcp", ":"+port)
	w.must(err)
	w.t.Cleanup(func() { listener.Close() })
	return listener
}

// raw opens a socket for whole packets of an IP protocol, as "ip4:112".
func (w *wire) raw(network string, local netip.Addr) *net.IPConn {
	w.t.Helper()
	conn, err := net.ListenIP(network, &net.IPAddr{IP: local.AsSlice()})
	w.must(err)
	w.t.Cleanup(func() { conn.Close() })
	w.must(conn.SetDeadline(time.Now().Add(5 * time.Second)))
	return conn
}
