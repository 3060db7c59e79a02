package admin

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"twinlb/init/control"
	"twinlb/init/journal"

	"golang.org/x/crypto/ssh"
)

// from is a connection of a source address.
type from struct {
	net.Conn
	address string
	closed  bool
}

func (f *from) RemoteAddr() net.Addr {
	return net.TCPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr(f.address), 1024))
}

func (f *from) Close() error {
	f.closed = true
	return nil
}

func TestPlacesGoToThoseWhoLogIn(t *testing.T) {
	var p places
	take := func(address string) (*from, *place, error) {
		conn := &from{address: address}
		taken, err := p.take(conn)
		return conn, taken, err
	}
	var first *from
	for i := range connections {
		conn, _, err := take(fmt.Sprintf("192.0.2.%d", i/strangers))
		if err != nil {
			t.Fatalf("connection %d of %d: %v", i+1, connections, err)
		}
		if i == 0 {
			first = conn
		}
	}
	if _, _, err := take("192.0.2.1"); err == nil {
		t.Errorf("a %dth stranger of one address has a place", strangers+1)
	}
	if first.closed {
		t.Error("a stranger was sent away for one whose address has enough")
	}
	conn, mine, err := take("198.51.100.1")
	if err != nil || !first.closed || conn.closed {
		t.Errorf("another address: %v, the oldest stranger is sent away: %t; want a place, and that", err, first.closed)
	}
	p.logIn(mine)
	for i := range connections {
		conn, taken, err := take(fmt.Sprintf("198.51.100.%d", i+2))
		if i == connections-1 {
			if err == nil {
				t.Error("there was a place when all had logged in")
			}
			break
		}
		if err != nil || conn.closed {
			t.Fatalf("newcomer %d: %v", i, err)
		}
		p.logIn(taken)
	}
	if conn.closed {
		t.Error("one who had logged in was sent away")
	}
	p.leave(mine)
	if _, _, err := take("198.51.100.1"); err != nil {
		t.Errorf("after one has left: %v", err)
	}
}

func TestRationLetsOneLineASecondPass(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r ration
		passed := func(n int) (passed, withheld int) {
			for range n {
				ok, w := r.allow()
				if ok {
					passed++
				}
				withheld += w
			}
			return passed, withheld
		}
		if got, _ := passed(100); got != burst {
			t.Errorf("%d of 100 at once pass, want %d", got, burst)
		}
		time.Sleep(time.Second)
		if got, withheld := passed(10); got != 1 || withheld != 100-burst {
			t.Errorf("%d pass a second later and tell of %d, want 1 and %d", got, withheld, 100-burst)
		}
		time.Sleep(time.Hour)
		if got, withheld := passed(100); got != burst || withheld != 9 {
			t.Errorf("%d pass an hour later and tell of %d, want %d and 9", got, withheld, burst)
		}
	})
}

func TestAFloodKeepsNobodyOut(t *testing.T) {
	l := newLab(t, answers, func(s *server) { s.times.login = 300 * time.Millisecond })
	for range 200 {
		conn, err := net.Dial("tcp", l.address)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
	}
	until(t, "a login after the flood", func() bool {
		client, err := l.dial("admin", keyAuth(t, l.key))
		if err == nil {
			client.Close()
		}
		return err == nil
	})
	if lines := strings.Count(l.journal(), "\n"); lines > 3*burst {
		t.Errorf("200 connections are %d lines in the journal", lines)
	}
}

func TestWhoSaysNothingIsSentAway(t *testing.T) {
	l := newLab(t, answers, func(s *server) { s.times.login = 100 * time.Millisecond })
	for _, says := range []string{"", "SSH-2.0-slow\r\n", strings.Repeat("x", 1<<20)} {
		conn, err := net.Dial("tcp", l.address)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		go io.WriteString(conn, says)
		if err := conn.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
			t.Fatal(err)
		}
		_, err = io.Copy(io.Discard, conn)
		var late net.Error
		if errors.As(err, &late) && late.Timeout() {
			t.Errorf("after %.20q: still connected after 10 s", says)
		}
	}
}

func TestIdleConnectionsEnd(t *testing.T) {
	l := newLab(t, answers, func(s *server) { s.times.idle = 200 * time.Millisecond })
	following := l.login()
	session, err := following.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	if err := session.Start("logs -f"); err != nil {
		t.Fatal(err)
	}
	idle := l.login()
	if _, err := idle.NewSession(); err != nil { // without a command it counts for nothing
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- idle.Wait() }()
	select {
	case <-ended:
	case <-time.After(10 * time.Second):
		t.Fatal("still waiting after 10 s for an idle connection to end")
	}
	if _, _, err := following.SendRequest("keepalive@openssh.com", true, nil); err != nil {
		t.Errorf("a connection with a command was ended: %v", err)
	}
}

