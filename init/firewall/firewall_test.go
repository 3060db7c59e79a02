package firewall

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"syscall"
	"testing"
	"time"

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
