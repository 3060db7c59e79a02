package firewall

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

func apply(t testing.TB, r Rules) *wire {
	t.Helper()
	w := newWire(t)
	w.must(Apply(r))
	return w
}

func TestConnections(t *testing.T) {
	withoutSSH := withoutManagement()
	withoutSSH.NodePorts = []uint16{8404}
	elsewhere := example
	elsewhere.Traffic = "eth1"
	everybody := []netip.Addr{client, client6}
	for _, tt := range []struct {
		name  string
		rules Rules
		from  []netip.Addr // each to that of its family
		to    []netip.Addr
		port  uint16
		open  bool
	}{
		{"pool on the VIPs", example, everybody, []netip.Addr{vip, vip6}, 3306, true},
		{"pool on the node", example, everybody, []netip.Addr{node, node6}, 3306, true},
		{"pool on the VIPs of nodes that talk over IPv6", overIPv6(), everybody, []netip.Addr{vip, vip6}, 3306, true},
		{"pool on nodes that talk over IPv6", overIPv6(), everybody, []netip.Addr{node, node6}, 3306, true},
		{"pool for some clients", example, everybody, []netip.Addr{vip, vip6}, 3307, true},
		{"pool for some clients, on the node", example, everybody, []netip.Addr{node, node6}, 3307, true},
		{"pool for others", example, []netip.Addr{stranger, stranger6}, []netip.Addr{vip, vip6}, 3307, false},
		{"pool for others, on the node", example, []netip.Addr{stranger, stranger6}, []netip.Addr{node, node6}, 3307, false},
		{"pool for others beside one for all", example, []netip.Addr{stranger, stranger6}, []netip.Addr{vip, vip6}, 3306, true},
		{"SSH on the node", withoutManagement(), everybody, []netip.Addr{node, node6}, 22, true},
		{"metrics on the node", withoutManagement(), everybody, []netip.Addr{node, node6}, 8404, true},
		{"SSH on the VIPs", withoutManagement(), everybody, []netip.Addr{vip, vip6}, 22, false},
		{"metrics on the VIPs", withoutManagement(), everybody, []netip.Addr{vip, vip6}, 8404, false},
		{"another port of the VIPs", example, everybody, []netip.Addr{vip, vip6}, 9999, false},
		{"another port of the node", example, everybody, []netip.Addr{node, node6}, 9999, false},
		{"SSH that is off", withoutSSH, everybody, []netip.Addr{node, node6}, 22, false},
		{"metrics without SSH", withoutSSH, everybody, []netip.Addr{node, node6}, 8404, true},
		{"SSH on the management interface", example, []netip.Addr{operator}, []netip.Addr{management}, 22, true},
		{"metrics on the management interface", example, []netip.Addr{operator}, []netip.Addr{management}, 8404, true},
		{"another port on the management interface", example, []netip.Addr{operator}, []netip.Addr{management}, 9999, false},
		{"pool on the management interface", example, []netip.Addr{operator}, []netip.Addr{management}, 3306, false},
		{"SSH on the node beside a management interface", example, everybody, []netip.Addr{node, node6}, 22, false},
		{"metrics on the node beside a management interface", example, everybody, []netip.Addr{node, node6}, 8404, false},
		{"pool through another interface than that of the traffic", elsewhere, everybody, []netip.Addr{vip, vip6}, 3306, false},
		{"pool before the interfaces are known", Rules{}, everybody, []netip.Addr{vip, vip6}, 3306, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := apply(t, tt.rules)
			for _, port := range []string{"22", "3306", "3307", "8404", "9999"} {
				w.listen(port)
			}
			for i, to := range tt.to {
				var err error
				w.fromFar(func() { _, err = w.dial(tt.from[i], to, tt.port) })
				if tt.open && err != nil {
					t.Errorf("connect from %s to %s: %v, want a connection", tt.from[i], to, err)
				}
				if !tt.open && !errors.Is(err, syscall.ECONNREFUSED) {
					t.Errorf("connect from %s to %s: %v, want a reset at once", tt.from[i], to, err)
				}
			}
		})
	}
}

