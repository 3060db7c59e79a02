package supervise

import (
	"testing"
	"time"
)

// answers tells whether f returns within a moment.
func answers(f func()) bool {
	answered := make(chan struct{})
	go func() {
		f()
		close(answered)
	}()
	select {
	case <-answered:
		return true
	case <-time.After(200 * time.Millisecond):
		return false
	}
}

func TestServiceAnswersInEachPhase(t *testing.T) {
	if !answers(reaper().Answer) {
		t.Error("the reaper does not answer")
	}
	s, r := run(t, "exec sleep 60", func(p *Process) { p.Backoff = Backoff{First: time.Hour, Most: time.Hour} })
	await(t, "running", func() bool { return s.State().Phase == Running })
	if !answers(s.Answer) {
		t.Error("no answer while it runs")
	}
	s.Kill("for the test")
	await(t, "waiting", func() bool { return r.exitCount() == 1 && s.State().Phase == Waiting })
	if !answers(s.Answer) {
		t.Error("no answer during its back-off")
	}
	s.Stop("for the test")
	if !answers(s.Answer) {
		t.Error("no answer when it is stopped")
	}
}

func TestServiceThatHangsDoesNotAnswer(t *testing.T) {
	free := make(chan struct{})
	hangs := make(chan struct{}, 1)
	s, _ := run(t, "exec sleep 60", func(p *Process) {
		p.Prepare = func() error {
			hangs <- struct{}{}
			<-free
			return nil
		}
	})
	<-hangs
	if answers(s.Answer) {
		t.Error("it answers although its start hangs")
	}
	close(free)
	await(t, "an answer when it does not hang any more", func() bool { return answers(s.Answer) })
}
