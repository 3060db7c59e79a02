package supervise

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// reaper makes the test what PID 1 is: the parent of every orphan.
var reaper = sync.OnceValue(func() *Reaper {
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		panic(err)
	}
	return NewReaper()
})

// record is what a service under test did.
type record struct {
	mu     sync.Mutex
	exits  []Exit
	states []State
}

func (r *record) exit(e Exit)   { r.mu.Lock(); r.exits = append(r.exits, e); r.mu.Unlock() }
func (r *record) state(s State) { r.mu.Lock(); r.states = append(r.states, s); r.mu.Unlock() }

func (r *record) exitCount() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.exits)
}

// run starts a shell script as a service and stops it when the test ends.
func run(t *testing.T, script string, change func(*Process)) (*Service, *record) {
	t.Helper()
	r := &record{}
	p := Process{
		Name:    "script",
		Argv:    []string{"/bin/sh", "-c", script},
		Grace:   2 * time.Second,
		Backoff: Backoff{First: 5 * time.Millisecond, Most: 20 * time.Millisecond},
		Exited:  r.exit,
		Changed: r.state,
	}
	if change != nil {
		change(&p)
	}
	s := New(reaper(), p)
	s.Start()
	t.Cleanup(func() { s.Stop("the test is over") })
	return s, r
}

// await polls until the named condition holds.
func await(t *testing.T, name string, condition func() bool) {
	t.Helper()
	deadline := time.Now().Add(5 * time.Second)
	for !condition() {
		if time.Now().After(deadline) {
			t.Fatalf("still waiting after 5 s for: %s", name)
		}
		time.Sleep(time.Millisecond)
	}
}

func TestProcessThatEndsIsStartedAgain(t *testing.T) {
	for _, script := range []string{"exit 3", "exit 0", "kill -9 $$"} {
		t.Run(script, func(t *testing.T) {
			s, r := run(t, script, nil)
			await(t, "three exits", func() bool { return r.exitCount() >= 3 })
			if got := s.State().Restarts; got < 2 {
				t.Errorf("Restarts = %d, want at least 2", got)
			}
		})
	}
}

func TestExitSaysWhyWithTheLastLines(t *testing.T) {
	_, r := run(t, "echo first; echo cannot bind >&2; exit 7", nil)
	await(t, "an exit", func() bool { return r.exitCount() >= 2 })
	r.mu.Lock()
	defer r.mu.Unlock()
	// The output of the first run is certainly read when the second has ended.
	got := r.exits[1]
	if want := "ended with exit status 7"; got.Reason != want {
		t.Errorf("Reason = %q, want %q", got.Reason, want)
	}
	if said := strings.Join(got.LastSaid, "|"); !strings.Contains(said, "first|cannot bind") {
		t.Errorf("LastSaid = %q, want both lines in order", said)
	}
}

func TestMissingProgramIsAnExitWithItsPath(t *testing.T) {
	_, r := run(t, "", func(p *Process) { p.Argv = []string{"/no/such/program"} })
	await(t, "an exit", func() bool { return r.exitCount() >= 1 })
	r.mu.Lock()
	defer r.mu.Unlock()
	if got := r.exits[0].Reason; !strings.Contains(got, "/no/such/program") {
		t.Errorf("Reason = %q, want the path in it", got)
	}
}

func TestPrepareThatFailsIsAnExitAndTriedAgain(t *testing.T) {
	tries := 0
	s, r := run(t, "exec sleep 60", func(p *Process) {
		p.Prepare = func() error {
			if tries++; tries < 3 {
				return fmt.Errorf("no interface")
			}
			return nil
		}
	})
	await(t, "running", func() bool { return s.State().Phase == Running })
	if r.exitCount() != 2 || !strings.Contains(r.exits[0].Reason, "no interface") {
		t.Errorf("exits = %+v, want two that say: no interface", r.exits)
	}
}

func TestStopEndsTheProcessByItsSignal(t *testing.T) {
	mark := filepath.Join(t.TempDir(), "mark")
	s, _ := run(t, `trap "echo soft > `+mark+`; exit 0" USR1; echo ready; while :; do sleep 0.01; done`, func(p *Process) {
		p.StopSignal = syscall.SIGUSR1
	})
	await(t, "the trap to be set", func() bool { return len(s.said.last(1)) == 1 })
	s.Stop("asked to")
	if got, err := os.ReadFile(mark); err != nil || string(got) != "soft\n" {
		t.Errorf("mark = %q, %v, want the process to have seen SIGUSR1", got, err)
	}
	if got := s.State().Phase; got != Stopped {
		t.Errorf("Phase = %s, want %s", got, Stopped)
	}
}

