package main

import (
	"fmt"
	"os"
	"path/filepath"
)

// slack is how late this program's timers may be, in nanoseconds. While anything
// runs, a thread of Go's runtime looks at it every 20 µs (sysmon in runtime/proc.go),
// which on an idle node costs more than what runs. With the kernel's 50 µs it looks
// several times in each beat, with this once.
const slack = "5000000"

// slacken gives the slack to the threads that there are, and so to those that they
// will make (proc_pid_timerslack_ns(5)).
func slacken() error {
	threads, _ := filepath.Glob("/proc/self/task/*")
	for _, thread := range threads {
		if err := os.WriteFile("/proc/"+filepath.Base(thread)+"/timerslack_ns", []byte(slack), 0); err != nil {
			return fmt.Errorf("let timers be late: %w", err)
		}
	}
	return nil
}
