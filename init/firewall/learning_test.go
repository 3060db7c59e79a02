package firewall

import (
	"errors"
	"net"
	"net/netip"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

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
