package tickle

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"twinlb/init/sockdiag"
	"twinlb/qemu-tests/lab"
	"twinlb/qemu-tests/sandbox"
)

func TestMain(m *testing.M) { sandbox.Main(m) }

// pair is two nodes without their services, and who is at the far ends of connections.
type pair struct {
	t                    *testing.T
	client, mysql, a, b  *lab.Host
	vip                  netip.Addr
	accepted             []net.Conn // by the node that holds the VIP, from the client
	clients, towardMySQL []net.Conn
	mysqls               []net.Conn // accepted by the MySQL server
}

var families = []struct{ name, prefix, bits, one string }{
	{"IPv4", "192.0.2.", "/24", "/32"},
	{"IPv6", "2001:db8::", "/64", "/128"},
}

func newPair(t *testing.T, family int) *pair {
	t.Helper()
	f := families[family]
	l := lab.New(t)
	host := func(name, number string) *lab.Host {
		return l.Host(name, netip.MustParsePrefix(f.prefix+number+f.bits))
	}
	p := &pair{t: t, client: host("client", "1"), mysql: host("mysql1", "51"), a: host("lb-a", "53"), b: host("lb-b", "54"),
		vip: netip.MustParseAddr(f.prefix + "60")}
	for _, h := range []*lab.Host{p.a, p.b} {
		for _, version := range []string{"ipv4", "ipv6"} {
			if err := h.Sysctl("net/"+version+"/ip_nonlocal_bind", "1"); err != nil {
				t.Fatal(err)
			}
		}
	}
	p.hold(p.a)
	t.Cleanup(func() {
		for _, c := range slices.Concat(p.accepted, p.clients, p.towardMySQL, p.mysqls) {
			c.Close()
		}
	})
	return p
}

func (p *pair) ip(h *lab.Host, args ...string) {
	p.t.Helper()
	if out, err := h.Command("ip", args...).CombinedOutput(); err != nil {
		p.t.Fatalf("ip %s: %v: %s", strings.Join(args, " "), err, out)
	}
}

func (p *pair) prefix() string { return netip.PrefixFrom(p.vip, p.vip.BitLen()).String() }

// hold gives a node the VIP. What its GARP would do, is done to who would hear it.
func (p *pair) hold(h *lab.Host) {
	p.t.Helper()
	p.ip(h, "address", "add", p.prefix(), "dev", "eth0", "nodad")
	out, err := h.Command("cat", "/sys/class/net/eth0/address").Output()
	if err != nil {
		p.t.Fatal(err)
	}
	for _, other := range []*lab.Host{p.client, p.mysql} {
		p.ip(other, "neighbor", "replace", p.vip.String(), "lladdr", strings.TrimSpace(string(out)), "dev", "eth0", "nud", "reachable")
	}
}

func (p *pair) release(h *lab.Host) {
	p.t.Helper()
	p.ip(h, "address", "delete", p.prefix(), "dev", "eth0")
}

// connect opens connections from the client to the VIP, and from the VIP to the MySQL
// server, through node A.
func (p *pair) connect(clients, backends int) {
	p.t.Helper()
	atVIP, err := p.a.Listen("tcp", netip.AddrPortFrom(p.vip, 3306).String())
	if err != nil {
		p.t.Fatal(err)
	}
	atMySQL, err := p.mysql.Listen("tcp", ":3306")
	if err != nil {
		p.t.Fatal(err)
	}
	defer atVIP.Close()
	defer atMySQL.Close()
	dial := func(from *lab.Host, d net.Dialer, to string) net.Conn {
		var conn net.Conn
		if err := from.Do(func() (err error) {
			ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
			defer cancel()
			conn, err = d.DialContext(ctx, "tcp", to)
			return err
		}); err != nil {
			p.t.Fatal(err)
		}
		return conn
	}
	accept := func(l net.Listener) net.Conn {
		conn, err := l.Accept()
		if err != nil {
			p.t.Fatal(err)
		}
		return conn
	}
	for range clients {
		p.clients = append(p.clients, dial(p.client, net.Dialer{KeepAlive: -1}, atVIP.Addr().String()))
		p.accepted = append(p.accepted, accept(atVIP))
	}
	prefix := strings.TrimSuffix(p.vip.String(), "60")
	for range backends {
		d := net.Dialer{KeepAlive: -1, LocalAddr: net.TCPAddrFromAddrPort(netip.AddrPortFrom(p.vip, 0))}
		p.towardMySQL = append(p.towardMySQL, dial(p.a, d, net.JoinHostPort(prefix+"51", "3306")))
		p.mysqls = append(p.mysqls, accept(atMySQL))
	}
}

// connectFromNode opens one that is not the VIP's.
func (p *pair) connectFromNode() net.Conn {
	p.t.Helper()
	l, err := p.mysql.Listen("tcp", ":3307")
	if err != nil {
		p.t.Fatal(err)
	}
	defer l.Close()
	prefix := strings.TrimSuffix(p.vip.String(), "60")
	from := net.Dialer{LocalAddr: net.TCPAddrFromAddrPort(netip.MustParseAddrPort(net.JoinHostPort(prefix+"53", "0")))}
	var conn net.Conn
	if err := p.a.Do(func() (err error) {
		conn, err = from.Dial("tcp", net.JoinHostPort(prefix+"51", "3307"))
		return err
	}); err != nil {
		p.t.Fatal(err)
	}
	far, err := l.Accept()
	if err != nil {
		p.t.Fatal(err)
	}
	p.clients, p.mysqls = append(p.clients, conn), append(p.mysqls, far)
	return conn
}

