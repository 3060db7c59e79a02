package failover

import (
	"testing"
	"time"

	"twinlb/services/haproxy"
)

// A HAProxy that was reloaded checks all anew, and a backend that was added is
// checked first: neither may cost the VIP.
func TestLaterFirstChecksDoNotCount(t *testing.T) {
	simulate(t, 0, func(n *node) {
		n.ready()
		n.check("it is ready", "1", "0")
		added := Answer{OK: true, Servers: []haproxy.Server{{Name: "mysql1", Checked: true, Up: true}, {Name: "mysql2"}}}
		n.probe(added)
		n.check("a backend was added", "1", "0")
		n.ProxyEnded("ended")
		n.ProxyStarted()
		n.probe(added)
		n.check("it was started anew", "0", "0")
	})
}

func TestAnotherSeedDecides(t *testing.T) {
	simulate(t, time.Hour, func(n *node) {
		n.ready()
		n.check("it is still proving itself", "1", "-20")
		n.Configure(246, -80, time.Hour, time.Second, time.Second)
		n.check("in a pair of more nodes", "1", "-80")
		n.Configure(246, -80, time.Second, time.Second, time.Second)
		n.answer(2 * time.Second)
		n.check("it need not for so long", "1", "0")
	})
}

// The former worker lives on and would go on answering; the move is no outage.
func TestProberMovesToAnotherWorker(t *testing.T) {
	p := newProber(t)
	answers, done, renewed := make(chan Answer, 100), make(chan struct{}), make(chan struct{}, 1)
	p.Renewed = renewed
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		p.Run(answers, done)
	}()
	await := func(what string, is func() bool) {
		t.Helper()
		for deadline := time.Now().Add(5 * time.Second); !is(); {
			select {
			case a := <-answers:
				if !a.OK {
					t.Errorf("until %s: %+v", what, a)
				}
			case <-time.After(10 * time.Millisecond):
			}
			if time.Now().After(deadline) {
				t.Fatalf("waited 5 s for %s", what)
			}
		}
	}
	await("the first conversation", func() bool { return p.w.conversations.Load() == 1 && p.w.commands.Load() > 3 })
	renewed <- struct{}{}
	await("the second conversation", func() bool { return p.w.conversations.Load() == 2 })
	asked := p.w.commands.Load()
	await("questions in it", func() bool { return p.w.commands.Load() > asked+3 })
	close(done)
	<-ended
}
