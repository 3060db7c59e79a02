// Package sandbox runs a program in namespaces of its own: network, mounts and
// processes, and users too unless it is root. What it makes there can't touch the
// machine, needs no rights, and is gone when it ends, however that happens.
//
// See namespaces(7).
package sandbox

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// inside is set for the copy of a program that runs in the namespaces.
const inside = "TWINLB_SANDBOX"

// Main is for TestMain: it runs the tests in a sandbox.
func Main(m *testing.M) {
	Enter()
	os.Exit(m.Run())
}

// Enter returns in a copy of the program that is in a sandbox. The program that
// called it waits for the copy and ends as that does. Enter must come first in
// main: what was done before it is done twice.
func Enter() {
	if !Entered() {
		os.Exit(again())
	}
	if err := furnish(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// Entered tells whether the program is the copy. Its children inherit the variable.
func Entered() bool { return os.Getenv(inside) != "" && os.Getpid() == 1 }

// again runs the program once more, as process 1 of the new namespaces: when it
// ends, the kernel ends all others in them.
func again() (status int) {
	runtime.LockOSThread() // Pdeathsig is about the thread
	command := exec.Command("/proc/self/exe", os.Args[1:]...)
	command.Env = append(os.Environ(), inside+"=1")
	command.Stdin, command.Stdout, command.Stderr = os.Stdin, os.Stdout, os.Stderr
	command.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWNET | syscall.CLONE_NEWNS | syscall.CLONE_NEWPID,
		Pdeathsig:  syscall.SIGKILL,
	}
	if os.Geteuid() != 0 {
		command.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		command.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}}
		command.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}}
	}
	// The terminal's signals reach the copy as well, which knows what to do.
	signal.Ignore(syscall.SIGINT, syscall.SIGQUIT)
	if err := command.Start(); err != nil {
		fmt.Fprintf(os.Stderr, "make namespaces: %v\n"+
			"Users must be allowed to (sysctl user.max_user_namespaces, kernel.unprivileged_userns_clone, "+
			"kernel.apparmor_restrict_unprivileged_userns); root always is.\n", err)
		return 1
	}
	forward(command.Process)
	var exit *exec.ExitError
	switch err := command.Wait(); {
	case errors.As(err, &exit) && exit.ExitCode() < 0:
		fmt.Fprintln(os.Stderr, "in namespaces of its own the program ended:", err)
		return 1
	case errors.As(err, &exit):
		return exit.ExitCode()
	case err != nil:
		fmt.Fprintln(os.Stderr, "wait for the program in its namespaces:", err)
		return 1
	}
	return 0
}

// forward passes signals on that were meant for the program.
func forward(process *os.Process) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGHUP)
	go func() {
		for s := range signals {
			process.Signal(s)
		}
	}()
}

// furnish gives the namespaces a /proc that shows their processes and an empty
// /run, where ip(8) keeps the names of network namespaces.
func furnish() error {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("keep mounts from spreading: %w", err)
	}
	if err := unix.Mount("proc", "/proc", "proc", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, ""); err != nil {
		return fmt.Errorf("mount /proc of the new namespaces: %w", err)
	}
	if err := unix.Mount("tmpfs", "/run", "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, "mode=755"); err != nil {
		return fmt.Errorf("mount an empty /run: %w", err)
	}
	if err := os.Mkdir("/run/netns", 0o755); err != nil {
		return fmt.Errorf("make the folder of network namespaces: %w", err)
	}
	return nil
}
