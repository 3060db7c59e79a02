package failover

import (
	"bufio"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"twinlb/init/beat"

	"golang.org/x/sys/unix"
)

const (
	head      = "# pxname,svname,scur,status,addr,check_status,last_chk\n"
	checked   = head + "mysql_node,mysql1,0,UP,192.0.2.1:3306,L7OK,\n"
	unchecked = head + "mysql_node,mysql1,0,UP 1/2,192.0.2.1:3306,INI,\n"
)

// worker is a HAProxy worker as far as a prober sees it.
type worker struct {
	hangs         atomic.Bool  // it reads commands and does not answer
	statistics    atomic.Value // the answer to "show stat"
	conversations atomic.Int32
	listener      net.Listener
	latest        atomic.Value // net.Conn
}

// end hangs up, as a worker that ends.
func (w *worker) end() { w.latest.Load().(net.Conn).Close() }

func startWorker(t *testing.T, socket string) *worker {
	t.Helper()
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	w := &worker{listener: listener}
	w.statistics.Store(checked)
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			w.conversations.Add(1)
			w.latest.Store(conn)
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
		case strings.HasPrefix(commands.Text(), "show stat"):
			io.WriteString(conn, w.statistics.Load().(string)+"\n> ")
		default:
			io.WriteString(conn, "\n> ")
		}
	}
}

func socketPath(t *testing.T) string { return filepath.Join(t.TempDir(), "worker.sock") }

// checkOK checks that a probe found all well, and whether it asked for backends.
func checkOK(t *testing.T, when string, got Answer, servers int) {
	t.Helper()
	if !got.OK || got.Hung || got.Gone || got.Err != nil || len(got.Servers) != servers {
		t.Errorf("%s: probe = %+v, want OK with %d backends", when, got, servers)
	}
}

func TestProbesOfAHealthyWorkerShareAConversation(t *testing.T) {
	p := Prober{Socket: socketPath(t)}
	w := startWorker(t, p.Socket)
	w.statistics.Store(unchecked)
	before := time.Now()
	got := p.probe()
	checkOK(t, "the first", got, 1)
	if got.Asked.Before(before) || got.Asked.After(time.Now()) {
		t.Errorf("Asked = %s, want a time during the probe", got.Asked)
	}
	checkOK(t, "a check is under way", p.probe(), 1)
	w.statistics.Store(checked)
	checkOK(t, "all is checked", p.probe(), 1)
	for range serversEvery - 1 {
		checkOK(t, "between two questions for the backends", p.probe(), 0)
	}
	checkOK(t, "the next question for the backends", p.probe(), 1)
	if got := w.conversations.Load(); got != 1 {
		t.Errorf("%d conversations, want 1", got)
	}
}

func TestWorkerThatHangsIsSaidToAndMayComeBack(t *testing.T) {
	p := Prober{Socket: socketPath(t)}
	w := startWorker(t, p.Socket)
	checkOK(t, "before", p.probe(), 1)
	w.hangs.Store(true)
	for range 2 { // in the old conversation, then at the start of a new one
		if got := p.probe(); got.OK || !got.Hung || got.Gone || got.Err == nil {
			t.Errorf("probe of a worker that hangs = %+v, want Hung", got)
		}
	}
	w.hangs.Store(false)
	checkOK(t, "it came back", p.probe(), 1)
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
		if got := p.probe(); got.OK || !got.Hung || got.Gone {
			t.Errorf("probe %d = %+v, want Hung", i+1, got)
		}
	}
}

func TestWorkerThatIsNotThereIsGone(t *testing.T) {
	p := Prober{Socket: socketPath(t)}
	checkGone := func(when string) {
		t.Helper()
		if got := p.probe(); got.OK || got.Hung || !got.Gone || got.Err == nil {
			t.Errorf("%s: probe = %+v, want Gone with an error", when, got)
		}
	}
	checkGone("there is no socket")

	w := startWorker(t, p.Socket)
	checkOK(t, "it is there", p.probe(), 1)
	w.listener.(*net.UnixListener).SetUnlinkOnClose(false)
	w.listener.Close()
	p.runtime.Close() // as when the worker ends
	checkGone("the conversation is over")
	checkGone("another is refused")

	if err := os.Remove(p.Socket); err != nil {
		t.Fatal(err)
	}
	startWorker(t, p.Socket)
	checkOK(t, "its successor", p.probe(), 1)
}

// The first answer uses up so much time that the timeout of the second comes
// late, as all do when this program was stopped for a while.
func TestTimeoutThatComesLateSaysNothing(t *testing.T) {
	p := Prober{Socket: socketPath(t)}
	listener, err := net.Listen("unix", p.Socket)
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	go func() {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		commands := bufio.NewScanner(conn)
		commands.Scan()
		time.Sleep(3 * ProbeInterval / 4)
		io.WriteString(conn, "\n> ")
		for commands.Scan() {
		}
	}()
	if got := p.probe(); got.OK || got.Hung || got.Gone || got.Err == nil {
		t.Errorf("probe = %+v, want an error and nothing else", got)
	}
}

func TestEndOfTheWorkerIsHeardBetweenProbes(t *testing.T) {
	p := Prober{Socket: socketPath(t)}
	listener, err := net.Listen("unix", p.Socket)
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	end := make(chan struct{})
	go func() {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		w := &worker{}
		w.statistics.Store(checked)
		go w.talk(conn)
		<-end
		conn.Close()
	}()
	checkOK(t, "it is there", p.probe(), 1)
	if err := p.rest(10*time.Millisecond, nil); err != nil {
		t.Errorf("rest beside a worker that is there: %v", err)
	}
	close(end)
	if err := p.rest(time.Minute, nil); !errors.Is(err, io.EOF) {
		t.Errorf("rest beside a worker that ends: %v, want %v", err, io.EOF)
	}
}

func TestProberAsksUntilItIsDone(t *testing.T) {
	p := Prober{Socket: socketPath(t)}
	w := startWorker(t, p.Socket)
	answers, done, ended := make(chan Answer), make(chan struct{}), make(chan struct{})
	go func() {
		p.Run(answers, done)
		close(ended)
	}()
	first, second := <-answers, <-answers
	checkOK(t, "the first", first, 1)
	checkOK(t, "the second", second, 0)
	if due := beat.After(first.Asked, ProbeInterval); second.Asked.Before(due) {
		t.Errorf("the second probe came %s early, want it at the next beat", due.Sub(second.Asked))
	}
	w.listener.Close()
	w.end()
	if got := <-answers; !got.Gone {
		t.Errorf("when the worker has ended: %+v, want Gone", got)
	}
	if got := <-answers; !got.Gone {
		t.Errorf("when there is no worker: %+v, want Gone", got)
	}
	close(done)
	select {
	case <-ended:
	case <-time.After(5 * time.Second):
		t.Error("still waiting after 5 s for: the end of Run")
	}
}