func TestPortsOpenAndCloseWhileConnectionsGoOn(t *testing.T) {
	w := apply(t, example)
	listener := w.listen("3306")
	var conn net.Conn
	var err error
	w.fromFar(func() { conn, err = w.dial(client6, vip6, 3306) })
	w.must(err)
	accepted, err := listener.Accept()
	w.must(err)
	defer accepted.Close()

	closed := example
	closed.Pools = closed.Pools[1:]
	w.must(Apply(closed))
	w.fromFar(func() { _, err = w.dial(client6, vip6, 3306) })
	if !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("connect to a pool that is no more: %v, want a reset at once", err)
	}
	for _, c := range []net.Conn{conn, accepted} {
		w.must(c.SetDeadline(time.Now().Add(5 * time.Second)))
	}
	_, err = conn.Write([]byte("ping"))
	w.must(err)
	if _, err := io.ReadFull(accepted, make([]byte, 4)); err != nil {
		t.Errorf("read from a connection that was there before: %v, want what was written", err)
	}
	w.must(Apply(example))
	w.fromFar(func() { _, err = w.dial(client6, vip6, 3306) })
	if err != nil {
		t.Errorf("connect to a pool that is open again: %v", err)
	}
}

func TestTheNodeReachesItsBackendsAndItself(t *testing.T) {
	w := apply(t, example)
	w.fromFar(func() { w.listen("3306") })
	w.listen("9999")
	for _, tt := range []struct {
		name     string
		from, to netip.Addr
		port     uint16
	}{
		{"backend from the node's address", node, client, 3306},
		{"backend from the VIP", vip, client, 3306},
		{"backend from the node's address, over IPv6", node6, client6, 3306},
		{"backend from the VIP, over IPv6", vip6, client6, 3306},
		{"itself", node, node, 9999},
		{"itself, over IPv6", node6, node6, 9999},
		{"loopback", netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("127.0.0.1"), 9999},
	} {
		if _, err := w.dial(tt.from, tt.to, tt.port); err != nil {
			t.Errorf("%s: %v, want a connection", tt.name, err)
		}
	}
}

func TestConnectionThatTheNodeDoesNotKnowIsReset(t *testing.T) {
	w := apply(t, example)
	listener := w.listen("3306")
	var conn net.Conn
	var err error
	w.fromFar(func() { conn, err = w.dial(client, vip, 3306) })
	w.must(err)
	accepted, err := listener.Accept()
	w.must(err)
	// A socket under repair goes without a word, tcp(7): what is left is what the
	// peer's connections are after the VIP has moved.
	raw, err := accepted.(*net.TCPConn).SyscallConn()
	w.must(err)
	w.must(raw.Control(func(fd uintptr) { err = unix.SetsockoptInt(int(fd), unix.SOL_TCP, unix.TCP_REPAIR, 1) }))
	w.must(err)
	w.must(accepted.Close())
	listener.Close()

	w.must(conn.SetDeadline(time.Now().Add(900 * time.Millisecond)))
	_, err = conn.Write([]byte("select 1"))
	w.must(err)
	if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("read from a connection that the node doesn't know: %v, want a reset at once", err)
	}
}

func TestPeerExchangeIsForPeers(t *testing.T) {
	elsewhere := example
	elsewhere.Traffic = "eth1"
	for _, tt := range []struct {
		name     string
		rules    Rules
		from, to netip.Addr
		port     uint16
		open     bool
	}{
		{"peer", example, peer, node, 8405, true},
		{"stranger", example, stranger, node, 8405, false},
		{"peer to the VIP", example, peer, vip, 8405, false},
		{"peer to another port", example, peer, node, 8406, false},
		{"peer in the family that the nodes do not talk over", example, peer6, node6, 8405, false},
		{"peer through another interface", elsewhere, peer, node, 8405, false},
		{"peer over IPv6", overIPv6(), peer6, node6, 8405, true},
		{"stranger over IPv6", overIPv6(), stranger6, node6, 8405, false},
		{"peer to the VIP over IPv6", overIPv6(), peer6, vip6, 8405, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := apply(t, tt.rules)
			server, conn := w.exchange(tt.from, tt.to, tt.port)
			_, err := conn.Write([]byte("state"))
			w.must(err)
			heard := server
			if !tt.open {
				heard = conn
			}
			_, err = heard.Read(make([]byte, 16))
			if tt.open && err != nil {
				t.Errorf("receive: %v, want the datagram", err)
			}
			if !tt.open && !errors.Is(err, syscall.ECONNREFUSED) {
				t.Errorf("answer to the sender: %v, want port unreachable", err)
			}
		})
	}
}

