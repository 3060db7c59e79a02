package peer

import (
	"bytes"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// letters collects messages.
type letters struct {
	mu  sync.Mutex
	all []string
}

func (l *letters) take(peer string, message []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, peer+": "+string(message))
}

// check compares the messages that came since the last time.
func (l *letters) check(t *testing.T, when string, want ...string) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	if !slices.Equal(l.all, want) {
		t.Errorf("%s: got the messages %.80q, want %.80q", when, l.all, want)
	}
	l.all = nil
}

func (n *node) send(message string) {
	n.t.Helper()
	if err := n.Send([]byte(message)); err != nil {
		n.t.Fatal(err)
	}
	synctest.Wait()
}

func TestMessages(t *testing.T) {
	simulate(t, func(t *testing.T, n *network) {
		var got letters
		a := n.boot(t, config(0, 2))
		pass(time.Second)
		a.send("nobody hears this")
		for _, p := range n.between(a.address, lab[1].Address, time.Time{}) {
			if string(p.data[:4]) == messageMagic {
				t.Error("a message is sent to a peer that is not heard")
			}
		}
		c := config(1, 2)
		c.Message = got.take
		b := n.boot(t, c)
		b.tell("b1")
		a.tell("a1")
		pass(time.Second)
		got.check(t, "from before it was heard")
		b.checkHeard("a second later", "lb-a: a1")

		began := time.Now()
		a.send("one")
		pass(Pace)
		a.send("two")
		pass(time.Second)
		got.check(t, "a second later", "lb-a: one", "lb-a: two")
		for _, p := range n.between(a.address, b.address, began) {
			n.inject(p)
		}
		pass(time.Second)
		got.check(t, "after a replay")
		b.checkHeard("after that")
		a.checkHeard("after that", "lb-b: b1")
		b.send("to who takes none")
		pass(time.Second)
		a.checkHeard("of a message")

		n.losing(everything)
		a.send("lost")
		pass(Pace)
		n.losing(func(packet) bool { return false })
		pass(time.Minute)
		got.check(t, "a message that was lost")
		b.checkSilence("then", "lb-a", 0, interval)
	})
}

// As many as may be sent are in the way of nothing else.
func TestMessagesWithoutEnd(t *testing.T) {
	simulate(t, func(t *testing.T, n *network) {
		var got letters
		a := n.boot(t, config(0, 2))
		c := config(1, 2)
		c.Message = got.take
		b := n.boot(t, c)
		pass(time.Second)
		for range 1000 {
			a.send("again")
			pass(Pace)
			a.checkSilence("meanwhile", "lb-b", 0, interval+roundTrip)
			b.checkSilence("meanwhile", "lb-a", 0, interval)
		}
		if n := len(got.all); n != 1000 {
			t.Errorf("%d messages came, want all", n)
		}
		a.tell("a1")
		pass(time.Second)
		b.checkHeard("after that", "lb-a: a1")
	})
}

func TestSendRefusesWhatDoesNotFit(t *testing.T) {
	pair(t, func(t *testing.T, n *network, a, b *node) {
		for _, message := range [][]byte{nil, bytes.Repeat([]byte{1}, MaxBody+1)} {
			if err := a.Send(message); err == nil {
				t.Errorf("a message of %d bytes is sent", len(message))
			}
		}
		a.stop()
		pass(time.Second)
		if err := a.Send([]byte("late")); err == nil {
			t.Error("a message is sent when the exchange has ended")
		}
	})
}
