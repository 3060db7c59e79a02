package firewall

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
)

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
