package peer

import (
	"errors"
	"syscall"
	"testing"
	"time"
)

func TestFailedSendsAreReportedOnceForEachPeer(t *testing.T) {
	simulate(t, func(t *testing.T, n *network) {
		a := n.boot(t, config(0, 3))
		pass(time.Second)
		a.checkFails("while it works")
		a.port.set(func() { a.port.refuse = syscall.ENETUNREACH })
		pass(time.Minute)
		a.checkFails("while the network is down",
			"tell the peer lb-b: network is unreachable", "tell the peer lb-c: network is unreachable")
		a.port.set(func() { a.port.refuse = nil })
		pass(time.Second)
		a.port.set(func() { a.port.refuse = syscall.EPERM })
		pass(time.Minute)
		a.checkFails("another time", "tell the peer lb-b: operation not permitted", "tell the peer lb-c: operation not permitted")
	})
}

func TestSocketIsOpenedAgainUntilItWorks(t *testing.T) {
	simulate(t, func(t *testing.T, n *network) {
		missing := errors.New("cannot assign requested address")
		a := n.boot(t, config(0, 2), missing, missing, missing)
		b := n.boot(t, config(1, 2))
		b.tell("b1")
		pass(2 * time.Second)
		a.checkFails("while the address is missing", "hear the peers on 192.0.2.1:8405: cannot assign requested address")
		pass(time.Second + roundTrip)
		a.checkSilence("when it is there", "lb-b", 0, latency)
		pass(time.Minute)
		a.checkHeard("a minute later", "lb-b: b1")

		for range 2 {
			a.port.failed <- syscall.ENOMEM
			pass(time.Millisecond)
			a.checkFails("when the socket fails", "hear the peers on 192.0.2.1:8405: cannot allocate memory")
			pass(reopenAfter + interval + latency)
			a.checkSilence("when there is another", "lb-b", 0, interval+latency)
			pass(time.Minute)
			a.checkFails("a minute later")
		}
		for range 5 {
			a.port.failed <- syscall.ENOMEM
			pass(reopenAfter)
		}
		a.checkFails("when it fails at once", "hear the peers on 192.0.2.1:8405: cannot allocate memory")
	})
}

func TestSocketThatOpensAfterTheEndIsClosed(t *testing.T) {
	simulate(t, func(t *testing.T, n *network) {
		c, done := config(0, 2), make(chan struct{})
		var late *port
		if _, err := start(c, done, func() (socket, error) {
			time.Sleep(time.Second)
			late = n.open(c.Local)
			return late, nil
		}); err != nil {
			t.Fatal(err)
		}
		close(done)
		pass(2 * time.Second)
		if !late.isClosed() {
			t.Error("the socket is still open")
		}
	})
}

func TestNobodyWaitsForASendThatIsStuck(t *testing.T) {
	pair(t, func(t *testing.T, n *network, a, b *node) {
		pass(time.Second)
		a.port.set(func() { a.port.stuck = true })
		began := time.Now()
		for range 100 {
			a.tell(time.Now().String())
			a.Silence("lb-b")
			if waited := time.Since(began); waited != 0 {
				t.Fatalf("Tell and Silence took %s", waited)
			}
			pass(10 * time.Millisecond)
			began = time.Now()
		}
		a.checkFails("while sends are stuck", "tell the peer lb-b: i/o timeout")
		a.port.set(func() { a.port.stuck = false })
		pass(time.Second)
		b.checkSilence("when they are no more", "lb-a", 0, interval+latency)
	})
}

func TestNoDeadlineStandsBetweenSends(t *testing.T) {
	pair(t, func(t *testing.T, n *network, a, b *node) {
		pass(time.Second)
		a.port.set(func() {
			if !a.port.deadline.IsZero() {
				t.Errorf("the write deadline is %s, want none: it would wake the processor", a.port.deadline)
			}
		})
	})
}

func TestEndedExchangeIsSilent(t *testing.T) {
	pair(t, func(t *testing.T, n *network, a, b *node) {
		pass(time.Second)
		a.stop()
		pass(0)
		ended := time.Now()
		a.tell("too late")
		pass(time.Minute)
		if got := n.between(a.address, b.address, ended.Add(1)); len(got) != 0 {
			t.Errorf("sent %d datagrams after the end", len(got))
		}
		a.checkFails("after the end")
	})
}

func TestExchangeEndsWithoutASocket(t *testing.T) {
	simulate(t, func(t *testing.T, n *network) {
		a := n.boot(t, config(0, 2), errors.New("no network"))
		pass(0)
		a.stop()
		pass(reopenAfter)
		if a.port != nil {
			t.Error("opened a socket after the end")
		}
	})
}
