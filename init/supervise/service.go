package supervise

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Process says what to run and how to treat it.
type Process struct {
	Name string
	Argv []string // Argv[0] is the path, as seen inside Chroot
	Env  []string

	Chroot      string // "" is the program's own root
	UID, GID    uint32
	AmbientCaps []uintptr // capabilities kept across the change of user, capabilities(7)

	StopSignal syscall.Signal // SIGTERM when zero
	// Grace is how long the process may take after StopSignal until SIGKILL.
	Grace time.Duration
	// Orphans is how long the rest of the process group may outlive its leader
	// until SIGKILL.
	Orphans time.Duration
	Backoff Backoff
	// OOMScore is proc_pid_oom_score_adj(5), from −1000 to 1000.
	OOMScore int
	// RealTime runs it before all that is not so too (SCHED_RR, sched(7)), and its
	// children. One that takes the CPU for realTimeLimit is ended by the kernel.
	RealTime bool

	// Prepare runs before every start; its error counts as a failed start.
	Prepare func() error
	// Exited runs at once when the process has ended, before anything else.
	Exited func(Exit)
	// Output gets each line that the process writes.
	Output func(line string)
	// Changed gets each new state. It must not block.
	Changed func(State)
}

// Phase is where a service is in its life.
type Phase string

// The phases. A service leaves Stopped only by Start.
const (
	Running Phase = "running"
	Waiting Phase = "waiting" // for the end of its back-off
	Stopped Phase = "stopped"
)

// State is what can be seen of a service at one moment.
type State struct {
	Name     string
	Phase    Phase
	PID      int           // of the running process, else 0
	Since    time.Time     // when the phase began
	Delay    time.Duration // of the back-off, while waiting
	Restarts int
	LastExit string // why it ended last, with its last words; "" when it never did
}

// Exit is how a process ended.
type Exit struct {
	Reason   string        // "ended with exit status 3", "ended by signal 9 (killed): …"
	Status   int           // the exit status; −1 when it was ended by a signal or never began
	Ran      time.Duration // how long it had run
	LastSaid []string      // its last lines of output, oldest first
}

// String is the reason, with the last words of a process that ended by itself.
func (e Exit) String() string {
	if n := len(e.LastSaid); n > 0 && e.Status > 0 {
		return e.Reason + ", after it said: " + e.LastSaid[n-1]
	}
	return e.Reason
}

// Service is a process that is kept running until it is stopped.
type Service struct {
	process Process
	reaper  *Reaper
	said    tail

	turn sync.Mutex    // held by Start and by Stop
	stop chan struct{} // closed to end the present run; nil before the first Start
	done chan struct{} // closed when that run is over

	asked chan struct{} // received by the goroutine of the run, to show that it makes progress

	mu    sync.Mutex
	state State
	cause string // why this program ended the process, "" if it did not
}

// New returns a service that does not run yet.
func New(reaper *Reaper, p Process) *Service {
	if p.StopSignal == 0 {
		p.StopSignal = syscall.SIGTERM
	}
	return &Service{
		process: p,
		reaper:  reaper,
		state:   State{Name: p.Name, Phase: Stopped, Since: time.Now()},
		asked:   make(chan struct{}),
	}
}

// Start begins to run the process and keeps it running. It tells whether it did
// not do so already.
func (s *Service) Start() bool {
	s.turn.Lock()
	defer s.turn.Unlock()
	if s.started() {
		return false
	}
	s.stop, s.done = make(chan struct{}), make(chan struct{})
	s.become(func(st *State) { st.Phase, st.Delay = Waiting, 0 })
	go s.keepRunning()
	return true
}

func (s *Service) started() bool {
	if s.stop == nil {
		return false
	}
	select {
	case <-s.stop:
		return false
	default:
		return true
	}
}

// State returns what the service is doing now.
func (s *Service) State() State {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state
}

// Kill ends the running process group with SIGKILL; the service starts it again
// after its back-off. The cause stands in the exit's reason.
func (s *Service) Kill(cause string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state.PID != 0 {
		s.cause = cause
		_ = syscall.Kill(-s.state.PID, syscall.SIGKILL)
	}
}

// Signal sends the running process itself a signal; to nobody when none runs.
func (s *Service) Signal(signal syscall.Signal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state.PID != 0 {
		_ = syscall.Kill(s.state.PID, signal)
	}
}

// Stop ends the process and returns when all of its group is gone. The cause
// stands in the exit's reason. It tells whether the service had been started.
func (s *Service) Stop(cause string) bool {
	s.turn.Lock()
	defer s.turn.Unlock()
	if !s.started() {
		return false
	}
	s.mu.Lock()
	s.cause = cause
	s.mu.Unlock()
	close(s.stop)
	<-s.done
	return true
}

func (s *Service) keepRunning() {
	defer close(s.done)
	for attempt := 0; ; {
		exit := s.runOnce()
		if s.stopping() {
			s.become(func(st *State) { st.Phase, st.PID, st.LastExit = Stopped, 0, exit.String() })
			return
		}
		if exit.Ran >= s.process.Backoff.resetAfter() {
			attempt = 0
		}
		delay := s.process.Backoff.delay(attempt)
		attempt++
		s.become(func(st *State) {
			st.Phase, st.PID, st.Delay = Waiting, 0, delay
			st.Restarts++
			st.LastExit = exit.String()
		})
		if !s.wait(delay) {
			s.mu.Lock()
			s.cause = "" // there was nothing to end
			s.mu.Unlock()
			s.become(func(st *State) { st.Phase = Stopped })
			return
		}
	}
}

