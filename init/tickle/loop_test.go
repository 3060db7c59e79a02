package tickle

import (
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// node is one whose kernel and peers are told what to do. The test holds mu but while
// time passes.
type node struct {
	*Tickler
	mu      *sync.Mutex
	kernel  *fake
	holders map[string]bool
	sent    [][]byte
	said    []string
	vips    []netip.Addr
}

func simulate(t *testing.T, test func(t *testing.T, n *node)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		mu := new(sync.Mutex)
		locked := func(do func()) {
			mu.Lock()
			defer mu.Unlock()
			do()
		}
		n := &node{mu: mu, kernel: &fake{Mutex: mu, tuples: make(map[Tuple]bool)}, holders: make(map[string]bool), vips: []netip.Addr{vip4}}
		n.Tickler = start(Config{
			VIPs:  func() (vips []netip.Addr) { locked(func() { vips = n.vips }); return vips },
			Send:  func(m []byte) error { locked(func() { n.sent = append(n.sent, m) }); return nil },
			Holds: func(peer string) (holds bool) { locked(func() { holds = n.holders[peer] }); return holds },
			Peers: func() []string { return []string{"lb-b", "lb-c"} },
			Log: func(format string, args ...any) {
				locked(func() { n.said = append(n.said, fmt.Sprintf(format, args...)) })
			},
		}, n.kernel)
		mu.Lock()
		defer mu.Unlock()
		done := make(chan struct{})
		go n.run(done)
		test(t, n)
		close(done)
	})
}

// pass lets time pass and everything happen that is due then.
func (n *node) pass(d time.Duration) {
	n.mu.Unlock()
	defer n.mu.Lock()
	time.Sleep(d)
	synctest.Wait()
}

// hear has a peer tell of connections.
func (n *node) hear(t *testing.T, peer string, tuples ...Tuple) {
	t.Helper()
	k := newFake()
	for _, tuple := range tuples {
		k.tuples[tuple] = true
	}
	s := newShare(n.vips)
	if err := s.look(k); err != nil {
		t.Fatal(err)
	}
	for _, m := range s.messages(time.Now()) {
		n.Heard(peer, m)
	}
	n.pass(0)
}

// remembers names the peers whose connections are known.
func (n *node) remembers() []string {
	n.Tickler.mu.Lock()
	defer n.Tickler.mu.Unlock()
	return slices.Collect(maps.Keys(n.memory))
}

func (n *node) checkAcked(t *testing.T, when string, want ...[]Tuple) {
	t.Helper()
	if diff := cmp.Diff(want, n.kernel.acked, sameTuples); diff != "" {
		t.Errorf("%s: rounds of ACKs (-want +got):\n%s", when, diff)
	}
	n.kernel.acked = nil
}

func (n *node) checkSaid(t *testing.T, when string, want ...string) {
	t.Helper()
	if !slices.Equal(n.said, want) {
		t.Errorf("%s: said %q, want %q", when, n.said, want)
	}
	n.said = nil
}

var one, two = client(vip4, 1), client(vip4, 2)

func TestSuccessorSendsThreeRounds(t *testing.T) {
	simulate(t, func(t *testing.T, n *node) {
		n.holders["lb-b"] = true // as it had said before it died
		n.hear(t, "lb-b", one, two)
		n.pass(time.Second)
		n.checkAcked(t, "as backup")
		n.Elected(true)
		n.pass(0)
		n.checkAcked(t, "at once", []Tuple{one, two})
		n.checkSaid(t, "at once", "2 connections through lb-b made fail at once, in 0 ms")
		n.pass(roundAfter - 1)
		n.checkAcked(t, "too early")
		n.kernel.tuples[two] = true // the client has come back
		n.pass(1)
		n.checkAcked(t, "second round", []Tuple{one})
		n.pass(roundAfter)
		n.checkAcked(t, "third round", []Tuple{one})
		n.pass(keep)
		n.checkAcked(t, "after that")
		n.checkSaid(t, "after that")
	})
}

// Answers would go to who had the VIP.
func TestSuccessorWaitsForItsVIP(t *testing.T) {
	simulate(t, func(t *testing.T, n *node) {
		n.hear(t, "lb-b", one)
		n.kernel.lacks = true
		n.Elected(true)
		n.pass(100 * time.Millisecond)
		n.checkAcked(t, "without the VIP")
		n.kernel.lacks = false
		n.pass(address)
		n.checkAcked(t, "with it", []Tuple{one})
	})
}

// A peer that held the VIP at the same time is let alone until it does not.
func TestSplitBrainEnds(t *testing.T) {
	simulate(t, func(t *testing.T, n *node) {
		n.Elected(true)
		n.pass(0)
		n.holders["lb-b"] = true
		n.hear(t, "lb-b", one)
		n.pass(10 * time.Second)
		n.checkAcked(t, "while both hold it")
		n.holders["lb-b"] = false
		n.pass(period)
		n.checkAcked(t, "when one lets it go", []Tuple{one})
	})
}

