package peer

import (
	"math"
	"net/netip"
	"time"
)

const (
	window = 5 * time.Second // how old an echo may be in a fresh datagram
	// gap is the least time between two answers, and between two bodies.
	gap = 100 * time.Millisecond
	// sends is more than a node can send to a peer within the window: one each
	// MinInterval, one answer and one body each gap, one message each Pace.
	sends = 512
	never = time.Duration(math.MaxInt64)
)

// status is what this node tells. The body is never written to.
type status struct {
	boot    bootID
	edition uint64 // of the body, 0 before the first
	body    []byte
}

// conversation is that between this node and one peer.
type conversation struct {
	name    string
	address netip.AddrPort
	again   time.Duration // until a body is repeated that has not arrived
	in, out *seal
	foreign bool // it was said that the peer speaks another version; of the receiving goroutine

	leastPause time.Duration
	state
}

// state is how far a conversation has come. Times are since the start of the
// exchange.
type state struct {
	sequence  uint64               // of the last datagram that was sent
	sent      [sends]time.Duration // when, by sequence modulo sends
	answer    bool                 // one is owed
	mayAnswer time.Duration
	edition   uint64 // of the body that was last sent
	editionAt time.Duration

	heard     stamp  // of the peer's boot that was last fresh, as it is echoed
	floor     uint64 // sequence of this node when it first heard that boot
	everFresh bool
	lastFresh time.Duration
	arrived   uint64 // edition of this node's body that the peer has

	pace pace // since that boot was first heard

	strange  bool // the answer is owed to another boot than the one of heard
	stranger stamp
}

func newConversation(c Config, p Peer) (*conversation, error) {
	in, err := newSeal(c.Key, p.Name, c.Self)
	if err != nil {
		return nil, err
	}
	out, err := newSeal(c.Key, c.Self, p.Name)
	if err != nil {
		return nil, err
	}
	address := netip.AddrPortFrom(p.Address.Addr().Unmap(), p.Address.Port())
	return &conversation{name: p.Name, address: address, again: min(2*c.Interval, time.Second), in: in, out: out, leastPause: c.LeastPause}, nil
}

// word is what a datagram brings.
type word struct {
	news   bool          // a new body, or a message
	prompt bool          // the sending goroutine has something new to do
	paused time.Duration // this node was, and that is not known yet; else 0
}

// hear takes an authentic datagram.
func (c *conversation) hear(d datagram, own bootID, now time.Duration) (w word) {
	known := c.everFresh && d.sender.boot == c.heard.boot
	if known {
		if d.sender.sequence <= c.heard.sequence {
			return w
		}
		c.heard.sequence = d.sender.sequence
	}
	if !c.recent(d.echo, own, now) || !known && d.echo.sequence <= c.floor {
		if !known {
			c.strange, c.stranger = true, stamp{boot: d.sender.boot, sequence: d.sender.sequence}
		}
		w.prompt = !c.answer
		c.answer = true
		return w
	}
	if !known {
		c.heard = stamp{boot: d.sender.boot, sequence: d.sender.sequence}
		c.floor = c.sequence
		c.edition, c.editionAt = 0, now-gap
		c.pace = pace{}
		// The peer has an echo now and waits for one itself.
		c.answer, c.strange, w.prompt = true, false, true
	}
	c.everFresh, c.lastFresh = true, now
	w.paused = c.pace.hear(d.clock, now, c.leastPause)
	c.arrived = d.echo.edition
	switch {
	case d.message:
		w.news = true
	case len(d.body) > 0 && d.sender.edition != c.heard.edition:
		c.heard.edition = d.sender.edition
		w.news = true
	}
	return w
}

// recent says whether an echo names what was sent within the window.
func (c *conversation) recent(echo stamp, own bootID, now time.Duration) bool {
	return echo.boot == own &&
		echo.sequence <= c.sequence && c.sequence-echo.sequence < sends &&
		now-c.sent[echo.sequence%sends] <= window
}

// next returns a datagram that is due, if there is one. A regular one is.
func (c *conversation) next(told status, regular bool, now time.Duration) (d datagram, ok bool) {
	telling := now >= c.tellAt(told, now)
	answering := now >= c.answerAt()
	if !regular && !telling && !answering {
		return d, false
	}
	c.sequence++
	c.sent[c.sequence%sends] = now
	d.sender = stamp{boot: told.boot, sequence: c.sequence, edition: told.edition}
	d.clock = now
	// A stranger may be a replay of long ago. What it gets is never taken from
	// the peer that is there.
	if c.strange && !regular && !telling {
		d.echo = c.stranger
		c.strange, c.answer, c.mayAnswer = false, false, now+gap
		return d, true
	}
	d.echo = c.heard
	if c.answer && !c.strange {
		c.answer, c.mayAnswer = false, now+gap
	}
	if telling {
		d.body = told.body
		c.edition, c.editionAt = told.edition, now
	}
	return d, true
}

// carry returns what carries a message to the peer, if that is heard.
func (c *conversation) carry(message []byte, told status, now time.Duration) (d datagram, ok bool) {
	if !c.everFresh || now-c.lastFresh > window {
		return d, false
	}
	c.sequence++
	c.sent[c.sequence%sends] = now
	sender := stamp{boot: told.boot, sequence: c.sequence, edition: told.edition}
	return datagram{sender: sender, echo: c.heard, clock: now, body: message, message: true}, true
}

// due returns when something has to be sent that isn't regular.
func (c *conversation) due(told status, now time.Duration) time.Duration {
	return min(c.tellAt(told, now), c.answerAt())
}

func (c *conversation) answerAt() time.Duration {
	if !c.answer {
		return never
	}
	return c.mayAnswer
}

// tellAt returns when the body has to be sent. A peer that is not heard would
// not take it for fresh.
func (c *conversation) tellAt(told status, now time.Duration) time.Duration {
	switch {
	case c.arrived == told.edition || !c.everFresh || now-c.lastFresh > window:
		return never
	case c.edition != told.edition:
		return c.editionAt + gap
	}
	return c.editionAt + c.again
}
