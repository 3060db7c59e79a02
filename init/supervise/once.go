package supervise

import (
	"fmt"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// mostLines is what is kept of the output of a process that runs once.
const mostLines = 64

// lowest is the least priority that there is, setpriority(2).
const lowest = 19

// RunOnce runs a short process to its end, or kills it when its time is over, and
// returns what it said. Prepare, Exited, Changed and Output are not called.
func RunOnce(reaper *Reaper, p Process, patience time.Duration) (Exit, []string) {
	began := time.Now()
	failed := func(err error) (Exit, []string) {
		return Exit{Reason: fmt.Sprintf("start %s: %v", p.Name, err), Status: -1}, nil
	}
	null, err := os.Open(os.DevNull)
	if err != nil {
		return failed(err)
	}
	defer null.Close()
	output, input, err := os.Pipe()
	if err != nil {
		return failed(err)
	}
	defer output.Close()
	pid, exited, err := reaper.Start(p.Argv, &syscall.ProcAttr{
		Dir:   "/",
		Env:   p.Env,
		Files: []uintptr{null.Fd(), input.Fd(), input.Fd()},
		Sys:   p.attributes(),
	})
	input.Close()
	if err != nil {
		return failed(err)
	}
	// It has time, which what serves clients meanwhile has not.
	_ = unix.Setpriority(unix.PRIO_PROCESS, pid, lowest)
	var said []string
	silent := make(chan struct{})
	go func() {
		defer close(silent)
		readLines(output, func(line string) {
			if len(said) < mostLines {
				said = append(said, line)
			}
		})
	}()
	late := time.AfterFunc(patience, func() { _ = syscall.Kill(-pid, syscall.SIGKILL) })
	status := <-exited
	exit := Exit{Status: status.ExitStatus(), Ran: time.Since(began)}
	switch {
	case !late.Stop():
		exit.Reason = fmt.Sprintf("was not done within %s", patience)
		exit.Status = -1
	case status.Signaled():
		exit.Reason = fmt.Sprintf("ended by signal %d (%s)", status.Signal(), status.Signal())
	default:
		exit.Reason = fmt.Sprintf("ended with exit status %d", status.ExitStatus())
	}
	_ = syscall.Kill(-pid, syscall.SIGKILL) // what it left behind holds the pipe
	<-silent
	return exit, said
}
