package main

import (
	"fmt"
	"syscall"

	"golang.org/x/sys/unix"
)

// files is how many a process may have open: two for each connection, and some.
const files = 1 << 20

// dropped are capabilities that nothing on a node ever needs, PID 1 neither.
var dropped = []uintptr{
	unix.CAP_SYS_MODULE, unix.CAP_SYS_RAWIO, unix.CAP_SYS_PTRACE, unix.CAP_SYS_PACCT,
	unix.CAP_MKNOD, unix.CAP_AUDIT_WRITE, unix.CAP_AUDIT_CONTROL, unix.CAP_AUDIT_READ,
	unix.CAP_MAC_ADMIN, unix.CAP_MAC_OVERRIDE, unix.CAP_SETFCAP, unix.CAP_BPF, unix.CAP_PERFMON,
	unix.CAP_CHECKPOINT_RESTORE, unix.CAP_LINUX_IMMUTABLE, unix.CAP_LEASE, unix.CAP_WAKE_ALARM,
}

// confine sets limits that every process of the node inherits, whatever it is.
func (n *node) confine() error {
	if err := forAllThreads(unix.PR_SET_NO_NEW_PRIVS, 1); err != nil {
		return fmt.Errorf("forbid new privileges: %w", err)
	}
	for _, capability := range dropped {
		if err := forAllThreads(unix.PR_CAPBSET_DROP, capability); err != nil {
			return fmt.Errorf("drop capability %d: %w", capability, err)
		}
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: files, Max: files}); err != nil {
		return fmt.Errorf("allow %d open files: %w", files, err)
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_CORE, &syscall.Rlimit{}); err != nil {
		return fmt.Errorf("forbid core dumps: %w", err)
	}
	return nil
}

// forAllThreads calls prctl(2), whose settings belong to a thread, on each.
func forAllThreads(option, argument uintptr) error {
	if _, _, errno := syscall.AllThreadsSyscall6(syscall.SYS_PRCTL, option, argument, 0, 0, 0, 0); errno != 0 {
		return errno
	}
	return nil
}
