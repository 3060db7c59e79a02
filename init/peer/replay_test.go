package peer

import (
	"testing"
	"time"
)

func TestReplayInTheSameBootIsNothing(t *testing.T) {
	pair(t, func(t *testing.T, n *network, a, b *node) {
		a.tell("a1")
		pass(time.Minute)
		b.checkHeard("after a minute", "lb-a: a1")
		n.losing(everything)
		pass(time.Second)
		for _, p := range n.between(a.address, b.address, time.Time{}) {
			if p.at.Before(time.Now().Add(-time.Second)) {
				b.checkIgnores("a replay", p.data, a.address)
			}
		}
		b.checkSilence("after the replay", "lb-a", time.Second-interval, time.Second+interval)
	})
}

func TestDatagramThatWasHeldBackTooLongIsNotFresh(t *testing.T) {
	pair(t, func(t *testing.T, n *network, a, b *node) {
		pass(time.Second)
		n.losing(everything)
		a.tell("a1")
		began := time.Now()
		// Later, the place of its echo among the last that were sent is another's.
		for _, late := range []time.Duration{window + interval, sends * interval, sends*interval + interval} {
			pass(time.Until(began.Add(late)))
			p := n.between(a.address, b.address, began)[0]
			b.receive(p.data, a.address)
			b.Exchange.mu.Lock()
			b.peers[0].heard.sequence = 0 // it is not refused as one that came already
			b.Exchange.mu.Unlock()
			b.checkSilence("after it came", "lb-a", late-interval, late+interval)
			b.checkHeard("after it came")
		}
	})
}

func TestReplayOfAnEarlierBootIsNothing(t *testing.T) {
	for _, tt := range []struct {
		restarts string
		node     int
	}{{"sender", 0}, {"receiver", 1}} {
		t.Run(tt.restarts, func(t *testing.T) {
			pair(t, func(t *testing.T, n *network, a, b *node) {
				nodes := []*node{a, b}
				a.tell("a1")
				pass(10 * time.Second)
				old := n.between(a.address, b.address, time.Time{})
				nodes[tt.node].stop()
				pass(time.Second)
				nodes[tt.node] = n.boot(t, config(tt.node, 2))
				a, b = nodes[0], nodes[1]
				a.tell("a2")
				pass(time.Second)
				b.mu.Lock()
				b.bodies = nil
				b.mu.Unlock()
				for _, p := range old {
					n.inject(p)
					pass(time.Millisecond)
					b.checkSilence("during the replay", "lb-a", 0, interval+latency)
				}
				pass(time.Second)
				b.checkHeard("after the replay")
				if got, want := b.memory().peers[0].heard.boot, a.memory().boot; got != want {
					t.Errorf("a replayed boot %x took the place of %x", got, want)
				}
			})
		})
	}
}

func TestReplayToANodeThatHearsNothingElse(t *testing.T) {
	pair(t, func(t *testing.T, n *network, a, b *node) {
		a.tell("a1")
		pass(10 * time.Second)
		old := n.between(a.address, b.address, time.Time{})
		a.stop()
		b.stop()
		pass(time.Second)
		b = n.boot(t, config(1, 2))
		for range 3 {
			for _, p := range old {
				n.inject(p)
				pass(5 * time.Millisecond)
			}
		}
		b.checkNever("after the replay", "lb-a")
		b.checkHeard("after the replay")
	})
}

func TestLastWordsDoNotDisplaceTheNextBoot(t *testing.T) {
	pair(t, func(t *testing.T, n *network, a, b *node) {
		a.tell("a1")
		pass(time.Second)
		n.losing(func(p packet) bool { return p.to == b.address })
		a.tell("last words")
		pass(interval)
		held := n.between(a.address, b.address, time.Now().Add(-interval))
		a.stop()
		n.losing(nil)
		a = n.boot(t, config(0, 2))
		pass(time.Second)
		b.checkHeard("before they come", "lb-a: a1")
		for _, p := range held {
			n.inject(p)
		}
		pass(time.Second)
		b.checkHeard("when they have come")
		if got, want := b.memory().peers[0].heard.boot, a.memory().boot; got != want {
			t.Errorf("the ended boot %x took the place of %x", got, want)
		}
	})
}

func TestMachineThatWasPutBackToASnapshotIsHeardAgain(t *testing.T) {
	pair(t, func(t *testing.T, n *network, a, b *node) {
		a.tell("a1")
		pass(time.Second)
		snapshot := a.memory()
		a.tell("a2")
		b.tell("b2")
		pass(time.Minute)
		b.checkHeard("before", "lb-a: a1", "lb-a: a2")

		a.mu.Lock()
		a.bodies = nil
		a.mu.Unlock()
		a.Exchange.mu.Lock()
		a.told = status{boot: snapshot.boot, edition: 1, body: []byte("a1")}
		a.peers[0].state = snapshot.peers[0]
		a.Exchange.mu.Unlock()
		a.tell("other a2")
		pass(time.Second)
		a.checkSilence("after a second", "lb-b", 0, interval+latency)
		b.checkSilence("after a second", "lb-a", 0, interval+latency)
		a.checkHeard("after a second", "lb-b: b2")
		b.checkHeard("after a second", "lb-a: other a2")
	})
}
