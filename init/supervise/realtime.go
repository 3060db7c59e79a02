package supervise

import (
	"fmt"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// realTimePriority is the lowest of its kind, and above all that is not of it.
const realTimePriority = 1

// realTimeLimit is the CPU time that such a process may take without once waiting
// for something, before the kernel ends it (RLIMIT_RTTIME, setrlimit(2)): one that
// runs in circles would leave little to those that could end it.
const realTimeLimit = time.Second

// startRealTime is Start for a process of that scheduling. A process has the policy
// of the thread that forks it from its first instruction on, so that neither it
// nor a child of it needs a right to change its own.
func (r *Reaper) startRealTime(argv []string, attr *syscall.ProcAttr) (int, <-chan syscall.WaitStatus, error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	// Linux 6.12 takes it from a thread that has been of real time.
	slack, _ := unix.PrctlRetInt(unix.PR_GET_TIMERSLACK, 0, 0, 0, 0)
	if err := schedule(unix.SCHED_RR, realTimePriority); err != nil {
		return 0, nil, fmt.Errorf("start %s in real time: %w", argv[0], err)
	}
	pid, exited, err := r.Start(argv, attr)
	_ = schedule(unix.SCHED_NORMAL, 0) // less than one has is always allowed
	_ = unix.Prctl(unix.PR_SET_TIMERSLACK, uintptr(slack), 0, 0, 0)
	if err == nil {
		limit := unix.Rlimit{Cur: uint64(realTimeLimit.Microseconds()), Max: uint64(realTimeLimit.Microseconds())}
		// One that has ended already needs none.
		_ = unix.Prlimit(pid, unix.RLIMIT_RTTIME, &limit, nil)
	}
	return pid, exited, err
}

// schedule sets the policy of this thread (sched_setattr(2)).
func schedule(policy, priority uint32) error {
	return unix.SchedSetAttr(0, &unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: policy, Priority: priority}, 0)
}
