package failover

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func TestNodeIsUnableAtOnceWhenHAProxyEnds(t *testing.T) {
	simulate(t, 0, func(n *node) {
		n.ProxyStarted()
		n.answer(time.Second)
		n.check("HAProxy answers", "1", "0")
		n.ProxyEnded("ended by signal 9 (killed)")
		n.check("HAProxy has ended", "0", "0")
		n.probe(healthy)
		n.check("a probe that began while none ran has an answer", "0", "0")
	})
}

func TestNodeIsUnableAtOnceWhenTheWorkerIsGone(t *testing.T) {
	simulate(t, 0, func(n *node) {
		n.ProxyStarted()
		n.answer(time.Second)
		n.check("the worker answers", "1", "0")
		n.Answered(Answer{Asked: time.Now(), Gone: true, Err: errors.New("EOF")})
		n.check("the worker is gone", "0", "0")
		n.answer(ProbeInterval)
		n.check("its successor answers", "1", "0")
	})
}

func TestReasonTellsAWorkerThatEndedFromOneThatIsNotReady(t *testing.T) {
	gone := Answer{Gone: true, Err: errors.New("connection refused")}
	simulate(t, 0, func(n *node) {
		n.ProxyStarted()
		n.probe(gone)
		if got := n.Status().Decision.Reason; got != "haproxy is not ready" {
			t.Errorf("before its first answer the reason is %q", got)
		}
		n.answer(time.Second)
		n.probe(gone)
		if got := n.Status().Decision.Reason; got != "haproxy's worker is gone" {
			t.Errorf("after its last answer the reason is %q", got)
		}
	})
}

func TestAnswerOfThePredecessorDoesNotCount(t *testing.T) {
	simulate(t, 0, func(n *node) {
		n.ProxyStarted()
		old := healthy
		old.Asked = time.Now()
		time.Sleep(time.Millisecond)
		n.ProxyEnded("ended by signal 9 (killed)")
		n.ProxyStarted()
		n.Answered(old)
		n.check("the old HAProxy has answered", "0", "0")
		n.Answered(Answer{Asked: time.Now(), OK: true})
		n.check("the new HAProxy has answered", "1", "0")
	})
}

func TestHAProxyThatHangsLosesTheVIPAndThenItsLife(t *testing.T) {
	simulate(t, 0, func(n *node) {
		n.ProxyStarted()
		n.answer(time.Second)
		n.hang(YieldAfter - ProbeInterval)
		n.check("one answer is missing", "1", "0")
		n.hang(ProbeInterval)
		n.check("two are missing", "0", "0")
		n.hang(KillAfter - YieldAfter - ProbeInterval)
		if len(n.kills) != 0 {
			t.Errorf("killed before %s: %q", KillAfter, n.kills)
		}
		n.hang(ProbeInterval)
		n.hang(time.Second) // it takes a while to die
		if len(n.kills) != 1 || !strings.Contains(n.kills[0], "not answered for 5s") {
			t.Errorf("kills = %q, want one that says: not answered for 5s", n.kills)
		}
		n.ProxyEnded("ended by signal 9 (killed)")
		n.ProxyStarted()
		n.hang(KillAfter)
		if len(n.kills) != 2 {
			t.Errorf("kills = %q, want another for its successor", n.kills)
		}
	})
}

func TestHAProxyWhoseWorkerEndsAndWhichDoesNotLosesItsLife(t *testing.T) {
	gone := Answer{Gone: true, Err: errors.New("connection refused")}
	simulate(t, 0, func(n *node) {
		n.ProxyStarted()
		n.answer(time.Hour)
		for range ReadyWithin/ProbeInterval - 1 {
			n.probe(gone)
		}
		n.check("the worker is gone", "0", "0")
		if len(n.kills) != 0 {
			t.Errorf("killed before %s: %q", ReadyWithin, n.kills)
		}
		n.probe(gone)
		n.probe(gone)
		if len(n.kills) != 1 || !strings.Contains(n.kills[0], "not been ready") {
			t.Errorf("kills = %q, want one", n.kills)
		}
	})
}

func TestAnswerEndsASilence(t *testing.T) {
	simulate(t, 0, func(n *node) {
		n.ProxyStarted()
		n.answer(time.Second)
		for range 10 {
			n.hang(ProbeInterval)
			n.answer(ProbeInterval)
		}
		n.check("every other answer is missing", "1", "0")
		n.hang(YieldAfter)
		n.check("two are missing", "0", "0")
		n.answer(ProbeInterval)
		n.check("it answers again", "1", "0")
		n.hang(KillAfter - ProbeInterval)
		if len(n.kills) != 0 {
			t.Errorf("kills = %q, want none: the silence was interrupted", n.kills)
		}
	})
}

func TestProbeThatSaysNothingChangesNothing(t *testing.T) {
	simulate(t, 0, func(n *node) {
		n.ProxyStarted()
		n.answer(time.Second)
		for range 100 {
			n.probe(Answer{Err: errors.New("late")})
		}
		n.check("this program was late", "1", "0")
		n.hang(ProbeInterval)
		n.probe(Answer{Err: errors.New("late")})
		n.hang(ProbeInterval)
		n.check("late between two that are missing", "0", "0")
	})
}
