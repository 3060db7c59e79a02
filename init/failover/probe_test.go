package failover

import (
	"bufio"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"twinlb/init/beat"
)

const (
	head      = "# pxname,svname,scur,stot,status,addr,check_status,last_chk\n"
	checked   = head + "mysql_node,mysql1,0,0,UP,192.0.2.1:3306,L7OK,\n"
	unchecked = head + "mysql_node,mysql1,0,0,UP 1/2,192.0.2.1:3306,INI,\n"
)

// worker is a HAProxy worker as far as a prober sees it.
type worker struct {
	hangs         atomic.Bool  // it does not answer for as long
	statistics    atomic.Value // the answer to "show stat"
	conversations atomic.Int32
	commands      atomic.Int32
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
		w.commands.Add(1)
		for w.hangs.Load() {
			time.Sleep(time.Millisecond)
		}
		switch {
		case strings.HasPrefix(commands.Text(), "show stat"):
			io.WriteString(conn, w.statistics.Load().(string)+"\n> ")
		default:
			io.WriteString(conn, "\n> ")
		}
	}
}

func socketPath(t *testing.T) string { return filepath.Join(t.TempDir(), "worker.sock") }

// prober is one whose clock the test moves on.
type prober struct {
	*Prober
	t     *testing.T
	w     *worker
	holds atomic.Bool
	shut  []netip.AddrPort
	now   time.Time
}

// newProber has the VIP, and a worker.
func newProber(t *testing.T) *prober {
	t.Helper()
	p := &prober{t: t, now: time.Now()}
	p.Prober = &Prober{Socket: socketPath(t), Holds: p.holds.Load, Closed: func() []netip.AddrPort { return p.shut }}
	p.holds.Store(true)
	p.w = startWorker(t, p.Socket)
	t.Cleanup(p.hangUp)
	return p
}

// next has the prober look when it wants to.
func (p *prober) next() (Answer, bool) {
	p.now = p.now.Add(p.interval())
	return p.look(p.now)
}

// settle waits until the worker has answered all that it was asked.
func (p *prober) settle() {
	p.t.Helper()
	for deadline := time.Now().Add(5 * time.Second); p.open; time.Sleep(time.Millisecond) {
		_, complete, err := p.runtime.Answer()
		if complete || err != nil {
			return
		}
		if time.Now().After(deadline) {
			p.t.Fatal("waited 5 s for the worker to answer")
		}
	}
}

// expectOK looks once more and checks that it found all well, and whether it had
// asked for backends.
func (p *prober) expectOK(when string, servers int) {
	p.t.Helper()
	p.settle()
	asked := p.asked
	got, news := p.next()
	if !news || !got.OK || got.Hung || got.Gone || got.Err != nil || len(got.Servers) != servers {
		p.t.Errorf("%s: probe = %+v, want OK with %d backends", when, got, servers)
	}
	if !got.Asked.Equal(asked) {
		p.t.Errorf("%s: Asked = %s, want %s", when, got.Asked, asked)
	}
}

func (p *prober) expectNoNews(when string) {
	p.t.Helper()
	if got, news := p.next(); news {
		p.t.Errorf("%s: probe = %+v, want no news", when, got)
	}
}

func (p *prober) expectHung(when string) {
	p.t.Helper()
	if got, news := p.next(); !news || got.OK || !got.Hung || got.Gone || got.Err == nil {
		p.t.Errorf("%s: probe = %+v, want Hung", when, got)
	}
}

func (p *prober) expectGone(when string) {
	p.t.Helper()
	if got, news := p.next(); !news || got.OK || got.Hung || !got.Gone || got.Err == nil {
		p.t.Errorf("%s: probe = %+v, want Gone with an error", when, got)
	}
}

func (p *prober) expectInterval(when string, want time.Duration) {
	p.t.Helper()
	if got := p.interval(); got != want {
		p.t.Errorf("%s it looks again after %s, want %s", when, got, want)
	}
}

func TestProbesOfAHealthyWorkerShareAConversation(t *testing.T) {
	p := newProber(t)
	p.w.statistics.Store(unchecked)
	p.expectNoNews("the first question")
	p.expectInterval("before the first answer", readyInterval)
	p.expectOK("a check is under way", 1)
	p.expectInterval("while a check is under way", readyInterval)
	p.settle()
	p.w.statistics.Store(checked)
	p.expectOK("a check was under way", 1) // when it was asked
	p.expectOK("all is checked", 1)
	for range serversEvery - 1 {
		p.expectInterval("with the VIP", ProbeInterval)
		p.expectOK("between two questions for the backends", 0)
	}
	p.expectOK("the next question for the backends", 1)
	if got := p.w.conversations.Load(); got != 1 {
		t.Errorf("%d conversations, want 1", got)
	}
}

func TestNodeWithoutTheVIPRests(t *testing.T) {
	p := newProber(t)
	p.holds.Store(false)
	p.expectNoNews("the first question")
	p.expectOK("at the start", 1)
	for range 3 {
		commands := p.w.commands.Load()
		p.expectInterval("without a question", restInterval)
		p.expectNoNews("a question")
		p.expectInterval("with a question", ProbeInterval)
		p.expectOK("an answer", 1)
		if got := p.w.commands.Load() - commands; got != 1 {
			t.Errorf("%d commands in a second, want 1", got)
		}
	}
	p.holds.Store(true)
	p.expectNoNews("when it has the VIP it asks")
	p.expectInterval("with the VIP", ProbeInterval)
	p.expectOK("an answer", 0)
	p.expectInterval("with the VIP", ProbeInterval)
}

