// Package userns runs tests that make networks as root of a user namespace, so that
// they need no rights and can't touch the machine.
package userns

import (
	"os"
	"os/exec"
	"syscall"
	"testing"
)

// inside is set for the copy of a test program that runs in the namespace.
const inside = "TWINLB_TEST_IN_USER_NAMESPACE"

// Main is for TestMain: it runs the tests, in a namespace unless it is root.
func Main(m *testing.M) {
	if os.Geteuid() != 0 && os.Getenv(inside) == "" {
		os.Exit(again())
	}
	os.Exit(m.Run())
}

// again runs this program in the namespace.
func again() int {
	command := exec.Command("/proc/self/exe", os.Args[1:]...)
	command.Env = append(os.Environ(), inside+"=1")
	command.Stdout, command.Stderr = os.Stdout, os.Stderr
	command.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNET,
		UidMappings: []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}},
	}
	err := command.Run()
	if err != nil && command.ProcessState == nil {
		os.Stderr.WriteString("run the tests as root of a user namespace: " + err.Error() + "\n" +
			"The kernel must allow it (sysctl user.max_user_namespaces, kernel.unprivileged_userns_clone, " +
			"kernel.apparmor_restrict_unprivileged_userns), or run the tests as root.\n")
		return 1
	}
	return command.ProcessState.ExitCode()
}
