package firewall

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"regexp"
	"syscall"
	"testing"
	"time"
)

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
