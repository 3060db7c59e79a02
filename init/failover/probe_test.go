package failover

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

const statistics = "# pxname,svname,scur,status,addr,check_status,last_chk\n" +
	"mysql_node,mysql1,0,UP,192.0.2.1:3306,L7OK,\n"

// worker is a HAProxy worker as far as a prober sees it.
type worker struct {
	hangs         atomic.Bool // it reads commands and does not answer
	conversations atomic.Int32
	listener      net.Listener
}

func startWorker(t *testing.T, socket string) *worker {
	t.Helper()
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	w := &worker{listener: listener}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			w.conversations.Add(1)
			go w.talk(conn)
		}
	}()
	return w
}

func (w *worker) talk(conn net.Conn) {
	defer conn.Close()
	for commands := bufio.NewScanner(conn); commands.Scan(); {
		switch {
		case w.hangs.Load():
		case commands.Text() == "show stat":
			io.WriteString(conn, statistics+"\n> ")
		default:
			io.WriteString(conn, "\n> ")
		}
	}
}

func socketPath(t *testing.T) string { return filepath.Join(t.TempDir(), "worker.sock") }

func TestProbesOfAHealthyWorkerShareAConversation(t *testing.T) {
	p := Prober{Socket: socketPath(t)}
	w := startWorker(t, p.Socket)
	for range 3 {
		before := time.Now()
		got := p.probe()
		if !got.OK || got.Hung || got.Err != nil || len(got.Servers) != 1 || got.Servers[0].Name != "mysql1" {
			t.Errorf("probe = %+v, want OK with the server mysql1", got)
		}
		if got.Asked.Before(before) || got.Asked.After(time.Now()) {
			t.Errorf("Asked = %s, want a time during the probe", got.Asked)
		}
	}
	if got := w.conversations.Load(); got != 1 {
		t.Errorf("%d conversations, want 1", got)
	}
}

func TestWorkerThatHangsIsSaidToAndMayComeBack(t *testing.T) {
	p := Prober{Socket: socketPath(t)}
	w := startWorker(t, p.Socket)
	if got := p.probe(); !got.OK {
		t.Fatalf("probe = %+v, want OK", got)
	}
	w.hangs.Store(true)
	for range 2 { // in the old conversation, then at the start of a new one
		if got := p.probe(); got.OK || !got.Hung || got.Err == nil {
			t.Errorf("probe of a worker that hangs = %+v, want Hung", got)
		}
	}
	w.hangs.Store(false)
	if got := p.probe(); !got.OK {
		t.Errorf("probe of a worker that came back = %+v, want OK", got)
	}
}

// A worker that does not accept connections has a backlog that fills with those
// of the probes; HAProxy's has room for ten.
func TestFullBacklogIsAWorkerThatHangs(t *testing.T) {
	p := Prober{Socket: socketPath(t)}
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	if err := unix.Bind(fd, &unix.SockaddrUnix{Name: p.Socket}); err != nil {
		t.Fatal(err)
	}
	if err := unix.Listen(fd, 1); err != nil {
		t.Fatal(err)
	}
	for i := range 5 {
		if got := p.probe(); got.OK || !got.Hung {
			t.Errorf("probe %d = %+v, want Hung", i+1, got)
		}
	}
}

func TestWorkerThatIsNotThereDoesNotHang(t *testing.T) {
	p := Prober{Socket: socketPath(t)}
	if got := p.probe(); got.OK || got.Hung || got.Err == nil {
		t.Errorf("probe without a socket = %+v, want an error and not Hung", got)
	}

	w := startWorker(t, p.Socket)
	if got := p.probe(); !got.OK {
		t.Fatalf("probe = %+v, want OK", got)
	}
	w.listener.(*net.UnixListener).SetUnlinkOnClose(false)
	w.listener.Close()
	p.runtime.Close() // as when the worker ends
	for range 2 {     // the conversation is over, then a new one is refused
		if got := p.probe(); got.OK || got.Hung || got.Err == nil {
			t.Errorf("probe of a worker that ended = %+v, want an error and not Hung", got)
		}
	}

	if err := os.Remove(p.Socket); err != nil {
		t.Fatal(err)
	}
	startWorker(t, p.Socket)
	if got := p.probe(); !got.OK {
		t.Errorf("probe of the next worker = %+v, want OK", got)
	}
}

func TestOnlyATimelyTimeoutIsAHang(t *testing.T) {
	deadline := fmt.Errorf("ask haproxy: %w", os.ErrDeadlineExceeded)
	for _, tt := range []struct {
		name string
		err  error
		took time.Duration
		want bool
	}{
		{"a timeout", deadline, ProbeInterval, true},
		{"a timeout at the limit", deadline, 3 * ProbeInterval / 2, true},
		{"a timeout after this program stood still", deadline, 3*ProbeInterval/2 + 1, false},
		{"a full backlog", fmt.Errorf("ask haproxy: %w", unix.EAGAIN), 0, true},
		{"refused", fmt.Errorf("ask haproxy: %w", unix.ECONNREFUSED), 0, false},
		{"closed", io.EOF, 0, false},
	} {
		if got := hung(tt.err, tt.took); got != tt.want {
			t.Errorf("hung for %s = %t, want %t", tt.name, got, tt.want)
		}
	}
}

func TestProberAsksUntilItIsDone(t *testing.T) {
	p := Prober{Socket: socketPath(t)}
	startWorker(t, p.Socket)
	answers, done, ended := make(chan Answer), make(chan struct{}), make(chan struct{})
	go func() {
		p.Run(answers, done)
		close(ended)
	}()
	first, second := <-answers, <-answers
	if !first.OK || !second.OK {
		t.Errorf("answers = %+v, %+v, want OK", first, second)
	}
	// A ticker may be late once and then early.
	if apart := second.Asked.Sub(first.Asked); apart < ProbeInterval/2 {
		t.Errorf("probes are %s apart, want %s", apart, ProbeInterval)
	}
	close(done)
	select {
	case <-ended:
	case <-time.After(5 * time.Second):
		t.Error("still waiting after 5 s for: the end of Run")
	}
}
