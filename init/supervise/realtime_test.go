package supervise

import (
	"errors"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestRealTimeIsOfTheProcessAndItsChildrenAlone(t *testing.T) {
	if err := schedule(unix.SCHED_RR, realTimePriority); errors.Is(err, unix.EPERM) {
		t.Skip("this user may not use real time scheduling; qemu-tests tries it in a node")
	}
	if err := schedule(unix.SCHED_NORMAL, 0); err != nil {
		t.Fatal(err)
	}
	// The policy is field 41 of proc_pid_stat(5); the shell's, then that of a child.
	said := make(chan string, 10)
	s, _ := run(t, `cut -d' ' -f41 /proc/$$/stat; sh -c 'cut -d" " -f41 /proc/$$/stat'; exec sleep 60`, func(p *Process) {
		p.RealTime, p.Output = true, func(line string) { said <- line }
	})
	for _, who := range []string{"the process", "its child"} {
		select {
		case policy := <-said:
			if policy != "2" {
				t.Errorf("%s has policy %s, want 2, SCHED_RR", who, policy)
			}
		case <-time.After(5 * time.Second):
			t.Fatalf("no policy of %s after 5 s: %+v", who, s.State())
		}
	}
	attr, err := unix.SchedGetAttr(0, 0)
	if err != nil || attr.Policy != unix.SCHED_NORMAL {
		t.Errorf("this program has policy %+v, %v, want 0, SCHED_NORMAL", attr, err)
	}
}

func TestRealTimeProcessThatRunsInCirclesIsEnded(t *testing.T) {
	if err := schedule(unix.SCHED_RR, realTimePriority); errors.Is(err, unix.EPERM) {
		t.Skip("this user may not use real time scheduling; qemu-tests tries it in a node")
	}
	_ = schedule(unix.SCHED_NORMAL, 0)
	_, r := run(t, "while :; do :; done", func(p *Process) { p.RealTime = true })
	await(t, "an exit", func() bool { return r.exitCount() >= 1 })
	r.mu.Lock()
	defer r.mu.Unlock()
	if got := r.exits[0].Reason; !strings.Contains(got, "signal") {
		t.Errorf("Reason = %q, want that a signal ended it", got)
	}
}
