package peer

import (
	"testing"
	"time"
)

// arrival is a datagram: when it came on this node's clock, and the peer's in it.
type arrival struct{ now, theirs time.Duration }

// regular is a peer that is 7 s ahead and heard each 200 ms, from the first time up
// to the second, each late by what late says.
func regular(from, to time.Duration, late func(i int) time.Duration) (all []arrival) {
	for i, at := 0, from; at < to; i, at = i+1, at+interval {
		all = append(all, arrival{at + late(i), at + 7*time.Second})
	}
	return all
}

func inTime(int) time.Duration { return latency }

// after is what comes once this node has stood still for that long.
func after(pause time.Duration, all []arrival) []arrival {
	for i := range all {
		all[i].theirs += pause
	}
	return all
}

func TestPauseIsSeenByThePeersClock(t *testing.T) {
	const (
		second = time.Second
		least  = 600 * time.Millisecond
	)
	// What was sent during the pause and comes at its end, all at once.
	queued := func(at, pause time.Duration) (all []arrival) {
		for sent := at; sent < at+pause; sent += interval {
			all = append(all, arrival{at + time.Duration(len(all))*time.Millisecond, sent + 7*second})
		}
		return all
	}
	rates := func(percent time.Duration) (all []arrival) {
		for _, a := range regular(0, 60*second, inTime) {
			all = append(all, arrival{a.now, a.theirs * (100 + percent) / 100})
		}
		return all
	}
	for _, tt := range []struct {
		name   string
		parts  [][]arrival
		pause  time.Duration // as said last, to 200 ms; 0 for none
		within time.Duration // of the node's own clock, after 10 s
	}{
		{"none", [][]arrival{regular(0, 60*second, inTime)}, 0, 0},
		{"what came meanwhile is lost", [][]arrival{regular(0, 10*second, inTime), after(5*second, regular(10*second, 20*second, inTime))}, 5 * second, latency},
		{"what came meanwhile waits", [][]arrival{regular(0, 10*second, inTime), queued(10*second, 5*second), after(5*second, regular(10*second+interval, 20*second, inTime))}, 5 * second, 50 * time.Millisecond},
		{"at the turn of a span", [][]arrival{regular(0, 9990*time.Millisecond, inTime), queued(9990*time.Millisecond, 5*second), after(5*second, regular(10*second, 20*second, inTime))}, 5 * second, 50 * time.Millisecond},
		{"of an hour", [][]arrival{regular(0, 10*second, inTime), after(time.Hour, regular(10*second, 20*second, inTime))}, time.Hour, latency},
		{"short", [][]arrival{regular(0, 10*second, inTime), after(500*time.Millisecond, regular(10*second, 20*second, inTime))}, 0, 0},
		{"of the peer", [][]arrival{regular(0, 10*second, inTime), after(-5*second, regular(15*second, 60*second, inTime))}, 0, 0},
		{"a clock that is slow", [][]arrival{rates(10)}, 0, 0},
		{"a clock that is fast", [][]arrival{rates(-10)}, 0, 0},
		{"a network with jitter", [][]arrival{regular(0, 60*second, func(i int) time.Duration { return time.Duration(i*37%5) * 150 * time.Millisecond })}, 0, 0},
		{"a node that is late to read for 3 s", [][]arrival{regular(0, 10*second, inTime), regular(10*second, 13*second, func(i int) time.Duration { return 3*second - time.Duration(i)*interval }), regular(13*second, 20*second, inTime)}, 0, 0},
		{"a peer that was hardly heard before", [][]arrival{regular(0, second/2, inTime), after(5*second, regular(second/2, 20*second, inTime))}, 5 * second, latency},
		{"a gap in what is heard", [][]arrival{regular(0, 10*second, inTime), regular(40*second, 60*second, inTime)}, 0, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var p pace
			var said, first time.Duration
			for _, part := range tt.parts {
				for _, a := range part {
					if by := p.hear(a.theirs, a.now, least); by != 0 {
						if said == 0 {
							first = a.now
						}
						if by < said {
							t.Errorf("at %v: paused for %v, was said to be %v", a.now, by, said)
						}
						said = by
					}
				}
			}
			if (said == 0) != (tt.pause == 0) || said > tt.pause || said < tt.pause-interval {
				t.Errorf("paused for %v, want %v", said, tt.pause)
			}
			if said != 0 && first > 10*second+tt.within {
				t.Errorf("said at %v, want at 10s and %v at the latest", first, tt.within)
			}
		})
	}
}

func TestSecondPauseIsSeenToo(t *testing.T) {
	var p pace
	pauses := 0
	for i := range 3 {
		from := time.Duration(i) * 10 * time.Second
		for _, a := range after(time.Duration(i)*5*time.Second, regular(from, from+10*time.Second, inTime)) {
			if p.hear(a.theirs, a.now, time.Second) != 0 {
				pauses++
			}
		}
	}
	if pauses != 2 {
		t.Errorf("%d pauses, want 2, each said once", pauses)
	}
}

// What is forged here is a datagram of a peer whose clock went on for 5 s while this
// node's stood still.
func TestNodeLearnsThatItWasPaused(t *testing.T) {
	simulate(t, func(t *testing.T, n *network) {
		var paused []time.Duration
		c := config(0, 2)
		c.LeastPause = 600 * time.Millisecond
		c.Paused = func(peer string, by time.Duration) { paused = append(paused, by) }
		a, b := n.boot(t, c), n.boot(t, config(1, 2))
		pass(10 * time.Second)
		if paused != nil {
			t.Errorf("paused for %v, want nothing before", paused)
		}

		s, err := newSeal(key, b.config.Self, a.config.Self)
		if err != nil {
			t.Fatal(err)
		}
		a.Exchange.mu.Lock()
		sent := stamp{boot: a.told.boot, sequence: a.peers[0].sequence}
		a.Exchange.mu.Unlock()
		n.inject(packet{from: b.address, to: a.address, data: s.encode(nil, datagram{
			sender: stamp{boot: b.memory().boot, sequence: 1000}, echo: sent, clock: 15 * time.Second,
		})})
		pass(latency)
		if len(paused) != 1 || paused[0].Round(latency) != 5*time.Second {
			t.Errorf("paused for %v, want 5s", paused)
		}
	})
}