func TestStopKillsWhatIgnoresItsSignal(t *testing.T) {
	s, r := run(t, `trap "" TERM; echo ready; while :; do sleep 0.01; done`, func(p *Process) {
		p.Grace = 30 * time.Millisecond
	})
	await(t, "the trap to be set", func() bool { return len(s.said.last(1)) == 1 })
	s.Stop("asked to")
	if got := r.exits[0].Reason; !strings.Contains(got, "killed") || !strings.Contains(got, "asked to, and not done within 30ms") {
		t.Errorf("Reason = %q, want killed, asked to, and not done within 30ms", got)
	}
}

func TestStopDuringBackoffReturnsAtOnce(t *testing.T) {
	s, r := run(t, "exit 1", func(p *Process) { p.Backoff = Backoff{First: time.Hour, Most: time.Hour} })
	await(t, "the first exit", func() bool { return r.exitCount() == 1 && s.State().Phase == Waiting })
	if got := s.State().Delay; got != time.Hour {
		t.Errorf("Delay = %s, want %s", got, time.Hour)
	}
	began := time.Now()
	s.Stop("asked to")
	if took := time.Since(began); took > time.Second {
		t.Errorf("Stop took %s during a back-off of an hour", took)
	}
}

func TestKillIsFollowedByARestartAndSaysItsCause(t *testing.T) {
	s, r := run(t, "exec sleep 60", nil)
	await(t, "running", func() bool { return s.State().Phase == Running })
	first := s.State().PID
	s.Kill("it was silent for 5s")
	await(t, "another process", func() bool { st := s.State(); return st.Phase == Running && st.PID != first })
	if got := r.exits[0].Reason; !strings.Contains(got, "it was silent for 5s") {
		t.Errorf("Reason = %q, want its cause in it", got)
	}
}

func TestRestartNeverMeetsTheOldGroup(t *testing.T) {
	dir := t.TempDir()
	// The leader ends and leaves a child that ignores SIGTERM.
	script := `sh -c 'trap "" TERM; echo $$ > ` + dir + `/child.$PPID; while :; do sleep 0.01; done' &
		while ! [ -s ` + dir + `/child.$$ ]; do sleep 0.01; done; exit 1`
	var overlap bool
	_, r := run(t, script, func(p *Process) {
		p.Orphans = 10 * time.Millisecond
		p.Prepare = func() error {
			children, _ := filepath.Glob(dir + "/child.*")
			for _, child := range children {
				var pid int
				text, _ := os.ReadFile(child)
				fmt.Sscan(string(text), &pid)
				if pid != 0 && syscall.Kill(pid, 0) == nil && !zombie(pid) {
					overlap = true
				}
			}
			return nil
		}
	})
	await(t, "three exits", func() bool { return r.exitCount() >= 3 })
	if overlap {
		t.Error("a process of the last run was alive when the next began")
	}
}

func zombie(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err != nil || strings.Contains(string(stat), ") Z ")
}

func TestNoExitStatusIsLost(t *testing.T) {
	const processes = 100
	statuses := make(chan int, processes)
	for i := range processes {
		go func() {
			_, exited, err := reaper().Start([]string{"/bin/sh", "-c", fmt.Sprintf("exit %d", i)}, &syscall.ProcAttr{})
			if err != nil {
				statuses <- -1
				return
			}
			status := <-exited
			statuses <- status.ExitStatus()
		}()
	}
	seen := make(map[int]bool)
	for range processes {
		seen[<-statuses] = true
	}
	for i := range processes {
		if !seen[i] {
			t.Errorf("exit status %d was lost", i)
		}
	}
}

func TestBackoffGrowsToItsLimit(t *testing.T) {
	b := Backoff{First: time.Second, Most: 5 * time.Second}
	for failures, want := range []time.Duration{1, 2, 4, 5, 5} {
		if got := b.delay(failures); got != want*time.Second {
			t.Errorf("delay(%d) = %s, want %s", failures, got, want*time.Second)
		}
	}
	if got := (Backoff{}).delay(1000); got != 30*time.Second {
		t.Errorf("standard delay(1000) = %s, want 30s", got)
	}
}

