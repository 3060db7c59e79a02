package peer

import (
	"testing"
	"time"
)

func TestRestartIsNoticedWithinARoundTrip(t *testing.T) {
	pair(t, func(t *testing.T, n *network, a, b *node) {
		a.tell("a1")
		b.tell("b1")
		pass(time.Minute)
		a.checkHeard("after a minute", "lb-b: b1")
		b.checkHeard("after a minute", "lb-a: a1")
		b.stop()
		pass(1400 * time.Millisecond)
		a.checkSilence("while the peer is gone", "lb-b", 1300*time.Millisecond, 1600*time.Millisecond)

		b = n.boot(t, config(1, 2))
		b.tell("b1")
		pass(roundTrip)
		b.checkSilence("a round trip after the restart", "lb-a", 0, 0)
		pass(latency)
		a.checkSilence("when the echo is back", "lb-b", 0, 0)
		a.checkHeard("when the echo is back", "lb-b: b1")
		pass(latency)
		b.checkHeard("another round trip later", "lb-a: a1")
	})
}

func TestSilence(t *testing.T) {
	pair(t, func(t *testing.T, n *network, a, b *node) {
		a.checkNever("at the start", "lb-b")
		a.checkNever("at any time", "somebody")
		pass(time.Minute)
		a.checkSilence("after a minute", "lb-b", 0, interval+latency)
		n.losing(func(p packet) bool { return p.to == a.address })
		pass(time.Second)
		a.checkSilence("deaf for a second", "lb-b", time.Second-interval, time.Second+latency)
		pass(time.Hour)
		a.checkSilence("deaf for an hour", "lb-b", time.Hour, time.Hour+time.Second+latency)
		n.losing(nil)
		pass(interval + roundTrip)
		a.checkSilence("no more", "lb-b", 0, interval)
	})
}

func TestPeerThatIsGoneGetsNoBody(t *testing.T) {
	pair(t, func(t *testing.T, n *network, a, b *node) {
		pass(time.Minute)
		b.stop()
		pass(window + time.Second)
		a.tell("a1")
		pass(time.Minute)
		for _, p := range n.between(a.address, b.address, time.Time{}) {
			if len(p.data) != 108 {
				t.Fatalf("a datagram of %d bytes, want 108", len(p.data))
			}
		}
	})
}

func TestNodeThatIsNotHeardLearnsSo(t *testing.T) {
	pair(t, func(t *testing.T, n *network, a, b *node) {
		pass(time.Minute)
		n.losing(func(p packet) bool { return p.from == a.address })
		b.tell("b1")
		pass(window - interval)
		a.checkSilence("mute for almost 5 s", "lb-b", 0, interval+latency)
		a.checkHeard("mute for almost 5 s", "lb-b: b1")
		pass(2 * time.Second)
		a.checkSilence("mute for more than 5 s", "lb-b", time.Second, 2*time.Second+interval)
		began := time.Now()
		pass(time.Minute)
		if got := len(n.between(b.address, a.address, began)); got > 301 {
			t.Errorf("the deaf node sent %d datagrams in a minute, want 300", got)
		}
		n.losing(nil)
		pass(interval + roundTrip)
		a.checkSilence("heard again", "lb-b", 0, interval)
	})
}
