package metrics

import (
	"fmt"
	"syscall"

	"golang.org/x/sys/unix"
)

// memory is where the garbage collector begins to work hard, in bytes.
const memory = 12 << 20

// limits that the process sets itself, setrlimit(2).
var limits = []struct {
	name     string
	resource int
	value    uint64
}{
	{"open files", unix.RLIMIT_NOFILE, connections + 32},
	{"threads", unix.RLIMIT_NPROC, 32},
	// Go takes 72 MiB of addresses before it does anything, and few pages of them.
	{"bytes of data", unix.RLIMIT_DATA, 96 << 20},
	{"bytes of a file", unix.RLIMIT_FSIZE, 0},
	{"bytes of a core dump", unix.RLIMIT_CORE, 0},
}

// confine takes the means to cost the node more than metrics are worth. PID 1 has
// given the process no capability and no way to others.
func confine() error {
	for _, l := range limits {
		if err := syscall.Setrlimit(l.resource, &syscall.Rlimit{Cur: l.value, Max: l.value}); err != nil {
			return fmt.Errorf("limit the %s to %d: %w", l.name, l.value, err)
		}
	}
	// It is a setting of a thread, and Go has several.
	const wholeProcess, least = 0, 19
	if _, _, errno := syscall.AllThreadsSyscall(unix.SYS_SETPRIORITY, unix.PRIO_PROCESS, wholeProcess, least); errno != 0 {
		return fmt.Errorf("take the CPU only when nobody else wants it: %w", errno)
	}
	return nil
}