// exchange makes the node's socket on that port, and one of somebody else for it.
func (w *wire) exchange(from, to netip.Addr, port uint16) (server, conn *net.UDPConn) {
	w.t.Helper()
	server, err := net.ListenUDP("udp", &net.UDPAddr{Port: int(port)})
	w.must(err)
	w.t.Cleanup(func() { server.Close() })
	w.fromFar(func() {
		conn, err = net.DialUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(from, 0)),
			net.UDPAddrFromAddrPort(netip.AddrPortFrom(to, port)))
	})
	w.must(err)
	w.t.Cleanup(func() { conn.Close() })
	for _, c := range []*net.UDPConn{server, conn} {
		w.must(c.SetDeadline(time.Now().Add(5 * time.Second)))
	}
	return server, conn
}

// What a node says of itself may be larger than a packet.
func TestLargeDatagramsOfPeersArrive(t *testing.T) {
	for _, tt := range []struct {
		rules    Rules
		from, to netip.Addr
	}{
		{example, peer, node},
		{overIPv6(), peer6, node6},
	} {
		w := apply(t, tt.rules)
		server, conn := w.exchange(tt.from, tt.to, 8405)
		_, err := conn.Write(make([]byte, 32<<10))
		w.must(err)
		if n, err := server.Read(make([]byte, 64<<10)); n != 32<<10 {
			t.Errorf("received %d bytes from %s, %v, want %d", n, tt.from, err, 32<<10)
		}
	}
}

func TestFragmentsOfStrangersAreNotKept(t *testing.T) {
	for _, tt := range []struct {
		from   netip.Addr
		wanted bool
	}{{peer6, true}, {stranger6, false}} {
		w := apply(t, overIPv6())
		_, conn := w.exchange(tt.from, node6, 8406)
		// What is put together of these has no port that is open; nothing says so.
		for _, size := range []int{4 << 10, 1} {
			_, err := conn.Write(make([]byte, size))
			w.must(err)
		}
		if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Fatalf("answer to %s: %v, want port unreachable", tt.from, err)
		}
		// The kernel counts what it would put together.
		counts, err := os.ReadFile("/proc/thread-self/net/snmp6")
		w.must(err)
		if kept := !regexp.MustCompile(`Ip6ReasmReqds\s+0\n`).Match(counts); kept != tt.wanted {
			t.Errorf("fragments of %s were kept: %v, want %v", tt.from, kept, tt.wanted)
		}
	}
}

func TestDHCP(t *testing.T) {
	for _, tt := range []struct {
		name     string
		from, to netip.AddrPort
		open     bool
	}{
		{"an offer", netip.AddrPortFrom(operator, 67), netip.AddrPortFrom(management, 68), true},
		{"an offer from another port", netip.AddrPortFrom(operator, 1067), netip.AddrPortFrom(management, 68), false},
		{"something else from a server", netip.AddrPortFrom(operator, 67), netip.AddrPortFrom(management, 69), false},
		{"an offer on a link without DHCP", netip.AddrPortFrom(client, 67), netip.AddrPortFrom(node, 68), false},
		{"an advertisement", netip.AddrPortFrom(operator6, 547), netip.AddrPortFrom(management6, 546), true},
		{"an advertisement from another port", netip.AddrPortFrom(operator6, 1547), netip.AddrPortFrom(management6, 546), false},
		{"an advertisement on a link without DHCP", netip.AddrPortFrom(client6, 547), netip.AddrPortFrom(node6, 546), false},
		{"an offer over IPv6", netip.AddrPortFrom(operator6, 67), netip.AddrPortFrom(management6, 68), false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := apply(t, example)
			server, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(tt.to))
			w.must(err)
			defer server.Close()
			var conn *net.UDPConn
			w.fromFar(func() {
				conn, err = net.DialUDP("udp", net.UDPAddrFromAddrPort(tt.from), net.UDPAddrFromAddrPort(tt.to))
			})
			w.must(err)
			defer conn.Close()
			_, err = conn.Write([]byte("lease"))
			w.must(err)
			heard := server
			if !tt.open {
				heard = conn
			}
			w.must(heard.SetDeadline(time.Now().Add(5 * time.Second)))
			_, err = heard.Read(make([]byte, 16))
			if tt.open && err != nil {
				t.Errorf("receive: %v, want the datagram", err)
			}
			if !tt.open && !errors.Is(err, syscall.ECONNREFUSED) {
				t.Errorf("answer to the sender: %v, want port unreachable", err)
			}
		})
	}
}

