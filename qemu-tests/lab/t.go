package lab

import (
	"errors"
	"fmt"
	"runtime"
	"sync"
)

// T is who makes a lab and what is in it: a test, as *testing.T, or what Try runs.
// Cleanups run when it is over, the last one first. Fatal and Fatalf end it.
type T interface {
	Helper()
	Cleanup(func())
	Failed() bool
	Logf(format string, args ...any)
	Error(args ...any)
	Errorf(format string, args ...any)
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

// Try runs f as a test runs, and returns after its cleanups what failed. What f
// logs goes to log.
func Try(log func(line string), f func(T)) error {
	t := &trial{log: log}
	t.run(func() { f(t) })
	for n := len(t.cleanups); n > 0; n = len(t.cleanups) {
		last := t.cleanups[n-1]
		t.cleanups = t.cleanups[:n-1]
		t.run(last)
	}
	return errors.Join(t.failures...)
}

type trial struct {
	log      func(line string)
	cleanups []func()

	mu       sync.Mutex // an Error may come from any goroutine
	failures []error
}

// run uses a goroutine of its own, so that Fatal can end it.
func (t *trial) run(f func()) {
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		f()
	}()
	<-ended
}

func (t *trial) Helper() {}

func (t *trial) Cleanup(f func()) { t.cleanups = append(t.cleanups, f) }

func (t *trial) Failed() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.failures) > 0
}

func (t *trial) Logf(format string, args ...any) { t.log(fmt.Sprintf(format, args...)) }

func (t *trial) Error(args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.failures = append(t.failures, errors.New(fmt.Sprint(args...)))
}

func (t *trial) Errorf(format string, args ...any) { t.Error(fmt.Sprintf(format, args...)) }

func (t *trial) Fatal(args ...any) {
	t.Error(args...)
	runtime.Goexit()
}

func (t *trial) Fatalf(format string, args ...any) { t.Fatal(fmt.Sprintf(format, args...)) }