func TestLongLinesComeInPieces(t *testing.T) {
	var longest, lines int
	readLines(strings.NewReader(strings.Repeat("x", 10*lineBytes)+"\nend\n"), func(line string) {
		longest, lines = max(longest, len(line)), lines+1
	})
	if longest > lineBytes || lines < 10 {
		t.Errorf("%d pieces, the longest of %d bytes; want none over %d", lines, longest, lineBytes)
	}
}

func TestServiceThatWasStoppedStartsAgain(t *testing.T) {
	s, r := run(t, "exec sleep 60", nil)
	await(t, "running", func() bool { return s.State().Phase == Running })
	if s.Start() {
		t.Error("Start of a service that runs = true, want false")
	}
	first := s.State().PID
	if !s.Stop("asked by a test") || s.Stop("again") {
		t.Error("Stop = false, or true the second time, want true and false")
	}
	got := s.State()
	if got.Phase != Stopped || got.PID != 0 || !strings.Contains(got.LastExit, "asked by a test") || got.Restarts != 0 {
		t.Errorf("State = %+v, want stopped because a test asked, and no restart", got)
	}
	if !s.Start() {
		t.Error("Start of a service that was stopped = false, want true")
	}
	await(t, "running again", func() bool { return s.State().Phase == Running })
	if got := s.State().PID; got == first {
		t.Errorf("PID = %d as before, want another process", got)
	}
	if n := r.exitCount(); n != 1 {
		t.Errorf("%d exits, want the one that was asked for", n)
	}
}

func TestReasonOfAStopDoesNotOutliveIt(t *testing.T) {
	s, r := run(t, "exit 3", func(p *Process) { p.Backoff = Backoff{First: time.Hour} })
	await(t, "its back-off", func() bool { return s.State().Phase == Waiting && s.State().Restarts == 1 })
	s.Stop("asked by a test")
	s.Start()
	await(t, "another exit", func() bool { return r.exitCount() == 2 })
	r.mu.Lock()
	defer r.mu.Unlock()
	if got := r.exits[1].Reason; got != "ended with exit status 3" {
		t.Errorf("Reason = %q, want nothing of the stop before", got)
	}
}

func TestExitHasTheLastWordsOfAProcessThatEndedByItself(t *testing.T) {
	for _, tt := range []struct {
		exit Exit
		want string
	}{
		{Exit{Reason: "ended with exit status 1", Status: 1, LastSaid: []string{"a", "cannot bind"}}, "ended with exit status 1, after it said: cannot bind"},
		{Exit{Reason: "ended with exit status 1", Status: 1}, "ended with exit status 1"},
		{Exit{Reason: "ended with exit status 0", LastSaid: []string{"bye"}}, "ended with exit status 0"},
		{Exit{Reason: "ended by signal 9 (killed)", Status: -1, LastSaid: []string{"hello"}}, "ended by signal 9 (killed)"},
	} {
		if got := tt.exit.String(); got != tt.want {
			t.Errorf("String of %+v = %q, want %q", tt.exit, got, tt.want)
		}
	}
}

func TestOOMScoreIsTheProcess(t *testing.T) {
	s, _ := run(t, "exec sleep 60", func(p *Process) { p.OOMScore = 777 })
	await(t, "the score to be set", func() bool {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/oom_score_adj", s.State().PID))
		return err == nil && strings.TrimSpace(string(text)) == "777"
	})
}

func TestProcessDoesNotInheritTheTimerSlack(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("another process's timer slack needs CAP_SYS_NICE")
	}
	threads, err := filepath.Glob("/proc/self/task/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, thread := range threads {
		path := "/proc/" + filepath.Base(thread) + "/timerslack_ns"
		if err := os.WriteFile(path, []byte("7000000"), 0); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = os.WriteFile(path, []byte(timerSlack), 0) })
	}
	s, _ := run(t, "sleep 60", nil)
	await(t, "the process to have the kernel's usual slack", func() bool {
		slack, err := os.ReadFile(fmt.Sprintf("/proc/%d/timerslack_ns", s.State().PID))
		return err == nil && strings.TrimSpace(string(slack)) == timerSlack
	})
}
