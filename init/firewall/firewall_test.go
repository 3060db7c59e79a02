package firewall

import (
	"errors"
	"net"
	"net/netip"
	"os"
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
	withoutSSH := example
	withoutSSH.NodePorts = []uint16{8404}
	for _, tt := range []struct {
		name  string
		rules Rules
		to    netip.Addr
		port  uint16
		open  bool
	}{
		{"pool on the VIP", example, vip, 3306, true},
		{"pool on the node", example, node, 3306, true},
		{"SSH on the node", example, node, 22, true},
		{"metrics on the node", example, node, 8404, true},
		{"SSH on the VIP", example, vip, 22, false},
		{"metrics on the VIP", example, vip, 8404, false},
		{"another port of the VIP", example, vip, 9999, false},
		{"another port of the node", example, node, 9999, false},
		{"SSH that is off", withoutSSH, node, 22, false},
		{"metrics without SSH", withoutSSH, node, 8404, true},
		{"pool over IPv6", example, node6, 3306, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := apply(t, tt.rules)
			for _, port := range []string{"22", "3306", "8404", "9999"} {
				w.listen(port)
			}
			from := client
			if tt.to.Is6() {
				from = client6
			}
			var err error
			w.fromFar(func() { _, err = w.dial(from, tt.to, tt.port) })
			if tt.open && err != nil {
				t.Errorf("connect: %v, want a connection", err)
			}
			if !tt.open && !errors.Is(err, syscall.ECONNREFUSED) {
				t.Errorf("connect: %v, want a reset at once", err)
			}
		})
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
		{"itself", node, node, 9999},
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
	for _, tt := range []struct {
		name     string
		from, to netip.Addr
		port     uint16
		open     bool
	}{
		{"peer", peer, node, 3307, true},
		{"stranger", stranger, node, 3307, false},
		{"peer to the VIP", peer, vip, 3307, false},
		{"peer to another port", peer, node, 3308, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := apply(t, example)
			server, err := net.ListenUDP("udp4", &net.UDPAddr{Port: int(tt.port)})
			w.must(err)
			defer server.Close()
			var conn *net.UDPConn
			w.fromFar(func() {
				conn, err = net.DialUDP("udp4", net.UDPAddrFromAddrPort(netip.AddrPortFrom(tt.from, 0)),
					net.UDPAddrFromAddrPort(netip.AddrPortFrom(tt.to, tt.port)))
			})
			w.must(err)
			defer conn.Close()
			_, err = conn.Write([]byte("state"))
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

// advertise sends a packet of VRRP's protocol number with the TTL.
func (w *wire) advertise(from, to netip.Addr, ttl int, text string) {
	w.t.Helper()
	conn := w.raw("ip4:112", from)
	raw, err := conn.SyscallConn()
	w.must(err)
	w.must(raw.Control(func(fd uintptr) { err = unix.SetsockoptInt(int(fd), unix.IPPROTO_IP, unix.IP_TTL, ttl) }))
	w.must(err)
	_, err = conn.WriteTo([]byte(text), &net.IPAddr{IP: to.AsSlice()})
	w.must(err)
}

func TestAdvertsComeFromPeersOnTheSegment(t *testing.T) {
	w := apply(t, example)
	receiver := w.raw("ip4:112", netip.IPv4Unspecified())
	w.fromFar(func() {
		w.advertise(stranger, node, 255, "stranger")
		w.advertise(peer, node, 254, "routed")
		w.advertise(peer, vip, 255, "to the VIP")
		w.advertise(peer, node, 255, "peer")
	})
	w.await("refused adverts", 3, packets(AdvertsRefused))
	got := make([]byte, 64)
	n, _, err := receiver.ReadFrom(got)
	if err != nil || string(got[:n]) != "peer" {
		t.Errorf("first advert = %q, %v, want the one of the peer", got[:n], err)
	}
	w.await("heard adverts", 1, packets(AdvertsHeard))
	w.await("dropped packets that are adverts", 0, packets(Dropped))
}

func TestAdvertsSentAreCounted(t *testing.T) {
	w := newWire(t)
	if n, err := packets(AdvertsSent)(); err == nil || !strings.Contains(err.Error(), "adverts_sent") {
		t.Errorf("Read before Apply = %d, %v, want an error that names the counter", n, err)
	}
	w.must(Apply(example))
	for i := range 3 {
		w.await("adverts sent", uint64(i), packets(AdvertsSent))
		w.advertise(node, peer, 255, "advert")
	}
	w.await("adverts sent", 3, packets(AdvertsSent))
	w.fromFar(func() { w.advertise(peer, node, 255, "advert") })
	w.raw("ip4:icmp", node).WriteTo(echo(8), &net.IPAddr{IP: peer.AsSlice()})
	w.await("adverts sent after others' packets", 3, packets(AdvertsSent))
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
	if err := w.ping("ip6:ipv6-icmp", client6, node6, 128, 129); err != nil {
		t.Errorf("ping %s: %v", node6, err)
	}
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
