// Package confine has a process of PID 1's own program, one that serves people, take no
// more of the node than what it serves is worth.
//
// That such a process has its own user, a chroot, no capability and no way to others is
// how PID 1 starts it: package supervise.
package confine

import (
	"fmt"
	"syscall"

	"golang.org/x/sys/unix"
)

// Limits are the most that a process may have, setrlimit(2).
type Limits struct {
	Files   uint64 // open at a time, sockets too
	Threads uint64
	// Data is bytes. Go takes 72 MiB of addresses before it does anything, and few pages
	// of them.
	Data uint64
}

// To confines this process for good: to the limits, to no bytes of a file or a core
// dump, and to the CPU that nobody else wants.
func To(l Limits) error {
	for _, limit := range []struct {
		name     string
		resource int
		value    uint64
	}{
		{"open files", unix.RLIMIT_NOFILE, l.Files},
		{"threads", unix.RLIMIT_NPROC, l.Threads},
		{"bytes of data", unix.RLIMIT_DATA, l.Data},
		{"bytes of a file", unix.RLIMIT_FSIZE, 0},
		{"bytes of a core dump", unix.RLIMIT_CORE, 0},
	} {
		if err := syscall.Setrlimit(limit.resource, &syscall.Rlimit{Cur: limit.value, Max: limit.value}); err != nil {
			return fmt.Errorf("limit the %s to %d: %w", limit.name, limit.value, err)
		}
	}
	// It is a setting of a thread, and Go has several.
	const wholeProcess, least = 0, 19
	if _, _, errno := syscall.AllThreadsSyscall(unix.SYS_SETPRIORITY, unix.PRIO_PROCESS, wholeProcess, least); errno != 0 {
		return fmt.Errorf("take the CPU only when nobody else wants it: %w", errno)
	}
	return nil
}
