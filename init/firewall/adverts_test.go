package firewall

import (
	"net"
	"net/netip"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

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