// A server answers who has no address yet by broadcast.
func TestOfferByBroadcastArrives(t *testing.T) {
	w := apply(t, example)
	client, err := net.ListenUDP("udp4", &net.UDPAddr{Port: 68})
	w.must(err)
	defer client.Close()
	w.fromFar(func() {
		server, err := net.ListenUDP("udp4", &net.UDPAddr{IP: operator.AsSlice(), Port: 67})
		w.must(err)
		defer server.Close()
		_, err = server.WriteToUDP([]byte("offer"), &net.UDPAddr{IP: net.IPv4(10, 0, 0, 255), Port: 68})
		w.must(err)
	})
	w.must(client.SetDeadline(time.Now().Add(5 * time.Second)))
	if _, err := client.Read(make([]byte, 16)); err != nil {
		t.Errorf("receive: %v, want the offer", err)
	}
}

// advertise sends a packet of VRRP's protocol number with the TTL.
func (w *wire) advertise(from, to netip.Addr, ttl int, text string) {
	w.t.Helper()
	network, level, option := "ip4:112", unix.IPPROTO_IP, unix.IP_TTL
	if from.Is6() {
		network, level, option = "ip6:112", unix.IPPROTO_IPV6, unix.IPV6_UNICAST_HOPS
	}
	conn := w.raw(network, from)
	raw, err := conn.SyscallConn()
	w.must(err)
	w.must(raw.Control(func(fd uintptr) { err = unix.SetsockoptInt(int(fd), level, option, ttl) }))
	w.must(err)
	_, err = conn.WriteTo([]byte(text), &net.IPAddr{IP: to.AsSlice()})
	w.must(err)
}

func TestAdvertsComeFromPeersOnTheSegment(t *testing.T) {
	for _, tt := range []struct {
		name                                string
		rules                               Rules
		network                             string
		node, vip, peer, stranger, of, asIf netip.Addr // of: a peer's of the other family, which writes to asIf
	}{
		{"IPv4", example, "ip4:112", node, vip, peer, stranger, peer6, node6},
		{"IPv6", overIPv6(), "ip6:112", node6, vip6, peer6, stranger6, peer, node},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := apply(t, tt.rules)
			receiver := w.raw(tt.network, netip.Addr{})
			w.fromFar(func() {
				w.advertise(tt.stranger, tt.node, 255, "stranger")
				w.advertise(tt.peer, tt.node, 254, "routed")
				w.advertise(tt.peer, tt.vip, 255, "to the VIP")
				w.advertise(tt.of, tt.asIf, 255, "in the other family")
				w.advertise(tt.peer, tt.node, 255, "peer")
			})
			w.await("refused adverts", 4, packets(AdvertsRefused))
			got := make([]byte, 64)
			n, _, err := receiver.ReadFrom(got)
			if err != nil || string(got[:n]) != "peer" {
				t.Errorf("first advert = %q, %v, want the one of the peer", got[:n], err)
			}
			w.await("heard adverts", 1, packets(AdvertsHeard))
			w.await("dropped packets that are adverts", 0, packets(Dropped))
		})
	}
}

func TestAdvertsThroughAnotherInterfaceAreRefused(t *testing.T) {
	elsewhere := example
	elsewhere.Traffic = "eth1"
	w := apply(t, elsewhere)
	w.fromFar(func() { w.advertise(peer, node, 255, "advert") })
	w.await("refused adverts", 1, packets(AdvertsRefused))
	w.await("heard adverts", 0, packets(AdvertsHeard))
}