func TestOnlyWhatIsOursIsSentFor(t *testing.T) {
	simulate(t, func(t *testing.T, n *node) {
		n.vips = []netip.Addr{vip4, netip.MustParseAddr("192.0.2.61")}
		strange := client(vip4, 1)
		strange.Remote = netip.MustParseAddrPort("224.0.0.1:80")
		n.hear(t, "lb-b", one, strange, client(n.vips[1], 4))
		n.hear(t, "lb-x", two)
		n.vips = n.vips[:1]
		n.Elected(true)
		n.pass(time.Millisecond)
		n.checkAcked(t, "as master", []Tuple{one})
	})
}

func TestWhatIsNotToldAnyMoreIsForgotten(t *testing.T) {
	simulate(t, func(t *testing.T, n *node) {
		n.hear(t, "lb-b", one)
		n.pass(keep / 2)
		n.hear(t, "lb-b", one, two)
		n.pass(keep - 1)
		if len(n.remembers()) == 0 {
			t.Error("forgotten too early")
		}
		n.pass(1)
		if peers := n.remembers(); len(peers) > 0 {
			t.Errorf("connections of %v are still known", peers)
		}
	})
}

// A node that holds nothing does nothing, and one without connections tells nothing.
func TestIdleNodes(t *testing.T) {
	simulate(t, func(t *testing.T, n *node) {
		n.pass(time.Hour)
		if n.kernel.looks > 0 {
			t.Errorf("a backup has looked %d times for connections", n.kernel.looks)
		}
		n.Elected(true)
		n.pass(time.Hour)
		if len(n.sent) > 0 {
			t.Errorf("%d messages of no connections", len(n.sent))
		}
		n.kernel.tuples[one] = true
		n.pass(period)
		if len(n.sent) != 1 {
			t.Errorf("%d messages of a new connection, want 1", len(n.sent))
		}
		n.pass(time.Minute)
		if got := len(n.sent); got < 20 || got > 30 {
			t.Errorf("%d messages in a minute of a connection that stays, want one each %s", got, sliceAfter)
		}
	})
}

// Whoever holds the VIP after this node, its own halves of connections end.
func TestPredecessorEndsItsHalves(t *testing.T) {
	simulate(t, func(t *testing.T, n *node) {
		n.kernel.tuples[one] = true
		n.Elected(true)
		n.pass(time.Second)
		n.Elected(false)
		n.pass(3 * time.Second)
		if n.kernel.ended > 0 {
			t.Error("connections were ended while nobody else held the VIP")
		}
		n.holders["lb-c"] = true
		n.pass(period)
		if n.kernel.ended != 1 {
			t.Errorf("%d connections were ended, want 1", n.kernel.ended)
		}
		n.checkSaid(t, "then", "1 connection ended: lb-c holds the VIP")
		n.kernel.tuples[two] = true // it was being opened
		n.pass(period)
		if n.kernel.ended != 2 {
			t.Errorf("%d connections were ended, want both", n.kernel.ended)
		}
		n.pass(time.Second)
		looks := n.kernel.looks
		n.pass(time.Hour)
		if n.kernel.looks != looks {
			t.Error("it goes on looking for ever")
		}
	})
}

// A node whose keepalived starts anew, and which has the VIP again, ends nothing.
func TestNothingEndsWhenTheVIPComesBack(t *testing.T) {
	simulate(t, func(t *testing.T, n *node) {
		n.kernel.tuples[one] = true
		n.Elected(true)
		n.pass(time.Second)
		n.Elected(false)
		n.pass(2 * time.Second)
		n.Elected(true)
		n.pass(time.Minute)
		if n.kernel.ended > 0 {
			t.Error("its connection was ended")
		}
	})
}

func TestFailuresAreSaidOnce(t *testing.T) {
	simulate(t, func(t *testing.T, n *node) {
		n.kernel.failing = errors.New("no diag")
		n.Elected(true)
		n.pass(time.Minute)
		n.checkSaid(t, "while it fails", "no diag")
		n.kernel.failing = nil
		n.pass(time.Second)
		n.kernel.failing = errors.New("no diag")
		n.pass(time.Second)
		n.checkSaid(t, "when it fails again", "no diag")
	})
}

// Messages are no closer than the exchange wants them.
func TestMessagesArePaced(t *testing.T) {
	simulate(t, func(t *testing.T, n *node) {
		for i := range 20000 {
			n.kernel.tuples[client(vip4, i+1)] = true
		}
		n.Elected(true)
		n.pass(0)
		if len(n.sent) != 1 {
			t.Errorf("%d messages at once, want 1", len(n.sent))
		}
		n.pass(time.Second)
		var m memory
		for _, message := range n.sent {
			m.take(message)
		}
		if m.count != 20000 {
			t.Errorf("within a second %d connections were told, want all", m.count)
		}
	})
}
