// Package peer is what the nodes of a pair tell each other over UDP: each node's
// status, and a steady light heartbeat, so that a node that hears nothing can
// tell that it is deaf. It decides nothing and does not look into a status.
//
// Every datagram is one of these; numbers are big-endian.
//
//	offset  bytes  content
//	0       4      "twp" and the version of this format, 2
//	4       16     sender: boot id, random, made at its start
//	20      8      sender: sequence, counted from 1 for each receiver
//	28      8      sender: edition of its body that is current, 0 for none
//	36      16     echo: boot id of the receiver, zeros for none
//	52      8      echo: highest sequence heard from that boot
//	60      8      echo: edition of the receiver's body that the sender has
//	68      8      sender: its clock, monotonic, milliseconds since its start
//	76      n      the body of that edition, 1 to 32768 bytes, or nothing
//	76+n    32     HMAC-SHA256 (RFC 2104) of all before it
//
// The key of the HMAC is HKDF-SHA256 (RFC 5869) of the pair key with the info
// "twinlb peer FROM to TO", so that a datagram can be neither reflected nor
// given to a third node. Nothing is read from a datagram before that is right,
// and nothing that comes from an address that is not a peer's.
//
// A datagram is fresh when its echo names the receiver's present boot and a
// sequence that it sent at most 5 s ago: so it can't be older, whatever the
// clocks say. Within a boot the sequence must grow. Another boot takes the place
// of the known one only with an echo of something sent since that one was first
// heard, which a node that has ended can't know. Only what is fresh ends a
// silence or brings a body. Anything else that is authentic is answered, at most
// every 100 ms, with an echo, which is all that the peer lacks: two nodes hear
// each other after one round trip, after a restart too.
//
// A body goes to a peer at once when it is new and again until the echo says that
// it has arrived; a peer that isn't heard gets none. All else is 108 bytes each
// Interval.
//
// The clocks tell a node that it was paused: its own stood still meanwhile, and those
// of its peers went on (pace).
//
// A message is a datagram with "twm" for "twp", whose body is no status: it is sent
// once, to the peers that are heard, and given to the receiver if it is fresh. It may
// get lost; none comes after a later one.
//
// A machine that was put back to a snapshot repeats its sequence. It learns so
// from an echo of what it never sent, and takes a new boot id.
//
// # Between versions
//
// What stays in every version: "twp" or "twm" and a version before all else, the
// HMAC with its key behind it, the port. So a node tells a peer that speaks another
// version from a stranger, and says so once; it takes nothing of it, and the peer counts
// as not heard. keepalived elects as ever, and whoever gives the VIP up, by its end or
// by poweroff, is followed as ever; what needs the peer's word, as failover does, is refused
// until both nodes have the same version.
//
// Bodies are to stay readable within a version and beyond: JSON to whose keys others
// are added, and none is given another meaning. Who does not know a key passes it
// over; what is not said is not so. Only what that does not allow is worth another
// version. It comes in two steps, so that a pair can be upgraded one node at a time:
// a node that knows versions 2 and 3 says that in its body, sends version 2 to a peer
// until that has said the same since its boot, and takes both. Version 2 may go when
// no node is left that knows nothing else.
package peer

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"twinlb/seed"
)

// MinInterval and MaxInterval are the limits of Config.Interval.
const (
	MinInterval = 100 * time.Millisecond
	MaxInterval = time.Second
)

// Pace is the least time between two messages.
const Pace = 20 * time.Millisecond

// Peer is another node of the pair.
type Peer struct {
	Name    string
	Address netip.AddrPort // that it sends from and listens on
}

// Config says who talks to whom. All of it is required.
type Config struct {
	Self  string // name of this node
	Local netip.AddrPort
	Peers []Peer // the other nodes
	Key   []byte // the pair key, seed.KeySize bytes, the same on every node

	// Interval is the time between two datagrams to a peer. One outside of
	// MinInterval to MaxInterval becomes the nearest that is inside.
	Interval time.Duration

	// Heard gets each body that a peer tells: its first, every change, and the
	// first after a restart of the peer. Failed gets the first error of a send to
	// a peer, or of the socket, and the next only when that has worked again in
	// between; the exchange goes on. It also gets, once for each peer, that it speaks
	// another version. They run in the exchange's own goroutines
	// and must not block; they may call Tell and Silence.
	Heard  func(peer string, body []byte)
	Failed func(err error)

	// Message gets each message of a peer, which it must not keep; nil drops them. It
	// runs like Heard.
	Message func(peer string, message []byte)

	// Paused gets how long this node has stood still, if that is more than
	// LeastPause: with the first datagram that a peer sent after it, if that was heard
	// for a second before. It is told again, and then more, while what had to wait comes
	// in. It runs like Heard, and may be nil.
	Paused     func(peer string, by time.Duration)
	LeastPause time.Duration
}