func TestAdvertsSentAreCounted(t *testing.T) {
	for _, tt := range []struct {
		rules          Rules
		node, peer     netip.Addr
		echo, protocol string
	}{
		{example, node, peer, "ip4:icmp", "IPv4"},
		{overIPv6(), node6, peer6, "ip6:ipv6-icmp", "IPv6"},
	} {
		t.Run(tt.protocol, func(t *testing.T) {
			w := newWire(t)
			if n, err := packets(AdvertsSent)(); err == nil || !strings.Contains(err.Error(), "adverts_sent") {
				t.Errorf("Read before Apply = %d, %v, want an error that names the counter", n, err)
			}
			w.must(Apply(tt.rules))
			for i := range 3 {
				w.await("adverts sent", uint64(i), packets(AdvertsSent))
				w.advertise(tt.node, tt.peer, 255, "advert")
			}
			w.await("adverts sent", 3, packets(AdvertsSent))
			w.fromFar(func() { w.advertise(tt.peer, tt.node, 255, "advert") })
			w.raw(tt.echo, tt.node).WriteTo(echo(8), &net.IPAddr{IP: tt.peer.AsSlice()})
			w.await("adverts sent after others' packets", 3, packets(AdvertsSent))
		})
	}
}

// packets returns what reads a counter.
func packets(c Counter) func() (uint64, error) {
	return func() (uint64, error) {
		r, err := NewReader()
		if err != nil {
			return 0, err
		}
		defer r.Close()
		return r.Read(c)
	}
}

// echo is an echo request with its checksum, RFC 792. The kernel makes that of
// ICMPv6 itself.
func echo(kind byte) []byte { return []byte{kind, 0, 0xff - kind, 0xff, 0, 0, 0, 0} }

// ping sends one request and waits for its answer.
func (w *wire) ping(network string, from, to netip.Addr, request, reply byte) error {
	var conn *net.IPConn
	w.fromFar(func() { conn = w.raw(network, from) })
	if _, err := conn.WriteTo(echo(request), &net.IPAddr{IP: to.AsSlice()}); err != nil {
		return err
	}
	for {
		got := make([]byte, 64)
		if _, _, err := conn.ReadFrom(got); err != nil || got[0] == reply {
			return err
		}
	}
}

func TestPing(t *testing.T) {
	w := apply(t, example)
	for _, to := range []netip.Addr{node, vip} {
		if err := w.ping("ip4:icmp", client, to, 8, 0); err != nil {
			t.Errorf("ping %s: %v", to, err)
		}
	}
	// Both ends find each other by neighbor discovery first.
	for _, to := range []netip.Addr{node6, vip6} {
		if err := w.ping("ip6:ipv6-icmp", client6, to, 128, 129); err != nil {
			t.Errorf("ping %s: %v", to, err)
		}
	}
}

func TestRouterAdvertsComeWhereTheyAreWanted(t *testing.T) {
	w := apply(t, example)
	receiver := w.raw("ip6:ipv6-icmp", management6)
	advertise := func(from, to netip.Addr, hops int) {
		conn := w.raw("ip6:ipv6-icmp", from)
		raw, err := conn.SyscallConn()
		w.must(err)
		w.must(raw.Control(func(fd uintptr) {
			err = unix.SetsockoptInt(int(fd), unix.IPPROTO_IPV6, unix.IPV6_UNICAST_HOPS, hops)
		}))
		w.must(err)
		_, err = conn.WriteTo(append([]byte{134, 0, 0, 0, byte(hops)}, make([]byte, 11)...), &net.IPAddr{IP: to.AsSlice()})
		w.must(err)
	}
	w.fromFar(func() {
		advertise(stranger6, node6, 255)
		advertise(operator6, management6, 254)
		advertise(operator6, management6, 255)
	})
	for got := make([]byte, 64); got[0] != 134 || got[4] != 255; {
		_, _, err := receiver.ReadFrom(got)
		w.must(err)
		if got[0] == 134 && got[4] != 255 {
			t.Errorf("an advert with the hop limit %d arrived, want it dropped: a router has passed it on", got[4])
		}
	}
	w.await("dropped adverts", 2, packets(Dropped))
}