func TestWorkerThatHangsIsSaidToAndMayComeBack(t *testing.T) {
	for name, holds := range map[string]bool{"with the VIP": true, "without": false} {
		t.Run(name, func(t *testing.T) {
			p := newProber(t)
			p.holds.Store(holds)
			p.expectNoNews("the first question")
			p.expectOK("before", 1)
			p.settle()
			p.w.hangs.Store(true)
			if holds {
				p.expectOK("it has answered and hangs now", 0)
			} else {
				p.expectNoNews("a question")
			}
			for range 3 {
				p.expectInterval("while it hangs", ProbeInterval)
				p.expectHung("it hangs")
			}
			p.w.hangs.Store(false)
			p.settle()
			if got, _ := p.next(); !got.OK {
				t.Errorf("it came back: probe = %+v, want OK", got)
			}
			if got := p.w.conversations.Load(); got != 1 {
				t.Errorf("%d conversations, want 1: they fill the backlog", got)
			}
		})
	}
}

func TestWorkerThatNeverAnswersHangs(t *testing.T) {
	p := newProber(t)
	p.w.hangs.Store(true)
	p.expectNoNews("the first question")
	for range 3 { // each missing answer counts as ProbeInterval
		for range 9 {
			p.expectNoNews("a little later")
		}
		p.expectHung("an interval later")
	}
}

func TestWorkerThatIsNotThereIsGone(t *testing.T) {
	p := newProber(t)
	p.w.listener.(*net.UnixListener).SetUnlinkOnClose(false)
	p.expectNoNews("the first question")
	p.expectOK("it is there", 1)
	p.settle()
	p.w.listener.Close()
	p.w.end()
	p.expectGone("the conversation is over")
	p.expectGone("another is refused")
	if err := os.Remove(p.Socket); err != nil {
		t.Fatal(err)
	}
	p.expectGone("there is no socket")
	p.expectInterval("while it is not there", readyInterval)
	p.now = p.now.Add(ReadyWithin)
	p.expectGone("it is still not there")
	p.expectInterval("when it has not been there for long", ProbeInterval)
	p.w = startWorker(t, p.Socket)
	p.expectNoNews("a question to its successor")
	p.expectOK("its successor", 1)
}

func TestLookThatComesLateSaysNothing(t *testing.T) {
	p := newProber(t)
	p.expectNoNews("the first question")
	p.expectOK("before", 1)
	p.settle()
	p.w.hangs.Store(true)
	p.expectOK("it has answered and hangs now", 0)
	p.now = p.now.Add(time.Minute) // this program was stopped
	p.expectNoNews("after a minute")
	p.expectHung("an interval later")
}

func TestLookThatComesEarlySaysNothing(t *testing.T) {
	p := newProber(t)
	p.expectNoNews("the first question")
	p.expectOK("before", 1)
	p.settle()
	p.w.hangs.Store(true)
	p.expectOK("it has answered and hangs now", 0)
	if got, news := p.look(p.now.Add(ProbeInterval / 2)); news { // the VIP has come
		t.Errorf("half an interval later: probe = %+v, want no news", got)
	}
	p.expectHung("an interval later")
}

func TestClosedPortIsLookedAtTwice(t *testing.T) {
	p := newProber(t)
	p.expectNoNews("the first question")
	p.expectOK("before", 1)
	port := netip.MustParseAddrPort("192.0.2.60:3306")
	p.shut = []netip.AddrPort{port}
	for range serversEvery - 1 {
		p.expectOK("a ping tells nothing of ports", 0)
	}
	for range 3 {
		p.settle()
		if got, news := p.next(); !news || !got.OK || !slices.Equal(got.Closed, p.shut) {
			t.Errorf("each look: probe = %+v, want OK with %s closed", got, port)
		}
	}
	p.shut = nil
	p.expectOK("it is open again", 1)
	p.expectOK("nothing presses any more", 0)
}

func TestProberAsksUntilItIsDone(t *testing.T) {
	turned := make(chan struct{}, 1)
	p := newProber(t)
	p.Turned = turned
	p.holds.Store(false)
	answers, done, ended := make(chan Answer), make(chan struct{}), make(chan struct{})
	go func() {
		p.Run(answers, done)
		close(ended)
	}()
	next := func() Answer {
		t.Helper()
		select {
		case a := <-answers:
			return a
		case <-time.After(5 * time.Second):
			t.Fatal("waited 5 s for an answer")
			return Answer{}
		}
	}
	first := next()
	if !first.OK || len(first.Servers) != 1 {
		t.Errorf("the first answer is %+v, want OK with a backend", first)
	}
	p.holds.Store(true)
	turned <- struct{}{}
	second := next()
	if due := first.Asked.Add(restInterval); !second.OK || !second.Asked.Before(due) {
		t.Errorf("once the node has the VIP: %+v, want OK, asked before %s", second, due)
	}
	third := next()
	if due := beat.After(second.Asked, ProbeInterval); third.Asked.Before(due) {
		t.Errorf("the third probe came %s early, want it at the next beat", due.Sub(third.Asked))
	}
	p.w.listener.Close()
	p.w.end()
	for range 2 { // when the worker has ended, and when there is none
		if got := next(); !got.Gone {
			t.Errorf("when the worker has ended: %+v, want Gone", got)
		}
	}
	close(done)
	select {
	case <-ended:
	case <-time.After(5 * time.Second):
		t.Error("waited 5 s for the end of Run")
	}
}
