// Package supervise starts processes, watches them, restarts them with
// back-off and stops them.
//
// It knows nothing of what it runs, of mounts or of networks, and needs no
// privilege unless a Process asks for another user. Its Reaper is the only
// place of a program that waits for children: nothing beside it may use
// os/exec or wait4.
package supervise

import (
	"fmt"
	"os"
	"os/signal"
	"sync"
	"syscall"
)

// Reaper is the single owner of wait4(2). It hands each exit status to whoever
// started that process and collects orphans that nobody asked for.
type Reaper struct {
	// mu is held across fork and registration, so that a child which ends at
	// once is never collected before its pid is known.
	mu      sync.Mutex
	waiting map[int]chan<- syscall.WaitStatus
	asked   chan struct{}
}

// NewReaper begins to collect the children of this program, for as long as the
// program lives.
func NewReaper() *Reaper {
	r := &Reaper{waiting: make(map[int]chan<- syscall.WaitStatus), asked: make(chan struct{})}
	child := make(chan os.Signal, 1)
	signal.Notify(child, syscall.SIGCHLD)
	go func() {
		for {
			select {
			case <-child:
			case <-r.asked:
			}
			r.collect()
		}
	}()
	return r
}

// Answer returns when the goroutine that collects has come by.
func (r *Reaper) Answer() { r.asked <- struct{}{} }

// Start forks and executes argv[0]. The status arrives on the channel once.
func (r *Reaper) Start(argv []string, attr *syscall.ProcAttr) (int, <-chan syscall.WaitStatus, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	pid, err := syscall.ForkExec(argv[0], argv, attr)
	if err != nil {
		return 0, nil, fmt.Errorf("start %s: %w", argv[0], err)
	}
	exited := make(chan syscall.WaitStatus, 1)
	r.waiting[pid] = exited
	return pid, exited, nil
}

// collect takes every status there is: several children may share one SIGCHLD.
func (r *Reaper) collect() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, syscall.WNOHANG, nil)
		if err == syscall.EINTR {
			continue
		}
		if err != nil || pid <= 0 {
			return
		}
		if exited, known := r.waiting[pid]; known { // else an orphan, whose end nobody waits for
			delete(r.waiting, pid)
			exited <- status
		}
	}
}