func TestOtherICMPIsDropped(t *testing.T) {
	w := apply(t, example)
	var conn *net.IPConn
	w.fromFar(func() { conn = w.raw("ip4:icmp", client) })
	// The kernel would answer a timestamp request, RFC 792, with type 14.
	timestamp := append(echo(13), make([]byte, 12)...)
	for _, request := range [][]byte{timestamp, echo(8)} {
		_, err := conn.WriteTo(request, &net.IPAddr{IP: node.AsSlice()})
		w.must(err)
	}
	w.await("dropped packets", 1, packets(Dropped))
	got := make([]byte, 64)
	if _, _, err := conn.ReadFrom(got); err != nil || got[0] != 0 {
		t.Errorf("first answer has ICMP type %d (%v), want 0, to the ping", got[0], err)
	}
}

func TestICMPErrorsReachTheNode(t *testing.T) {
	w := apply(t, example)
	for _, to := range []netip.Addr{client, client6} {
		conn, err := net.Dial("udp", netip.AddrPortFrom(to, 9).String())
		w.must(err)
		defer conn.Close()
		w.must(conn.SetDeadline(time.Now().Add(5 * time.Second)))
		_, err = conn.Write([]byte("nobody listens"))
		w.must(err)
		if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("answer from a closed port of %s: %v, want port unreachable", to, err)
		}
	}
}

func TestFloodIsAnsweredUpToALimit(t *testing.T) {
	w := apply(t, example)
	const flood = 2000
	var sent int
	w.fromFar(func() {
		conn, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(netip.AddrPortFrom(stranger, 0)))
		w.must(err)
		defer conn.Close()
		for range flood {
			if _, err := conn.WriteToUDPAddrPort([]byte("flood"), netip.AddrPortFrom(node, 9)); err == nil {
				sent++
			}
		}
	})
	n, err := packets(Dropped)()
	if err != nil || n == 0 || n >= uint64(sent) {
		t.Errorf("dropped packets = %d, %v, want some of %d, not all", n, err, sent)
	}
}

func TestNothingIsRouted(t *testing.T) {
	w := newWire(t)
	w.must(os.WriteFile("/proc/sys/net/ipv4/ip_forward", []byte("1"), 0))
	attrs := netlink.NewLinkAttrs()
	attrs.Name = "behind"
	veth := netlink.NewVeth(attrs)
	veth.PeerName = "beyond"
	w.must(netlink.LinkAdd(veth))
	// Only what is routed shall be counted, none of IPv6's own packets.
	w.must(os.WriteFile("/proc/sys/net/ipv6/conf/behind/disable_ipv6", []byte("1"), 0))
	w.up("beyond")
	link := w.up("behind", netip.MustParsePrefix("198.51.100.1/24"))
	behind := netip.MustParseAddr("198.51.100.9")
	w.must(netlink.NeighSet(&netlink.Neigh{LinkIndex: link.Attrs().Index, State: netlink.NUD_PERMANENT,
		IP: behind.AsSlice(), HardwareAddr: net.HardwareAddr{2, 0, 0, 0, 0, 9}}))
	w.fromFar(func() {
		w.must(netlink.RouteAdd(&netlink.Route{Dst: &net.IPNet{IP: behind.AsSlice(), Mask: net.CIDRMask(32, 32)}, Gw: node.AsSlice()}))
	})
	routed := func() (uint64, error) {
		link, err := netlink.LinkByName("behind")
		if err != nil {
			return 0, err
		}
		return link.Attrs().Statistics.TxPackets, nil
	}
	send := func() {
		conn, err := net.Dial("udp4", netip.AddrPortFrom(behind, 9).String())
		w.must(err)
		defer conn.Close()
		_, err = conn.Write([]byte("routed"))
		w.must(err)
	}

	before, err := routed()
	w.must(err)
	w.fromFar(send)
	w.await("routed packets before Apply", before+1, routed)
	w.must(Apply(example))
	w.fromFar(send)
	// What was sent later has arrived, so the packet has been and gone.
	w.must(w.ping("ip4:icmp", client, node, 8, 0))
	w.await("routed packets after Apply", before+1, routed)
}

func BenchmarkRead(b *testing.B) {
	apply(b, example)
	r, err := NewReader()
	if err != nil {
		b.Fatal(err)
	}
	defer r.Close()
	for b.Loop() {
		if _, err := r.Read(AdvertsSent); err != nil {
			b.Fatal(err)
		}
	}
}