// Exchange is the conversation with all peers.
type Exchange struct {
	config Config
	open   func() (socket, error)
	began  time.Time
	wake   chan struct{}   // tells the sending goroutine that something may be due
	done   <-chan struct{} // of Start
	peers  []*conversation // in the order of Config.Peers

	messages chan []byte // to be sent

	mu     sync.Mutex // guards all below and the states of the conversations
	told   status
	socket socket // the latest, nil before the first
	ended  bool
}

// Start begins an exchange that lasts until done is closed. It does not block and
// fails for a bad Config only: a network that is down is no error.
func Start(c Config, done <-chan struct{}) (*Exchange, error) {
	return start(c, done, func() (socket, error) {
		return net.ListenUDP("udp", net.UDPAddrFromAddrPort(c.Local))
	})
}

func start(c Config, done <-chan struct{}, open func() (socket, error)) (*Exchange, error) {
	if err := c.check(); err != nil {
		return nil, fmt.Errorf("talk to the peers of %q: %w", c.Self, err)
	}
	c.Interval = min(max(c.Interval, MinInterval), MaxInterval)
	e := &Exchange{config: c, open: open, began: time.Now(), wake: make(chan struct{}, 1), done: done, messages: make(chan []byte)}
	for _, p := range c.Peers {
		conversation, err := newConversation(c, p)
		if err != nil {
			return nil, fmt.Errorf("talk to the peer %s: %w", p.Name, err)
		}
		e.peers = append(e.peers, conversation)
	}
	go e.listen(done)
	go e.speak(done)
	return e, nil
}

func (c Config) check() error {
	if len(c.Key) != seed.KeySize {
		return fmt.Errorf("the pair key has %d bytes, want %d", len(c.Key), seed.KeySize)
	}
	if len(c.Peers) < 1 || len(c.Peers) >= seed.MaxNodes {
		return fmt.Errorf("there are %d peers, want 1 to %d", len(c.Peers), seed.MaxNodes-1)
	}
	if c.Heard == nil || c.Failed == nil {
		return errors.New("a nil Heard or Failed, want functions")
	}
	nodes := slices.Concat([]Peer{{Name: c.Self, Address: c.Local}}, c.Peers)
	for i, n := range nodes {
		if n.Name == "" || !n.Address.IsValid() || n.Address.Port() == 0 {
			return fmt.Errorf("node %q has the address %s, want a name, an IP address and a port", n.Name, n.Address)
		}
		for _, other := range nodes[:i] {
			if n.Name == other.Name || n.Address == other.Address {
				return fmt.Errorf("node %q (%s) and node %q (%s) share a name or an address, want different ones",
					n.Name, n.Address, other.Name, other.Address)
			}
		}
	}
	return nil
}

// Tell makes body, 1 to MaxBody bytes, what the peers are told from now on. A
// change goes out at once, a second one within 100 ms when these are over.
func (e *Exchange) Tell(body []byte) error {
	if len(body) < 1 || len(body) > MaxBody {
		return fmt.Errorf("tell the peers: %d bytes, want 1 to %d", len(body), MaxBody)
	}
	e.mu.Lock()
	changed := !bytes.Equal(body, e.told.body)
	if changed {
		e.told.edition++
		e.told.body = bytes.Clone(body)
	}
	e.mu.Unlock()
	if changed {
		e.prompt()
	}
	return nil
}

// Send sends a message of 1 to MaxBody bytes to the peers that are heard, and returns
// when its turn has come; its bytes must not change any more. Nobody says whether it
// has arrived. There must be Pace between two messages.
func (e *Exchange) Send(message []byte) error {
	if len(message) < 1 || len(message) > MaxBody {
		return fmt.Errorf("send a message to the peers: %d bytes, want 1 to %d", len(message), MaxBody)
	}
	select {
	case e.messages <- message:
		return nil
	case <-e.done:
		return fmt.Errorf("send a message to the peers: %w", net.ErrClosed)
	}
}

// Silence returns how long ago the last fresh datagram of a peer came, and false
// when none ever has. As a fresh one echoes what this node has sent, silence also
// begins 5 s after the peer has stopped to hear this node.
func (e *Exchange) Silence(peer string) (time.Duration, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, c := range e.peers {
		if c.name == peer && c.everFresh {
			return e.now() - c.lastFresh, true
		}
	}
	return 0, false
}

// now is the monotonic time since the start: wall clocks of nodes jump.
func (e *Exchange) now() time.Duration { return time.Since(e.began) }

func (e *Exchange) prompt() {
	select {
	case e.wake <- struct{}{}:
	default:
	}
}
