// Package tickle makes the TCP connections of a node that has lost the VIP fail at
// once. Without it, who waits for an answer waits for its own TCP keepalive, by
// default two hours: a client for the end of a slow query, a MySQL server, with the
// locks of a transaction, for the next statement.
//
// The node that holds the VIP tells its peers which connections it has there: the
// four addresses and ports of each are enough. Its successor sends an ACK, as if from
// the VIP, to the far end of each (the "tickle ACK" of Samba's CTDB). No receiver
// expects its sequence number, so it answers with an ACK of its own (RFC 9293
// §3.10.7.4), which comes to the successor; the kernel there knows no such
// connection and answers with a reset that has the right numbers (§3.10.7.1).
//
// The node that has lost the VIP ends its own halves when a peer says that it holds
// it: they can't send from an address that is no longer here, and would be in the way
// of new ones.
//
// The package decides nothing about the VIP, and sends no GARP: keepalived's must
// have gone out before, so that answers come here.
package tickle

import (
	"net/netip"
	"runtime"
	"sync"
	"time"

	"github.com/vishvananda/netlink"
)

const (
	// period is between two looks at the holder's connections. Younger ones than that
	// are unknown to a successor. A multiple of other periods: see init/beat.
	period = 400 * time.Millisecond
	// A receiver answers one such ACK in 500 ms (tcp_invalid_ratelimit of ip-sysctl),
	// and any may get lost.
	rounds     = 3
	roundAfter = 700 * time.Millisecond
	// address is how often the VIP is looked for when keepalived has said that it is here.
	address = 2 * time.Millisecond
	// keep is how long connections are remembered that a peer does not tell of any more,
	// which is more than the longest dead interval, and how long a node that has lost the VIP
	// waits for somebody else to have it.
	keep  = time.Minute
	never = time.Duration(1<<63 - 1)
)

// Tuple is a TCP connection.
type Tuple struct{ Local, Remote netip.AddrPort }

// Config says what the package needs from the node. All of it is required.
type Config struct {
	Link func() netlink.Link        // that VIPs are on
	VIPs func() []netip.Addr        // of the pair
	Send func(message []byte) error // to the peers; it may get lost
	// Holds tells whether a peer is heard, and says that it holds the VIP.
	Holds func(peer string) bool
	Peers func() []string
	Log   func(format string, args ...any)
}

// Tickler is one node's part.
type Tickler struct {
	config Config
	kernel kernel
	turned chan struct{} // that something has changed

	mu     sync.Mutex // guards all below
	master bool
	memory map[string]*memory // by peer, what it has told
}

// kernel is where connections are.
type kernel interface {
	// each gives every connection from the address that is in one of the states, a
	// set of bits.
	each(vip netip.Addr, states uint32, do func(Tuple)) error
	has(vip netip.Addr) bool
	acknowledge([]Tuple) error
	// destroy ends all connections from the address here, with a reset to the other end if
	// it can be sent, and tells how many there were.
	destroy(vip netip.Addr) (ended int, err error)
}

// Start begins the node's part, which lasts until done is closed.
func Start(c Config, done <-chan struct{}) *Tickler {
	t := start(c, &system{link: c.Link})
	go t.run(done)
	return t
}

func start(c Config, k kernel) *Tickler {
	return &Tickler{config: c, kernel: k, turned: make(chan struct{}, 1), memory: make(map[string]*memory)}
}

// Elected says whether keepalived has become master.
func (t *Tickler) Elected(master bool) {
	t.mu.Lock()
	changed := master != t.master
	t.master = master
	t.mu.Unlock()
	if changed {
		t.turn()
		runtime.Gosched() // on one CPU all else that a change of role brings would come first
	}
}

// Heard takes a message of a peer, which it does not keep.
func (t *Tickler) Heard(peer string, message []byte) {
	t.mu.Lock()
	m := t.memory[peer]
	fresh := m == nil
	if fresh {
		m = &memory{}
	}
	ok := m.take(message)
	if ok {
		m.heard = time.Now()
		t.memory[peer] = m
	}
	t.mu.Unlock()
	if fresh && ok {
		t.turn()
	}
}

func (t *Tickler) turn() {
	select {
	case t.turned <- struct{}{}:
	default:
	}
}
