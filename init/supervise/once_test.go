package supervise

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestRunOnce(t *testing.T) {
	reaper := reaper()
	for _, tt := range []struct {
		script string
		status int
		reason string
		said   []string
	}{
		{"echo a; echo b >&2", 0, "ended with exit status 0", []string{"a", "b"}},
		{"echo wrong; exit 3", 3, "ended with exit status 3", []string{"wrong"}},
		{"kill -9 $$", -1, "ended by signal 9 (killed)", nil},
		{"echo begins; sleep 60", -1, "was not done within 500ms", []string{"begins"}},
		{"sleep 60 & echo done", 0, "ended with exit status 0", []string{"done"}},
	} {
		began := time.Now()
		exit, said := RunOnce(reaper, Process{Name: "test", Argv: []string{"/bin/sh", "-c", tt.script}}, 500*time.Millisecond)
		if exit.Status != tt.status || exit.Reason != tt.reason || cmp.Diff(tt.said, said) != "" || time.Since(began) > 5*time.Second {
			t.Errorf("%s: %+v, said %q after %s, want %d, %q, %q", tt.script, exit, said, time.Since(began), tt.status, tt.reason, tt.said)
		}
	}
	if exit, _ := RunOnce(reaper, Process{Name: "test", Argv: []string{"/not/there"}}, time.Second); exit.Status != -1 || !strings.Contains(exit.Reason, "no such file") {
		t.Errorf("a program that is not there: %+v", exit)
	}
}

func TestSignalReachesTheLeader(t *testing.T) {
	said := make(chan string, 10)
	s := New(reaper(), Process{
		Name: "test", Argv: []string{"/bin/sh", "-c", `trap 'echo reloaded' HUP; echo ready; while :; do sleep 0.01; done`},
		Output: func(line string) { said <- line },
	})
	s.Signal(1) // to nobody
	s.Start()
	t.Cleanup(func() { s.Stop("the test is over") })
	for _, want := range []string{"ready", "reloaded"} {
		select {
		case got := <-said:
			if got != want {
				t.Fatalf("it said %q, want %q", got, want)
			}
		case <-time.After(5 * time.Second):
			t.Fatalf("waited 5 s for %q", want)
		}
		s.Signal(1)
	}
}