// tuples are the connections of the VIP on the node.
func (p *pair) tuples(h *lab.Host) (all []Tuple) {
	p.t.Helper()
	if err := h.Do(func() error {
		return new(system).each(p.vip, sockdiag.Established, func(t Tuple) { all = append(all, t) })
	}); err != nil {
		p.t.Fatal(err)
	}
	return all
}

// ends wants each read of the connections to end by a reset, and returns when they did.
func (p *pair) ends(conns []net.Conn, began time.Time, within time.Duration) (took []time.Duration) {
	p.t.Helper()
	took = make([]time.Duration, len(conns))
	var all sync.WaitGroup
	for i, c := range conns {
		_ = c.SetReadDeadline(began.Add(within))
		all.Go(func() {
			_, err := c.Read(make([]byte, 1))
			took[i] = time.Since(began)
			if !errors.Is(err, syscall.ECONNRESET) {
				p.t.Errorf("connection %s with %s: got error %v, want a reset within %s", c.LocalAddr(), c.RemoteAddr(), err, within)
			}
		})
	}
	all.Wait()
	slices.Sort(took)
	return took
}

func (p *pair) acknowledge(h *lab.Host, tuples []Tuple) {
	p.t.Helper()
	if err := h.Do(func() error { return new(system).acknowledge(tuples) }); err != nil {
		p.t.Error(err)
	}
}

// The first node dies; the second makes what was connected to it fail.
func TestConnectionsOfADeadNodeFail(t *testing.T) {
	for i, f := range families {
		for _, count := range []int{1, 5000} {
			t.Run(fmt.Sprintf("%s/%d", f.name, count), func(t *testing.T) {
				p := newPair(t, i)
				p.connect(count, (count+9)/10)
				listing := time.Now()
				tuples := p.tuples(p.a)
				listed := time.Since(listing)
				if want := count + (count+9)/10; len(tuples) != want {
					t.Fatalf("the node has %d connections, want %d", len(tuples), want)
				}
				if err := p.a.Port.Mute(); err != nil {
					t.Fatal(err)
				}
				p.hold(p.b)
				began := time.Now()
				var sending sync.WaitGroup
				sending.Go(func() { p.acknowledge(p.b, tuples) })
				took := p.ends(slices.Concat(p.clients, p.mysqls), began, 5*time.Second)
				sending.Wait()
				t.Logf("listed within %s; resets after %s to %s", listed, took[0], took[len(took)-1])
			})
		}
	}
}

// The first node lives and has lost the VIP: its halves would be in the way.
func TestConnectionsOfANodeWithoutItsVIP(t *testing.T) {
	for i, f := range families {
		t.Run(f.name, func(t *testing.T) {
			p := newPair(t, i)
			p.connect(3, 3)
			other := p.connectFromNode()
			p.release(p.a)
			p.hold(p.b)
			tuples := p.tuples(p.a)
			if len(tuples) != 6 {
				t.Errorf("the VIP has %d connections, want 6", len(tuples))
			}
			if err := p.a.Do(func() error {
				ended, err := new(system).destroy(p.vip)
				if ended != len(tuples) {
					t.Errorf("%d connections were ended, want %d", ended, len(tuples))
				}
				return err
			}); err != nil {
				t.Error(err)
			}
			if _, err := other.Write([]byte("a check")); err != nil {
				t.Errorf("a connection of the node's own address: %v, want that it goes on", err)
			}
			if left := p.tuples(p.a); len(left) > 0 {
				t.Errorf("the node still has %v", left)
			}
			for _, c := range slices.Concat(p.accepted, p.towardMySQL) {
				_ = c.SetReadDeadline(time.Now().Add(time.Second))
				if _, err := c.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNABORTED) {
					t.Errorf("the node's half of %s with %s: %v, want that it was aborted", c.LocalAddr(), c.RemoteAddr(), err)
				}
			}
		})
	}
}

// A connection that ends by itself between the list and its turn is not to take the
// socket with it that listens.
func TestListeningSocketSurvivesTheEndOfAConnection(t *testing.T) {
	for i, f := range families {
		t.Run(f.name, func(t *testing.T) {
			p := newPair(t, i)
			listener, err := p.a.Listen("tcp", netip.AddrPortFrom(p.vip, 3306).String())
			if err != nil {
				t.Fatal(err)
			}
			defer listener.Close()
			connect := func() (client, accepted net.Conn) {
				t.Helper()
				client, err := p.client.Dial(t.Context(), "tcp", listener.Addr().String())
				if err != nil {
					t.Fatal(err)
				}
				_ = listener.(*net.TCPListener).SetDeadline(time.Now().Add(5 * time.Second))
				if accepted, err = listener.Accept(); err != nil {
					t.Fatal(err)
				}
				return client, accepted
			}
			client, accepted := connect()
			if err := p.a.Do(func() error {
				kernel := new(sockdiag.Kernel)
				var sockets []sockdiag.Socket
				if err := kernel.Each(p.vip, sockdiag.Alive, func(s sockdiag.Socket) { sockets = append(sockets, s) }); err != nil {
					return err
				}
				for _, c := range []net.Conn{client, accepted} {
					_ = c.(*net.TCPConn).SetLinger(0)
					c.Close()
				}
				ended, err := kernel.Destroy(sockets)
				if len(sockets) != 1 || ended != 0 {
					t.Errorf("%d of %d connections were ended, want none of 1, which has ended", ended, len(sockets))
				}
				return err
			}); err != nil {
				t.Error(err)
			}
			client, accepted = connect()
			client.Close()
			accepted.Close()
		})
	}
}
