package drain

import (
	"io"
	"net"
	"net/netip"
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/vishvananda/netlink"
)

// vip is one of this process: others may run the same test.
var vip = netip.AddrFrom4([4]byte{127, 9, byte(os.Getpid() >> 8), byte(os.Getpid())})

// relay accepts connections to the VIP and passes each to the server, from the VIP,
// as HAProxy does.
func relay(t *testing.T, server net.Addr) net.Addr {
	t.Helper()
	l := listen(t, vip.String()+":0")
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer client.Close()
				dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: vip.AsSlice()}}
				onward, err := dialer.Dial("tcp", server.String())
				if err != nil {
					return
				}
				defer onward.Close()
				go func() {
					io.Copy(onward, client)
					onward.Close()
				}()
				io.Copy(client, onward)
			}()
		}
	}()
	return l.Addr()
}

func listen(t *testing.T, address string) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// session is a client with its server, each of which says what the test wants.
type session struct {
	t              *testing.T
	client, server net.Conn
}

func connect(t *testing.T) *session {
	t.Helper()
	l := listen(t, "127.9.0.51:0")
	client, err := net.Dial("tcp", relay(t, l.Addr()).String())
	if err != nil {
		t.Fatal(err)
	}
	server, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close(); server.Close() })
	return &session{t, client, server}
}

// say passes a message from one to the other.
func (s *session) say(from, to net.Conn) {
	s.t.Helper()
	if _, err := from.Write([]byte("x")); err != nil {
		s.t.Fatal(err)
	}
	to.SetReadDeadline(time.Now().Add(5 * time.Second))
	if _, err := io.ReadFull(to, make([]byte, 1)); err != nil {
		s.t.Fatal(err)
	}
}

func (s *session) answer() { s.say(s.server, s.client) } // the greeting is one
func (s *session) ask()    { s.say(s.client, s.server) }

func (s *session) login() {
	s.answer()
	s.ask()
	s.answer()
}

func take(t *testing.T) Census {
	t.Helper()
	c, err := Take([]netip.Addr{vip})
	if err != nil {
		t.Skip(err) // the machine that tests has no INET_DIAG
	}
	return c
}

// expectBusy wants it so from now on, for longer than anything rests.
func expectBusy(t *testing.T, during time.Duration) {
	t.Helper()
	for begin := time.Now(); time.Since(begin) < during; time.Sleep(look) {
		if c := take(t); c.Busy == 0 || c.Clients != 1 {
			t.Fatalf("%+v after %v, want one client and it busy", c, time.Since(begin))
		}
	}
}

func expectIdle(t *testing.T) {
	t.Helper()
	began := time.Now()
	for take(t).Busy > 0 {
		if time.Since(began) > 5*time.Second {
			t.Fatalf("%+v after 5 s, want nobody busy", take(t))
		}
		time.Sleep(look)
	}
	if c := take(t); c.Clients != 1 {
		t.Errorf("%+v, want one client", c)
	}
	t.Logf("idle after %v", time.Since(began))
}

func TestStatementIsToldFromRest(t *testing.T) {
	const during = 600 * time.Millisecond
	t.Run("waits for the greeting", func(t *testing.T) {
		connect(t)
		expectBusy(t, during)
	})
	t.Run("has got the greeting", func(t *testing.T) {
		connect(t).answer()
		expectBusy(t, during)
	})
	t.Run("has logged in, and rests", func(t *testing.T) {
		connect(t).login()
		expectIdle(t)
	})
	// Each time the ticks in which both spoke last may be the same or not.
	for range 5 {
		t.Run("asks at once after its login", func(t *testing.T) {
			s := connect(t)
			s.login()
			s.ask()
			expectBusy(t, during)
			s.answer()
			expectIdle(t)
		})
		t.Run("asks again and again, and rests", func(t *testing.T) {
			s := connect(t)
			s.login()
			for range 50 {
				s.ask()
				s.answer()
			}
			expectIdle(t)
			s.ask()
			expectBusy(t, during)
		})
	}
	t.Run("asks after a while", func(t *testing.T) {
		s := connect(t)
		s.login()
		expectIdle(t)
		s.ask()
		expectBusy(t, during)
	})
	t.Run("leaves", func(t *testing.T) {
		s := connect(t)
		s.login()
		s.client.Close()
		s.server.Close()
		for deadline := time.Now().Add(5 * time.Second); take(t) != (Census{}); time.Sleep(look) {
			if time.Now().After(deadline) {
				t.Fatalf("%+v after 5 s, want nothing", take(t))
			}
		}
	})
}

func TestBusy(t *testing.T) {
	info := func(change func(*netlink.TCPInfo)) *netlink.TCPInfo {
		i := &netlink.TCPInfo{Last_data_sent: 1000, Last_data_recv: 1000, Last_ack_recv: 1000, Data_segs_out: 3}
		if change != nil {
			change(i)
		}
		return i
	}
	for _, tt := range []struct {
		name             string
		state            uint8
		info             *netlink.TCPInfo
		client, toServer bool
	}{
		{"all in one tick", unix.BPF_TCP_ESTABLISHED, info(nil), false, false},
		{"all in one tick, and the other side is at it", unix.BPF_TCP_ESTABLISHED, info(func(i *netlink.TCPInfo) { i.Last_ack_recv = 960 }), false, true},
		{"the same, long ago: a keepalive", unix.BPF_TCP_ESTABLISHED,
			info(func(i *netlink.TCPInfo) { i.Last_data_sent, i.Last_data_recv, i.Last_ack_recv = 20000, 20000, 9000 }), false, false},
		{"this side spoke last", unix.BPF_TCP_ESTABLISHED, info(func(i *netlink.TCPInfo) { i.Last_data_sent = 900 }), false, true},
		{"the other side spoke last", unix.BPF_TCP_ESTABLISHED, info(func(i *netlink.TCPInfo) { i.Last_data_recv = 900 }), true, false},
		{"a moment ago", unix.BPF_TCP_ESTABLISHED, info(func(i *netlink.TCPInfo) { i.Last_data_sent, i.Last_data_recv = 40, 40 }), true, true},
		{"the other side does not take it", unix.BPF_TCP_ESTABLISHED, info(func(i *netlink.TCPInfo) { i.Notsent_bytes = 9 }), true, true},
		{"a moment ago for one so far away", unix.BPF_TCP_ESTABLISHED, info(func(i *netlink.TCPInfo) { i.Rtt = 400_000 }), true, true},
		{"no greeting yet", unix.BPF_TCP_ESTABLISHED, info(func(i *netlink.TCPInfo) { i.Data_segs_out = 0 }), true, false},
		{"not logged in yet", unix.BPF_TCP_ESTABLISHED, info(func(i *netlink.TCPInfo) { i.Data_segs_out = 1 }), true, false},
		{"connecting", unix.BPF_TCP_SYN_SENT, info(nil), true, true},
		{"listening", unix.BPF_TCP_LISTEN, info(nil), false, false},
		{"over", unix.BPF_TCP_TIME_WAIT, nil, false, false},
	} {
		if got := busy(tt.state, tt.info, true); got != tt.client {
			t.Errorf("%s: the socket of a client is busy: %t, want %t", tt.name, got, tt.client)
		}
		if got := busy(tt.state, tt.info, false); got != tt.toServer {
			t.Errorf("%s: the socket towards a server is busy: %t, want %t", tt.name, got, tt.toServer)
		}
	}
}