// wait tells whether the back-off has ended and not the service.
func (s *Service) wait(delay time.Duration) bool {
	over := time.After(delay)
	for {
		select {
		case <-over:
			return true
		case <-s.stop:
			return false
		case <-s.asked:
		}
	}
}

// Answer returns when the goroutine that keeps the process running has come by, or
// at once if there is none. To stop a process takes it as long as that has grace.
func (s *Service) Answer() {
	s.turn.Lock()
	started, done := s.started(), s.done
	s.turn.Unlock()
	if !started {
		return
	}
	select {
	case s.asked <- struct{}{}:
	case <-done:
	}
}

// runOnce runs the process from start to end and returns how it ended.
func (s *Service) runOnce() Exit {
	began := time.Now()
	pid, exited, err := s.launch()
	if err != nil {
		s.said.add(err.Error())
		exit := Exit{Reason: err.Error(), Status: -1, LastSaid: s.said.last(5)}
		s.exited(exit)
		return exit
	}
	s.become(func(st *State) { st.Phase, st.PID, st.Delay = Running, pid, 0 })

	status := s.end(pid, exited)
	exit := Exit{Reason: s.ended(status), Status: status.ExitStatus(), Ran: time.Since(began), LastSaid: s.said.last(5)}
	s.exited(exit)
	s.endGroup(pid)
	return exit
}

// end waits until the process has ended, and ends it when the service is stopped.
func (s *Service) end(pid int, exited <-chan syscall.WaitStatus) syscall.WaitStatus {
	for {
		select {
		case status := <-exited:
			return status
		case <-s.stop:
			return s.terminate(pid, exited)
		case <-s.asked:
		}
	}
}

// timerSlack is the kernel's usual, in nanoseconds (proc_pid_timerslack_ns(5)).
const timerSlack = "50000"

func (s *Service) launch() (int, <-chan syscall.WaitStatus, error) {
	p := s.process
	if p.Prepare != nil {
		if err := p.Prepare(); err != nil {
			return 0, nil, fmt.Errorf("prepare %s: %w", p.Name, err)
		}
	}
	null, err := os.Open(os.DevNull)
	if err != nil {
		return 0, nil, fmt.Errorf("start %s: %w", p.Name, err)
	}
	defer null.Close()
	output, input, err := os.Pipe()
	if err != nil {
		return 0, nil, fmt.Errorf("start %s: %w", p.Name, err)
	}
	defer input.Close()

	start := s.reaper.Start
	if p.RealTime {
		start = s.reaper.startRealTime
	}
	pid, exited, err := start(p.Argv, &syscall.ProcAttr{
		Dir:   "/",
		Env:   p.Env,
		Files: []uintptr{null.Fd(), input.Fd(), input.Fd()},
		Sys:   p.attributes(),
	})
	if err != nil {
		output.Close()
		return 0, nil, err
	}
	// It would have this program's, which waits for nothing that is urgent.
	_ = os.WriteFile(fmt.Sprintf("/proc/%d/timerslack_ns", pid), []byte(timerSlack), 0)
	if p.OOMScore != 0 {
		// A process that has ended already needs none.
		_ = os.WriteFile(fmt.Sprintf("/proc/%d/oom_score_adj", pid), strconv.AppendInt(nil, int64(p.OOMScore), 10), 0)
	}
	go func() {
		defer output.Close()
		readLines(output, func(line string) {
			s.said.add(line)
			if p.Output != nil {
				p.Output(line)
			}
		})
	}()
	return pid, exited, nil
}

func (p *Process) attributes() *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Setpgid: true, Chroot: p.Chroot, AmbientCaps: p.AmbientCaps}
	if p.UID != 0 || p.GID != 0 {
		attr.Credential = &syscall.Credential{Uid: p.UID, Gid: p.GID, NoSetGroups: false}
	}
	return attr
}

// terminate asks the process to end and forces it when its grace is over.
func (s *Service) terminate(pid int, exited <-chan syscall.WaitStatus) syscall.WaitStatus {
	_ = syscall.Kill(pid, s.process.StopSignal)
	select {
	case status := <-exited:
		return status
	case <-time.After(s.process.Grace):
		s.Kill(fmt.Sprintf("%s, and not done within %s", s.why(), s.process.Grace))
		return <-exited
	}
}

// endGroup waits for the processes that the leader left behind and kills them
// when their time is over, so that a restart never meets its predecessor.
func (s *Service) endGroup(pid int) {
	const poll = 2 * time.Millisecond
	deadline := time.Now().Add(s.process.Orphans)
	for syscall.Kill(-pid, 0) == nil {
		if time.Now().After(deadline) {
			_ = syscall.Kill(-pid, syscall.SIGKILL)
		}
		time.Sleep(poll)
	}
}

func (s *Service) why() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.cause
}

func (s *Service) exited(e Exit) {
	if s.process.Exited != nil {
		s.process.Exited(e)
	}
}

func (s *Service) stopping() bool {
	select {
	case <-s.stop:
		return true
	default:
		return false
	}
}

// ended forgets the pid, which may soon be another process's, and says how the
// process ended.
func (s *Service) ended(status syscall.WaitStatus) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state.PID = 0
	var text strings.Builder
	if status.Signaled() {
		fmt.Fprintf(&text, "ended by signal %d (%s)", status.Signal(), status.Signal())
	} else {
		fmt.Fprintf(&text, "ended with exit status %d", status.ExitStatus())
	}
	if s.cause != "" {
		fmt.Fprintf(&text, ": %s", s.cause)
		s.cause = ""
	}
	return text.String()
}

func (s *Service) become(change func(*State)) {
	s.mu.Lock()
	change(&s.state)
	s.state.Since = time.Now()
	state := s.state
	s.mu.Unlock()
	if s.process.Changed != nil {
		s.process.Changed(state)
	}
}
