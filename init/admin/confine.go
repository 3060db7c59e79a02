package admin

import (
	"errors"
	"fmt"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// memory is where the garbage collector begins to work hard, in bytes.
const memory = 24 << 20

// limits that the process sets itself, setrlimit(2).
var rlimits = []struct {
	name     string
	resource int
	value    uint64
}{
	// A connection, the conversations with PID 1 for its channels, and the rest.
	{"open files", unix.RLIMIT_NOFILE, connections*(1+channels) + 32},
	{"threads", unix.RLIMIT_NPROC, 48},
	// Go takes 72 MiB of addresses before it does anything, and few pages of them.
	{"bytes of data", unix.RLIMIT_DATA, 112 << 20},
	{"bytes of a file", unix.RLIMIT_FSIZE, 0},
	{"bytes of a core dump", unix.RLIMIT_CORE, 0},
}

// confine gives up what listening needed, and the means to take more from the
// node than logins are worth.
func confine() error {
	for _, l := range rlimits {
		if err := syscall.Setrlimit(l.resource, &syscall.Rlimit{Cur: l.value, Max: l.value}); err != nil {
			return fmt.Errorf("limit the %s to %d: %w", l.name, l.value, err)
		}
	}
	const wholeProcess, least = 0, 19
	for _, call := range []struct {
		what    string
		trap    uintptr
		a, b, c uintptr
	}{
		{"take the CPU only when nobody else wants it", unix.SYS_SETPRIORITY, unix.PRIO_PROCESS, wholeProcess, least},
		{"forbid new privileges", unix.SYS_PRCTL, unix.PR_SET_NO_NEW_PRIVS, 1, 0},
		{"clear the ambient capabilities", unix.SYS_PRCTL, unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_CLEAR_ALL, 0},
	} {
		// Each is a setting of a thread, and Go has several.
		if _, _, errno := syscall.AllThreadsSyscall6(call.trap, call.a, call.b, call.c, 0, 0, 0); errno != 0 {
			return fmt.Errorf("%s: %w", call.what, errno)
		}
	}
	return dropCapabilities()
}

func dropCapabilities() error {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var none, left [2]unix.CapUserData
	_, _, errno := syscall.AllThreadsSyscall(unix.SYS_CAPSET, uintptr(unsafe.Pointer(&header)), uintptr(unsafe.Pointer(&none[0])), 0)
	if errno != 0 {
		return fmt.Errorf("drop all capabilities: %w", errno)
	}
	if err := unix.Capget(&header, &left[0]); err != nil {
		return fmt.Errorf("drop all capabilities: %w", err)
	}
	if left != none {
		return errors.New("drop all capabilities: some are left")
	}
	return nil
}