func TestSessionsOfAConnectionAreBounded(t *testing.T) {
	l := newLab(t, answers, nil)
	client := l.login()
	var open []*ssh.Session
	for range channels {
		session, err := client.NewSession()
		if err != nil {
			t.Fatal(err)
		}
		open = append(open, session)
	}
	_, err := client.NewSession()
	var refused *ssh.OpenChannelError
	if !errors.As(err, &refused) || refused.Reason != ssh.ResourceShortage {
		t.Errorf("session %d: %v, want a resource shortage", channels+1, err)
	}
	open[0].Close()
	until(t, "a session after one has ended", func() bool {
		_, err := client.NewSession()
		return err == nil
	})
}

func TestHugeAndBinaryCommandsAreRefused(t *testing.T) {
	l := newLab(t, answers, nil)
	for line, want := range map[string]string{
		strings.Repeat("status ", 1000):       "the command has 7000 bytes, at most 4096 are possible\n",
		strings.Repeat("x", 200_000):          "the command has 200000 bytes, at most 4096 are possible\n",
		strings.Repeat("x", 4096):             "unknown command \"xxxxxxxx",
		"status\x00":                          "the command is not printable text\n",
		"logs \x1b[2J":                        "the command is not printable text\n",
		"\xff\xfe\xfd":                        "the command is not printable text\n",
		"restart " + strings.Repeat("y", 500): "is no name of a service",
	} {
		stdout, stderr, exit := l.run(line)
		if exit != exitUsage || stdout != "" || !strings.Contains(stderr, want) || len(stderr) > 2000 {
			t.Errorf("%.20q exits %d, says %.200q, want %d, %q", line, exit, stderr, exitUsage, want)
		}
	}
	session, err := l.login().NewSession()
	if err != nil {
		t.Fatal(err)
	}
	// More than a packet may have (RFC 4253 §6.1): the connection ends.
	if err := session.Run(strings.Repeat("x", 1<<20)); err == nil {
		t.Error("a command of 1 MiB was run")
	}
	if _, _, exit := l.run("help"); exit != 0 {
		t.Errorf("help after all that exits %d", exit)
	}
	if len(l.journal()) > 4096 {
		t.Errorf("the journal has %d bytes after it", len(l.journal()))
	}
}

// endless is a PID 1 with more to say than anybody reads.
func endless(ended chan<- error) control.Handle {
	return func(_ control.Request, send func(control.Reply) error, gone <-chan struct{}) error {
		for {
			if err := send(control.Reply{Lines: []journal.Line{{Subject: "haproxy", Text: strings.Repeat("x", 1000)}}}); err != nil {
				ended <- err
				return err
			}
			select {
			case <-gone:
				ended <- nil
				return nil
			default:
			}
		}
	}
}

// deaf is a connection of which a test stops reading.
type deaf struct {
	net.Conn
	stop chan struct{}
}

func (d *deaf) Read(b []byte) (int, error) {
	select {
	case <-d.stop:
		select {} // the test ends before it
	default:
		return d.Conn.Read(b)
	}
}

func TestAClientThatReadsNothingIsSentAway(t *testing.T) {
	for _, tt := range []struct {
		name string
		tcp  bool // stop reading from the socket too
	}{{"channel window", false}, {"TCP window", true}} {
		t.Run(tt.name, func(t *testing.T) {
			ended := make(chan error, 1)
			l := newLab(t, endless(ended), func(s *server) { s.times.read = 300 * time.Millisecond })
			tcp, err := net.Dial("tcp", l.address)
			if err != nil {
				t.Fatal(err)
			}
			defer tcp.Close()
			if err := tcp.(*net.TCPConn).SetReadBuffer(4096); err != nil {
				t.Fatal(err)
			}
			conn := &deaf{tcp, make(chan struct{})}
			c, opened, requests, err := ssh.NewClientConn(conn, l.address, &ssh.ClientConfig{
				User: "admin", Auth: []ssh.AuthMethod{keyAuth(t, l.key)}, HostKeyCallback: ssh.InsecureIgnoreHostKey(),
			})
			if err != nil {
				t.Fatal(err)
			}
			session, err := ssh.NewClient(c, opened, requests).NewSession()
			if err != nil {
				t.Fatal(err)
			}
			if _, err := session.StdoutPipe(); err != nil { // of which nothing is read
				t.Fatal(err)
			}
			if err := session.Start("logs -f"); err != nil {
				t.Fatal(err)
			}
			if tt.tcp {
				close(conn.stop)
			}
			select {
			case <-ended:
			case <-time.After(10 * time.Second):
				t.Fatal("still waiting after 10 s for PID 1's side to end")
			}
			until(t, "the place to be free", func() bool {
				l.server.places.mu.Lock()
				defer l.server.places.mu.Unlock()
				return len(l.server.places.taken) == 0
			})
			l.expectLog("it read nothing for 300ms")
			if _, _, exit := l.run("help"); exit != 0 {
				t.Errorf("help after it exits %d", exit)
			}
		})
	}
}

func TestPatienceEnds(t *testing.T) {
	here, there := net.Pipe()
	defer there.Close()
	conn := &patient{here, 50 * time.Millisecond}
	if _, err := conn.Write([]byte("x")); err == nil {
		t.Error("Write = nil, and nobody reads")
	}
	if _, err := there.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("the other end reads %v, want the end", err)
	}
}
