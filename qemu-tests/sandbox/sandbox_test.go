package sandbox

import (
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// Programs that the tests run as copies of themselves, in a sandbox within this one.
func TestMain(m *testing.M) {
	switch os.Getenv("TWINLB_SANDBOX_TEST") {
	case "status 7":
		Enter()
		os.Exit(7)
	case "leaves a process":
		Enter()
		if err := exec.Command("sleep", "4711").Start(); err != nil {
			os.Exit(1)
		}
		os.Exit(0)
	}
	Main(m)
}

// nested runs a program of TestMain.
func nested(program string) *exec.Cmd {
	command := exec.Command("/proc/self/exe")
	command.Env = append(os.Environ(), "TWINLB_SANDBOX_TEST="+program)
	return command
}

func TestNothingOfTheMachineIsThere(t *testing.T) {
	if pid := os.Getpid(); pid != 1 {
		t.Errorf("the program is process %d, want 1", pid)
	}
	interfaces, err := net.Interfaces()
	if err != nil || len(interfaces) != 1 || interfaces[0].Name != "lo" {
		t.Errorf("the network has the interfaces %v (error %v), want lo alone", interfaces, err)
	}
	entries, err := os.ReadDir("/run")
	if err != nil || len(entries) != 1 || entries[0].Name() != "netns" {
		t.Errorf("/run has %v (error %v), want netns alone", entries, err)
	}
	if out, err := exec.Command("ip", "netns", "add", "client").CombinedOutput(); err != nil {
		t.Errorf("add a network namespace: %v: %s", err, out)
	}
}

func TestExitStatusIsThatOfTheProgram(t *testing.T) {
	command := nested("status 7")
	if out, err := command.CombinedOutput(); command.ProcessState.ExitCode() != 7 {
		t.Errorf("the program ended with %v, want exit status 7: %s", err, out)
	}
}

func TestProcessesEndWithTheProgram(t *testing.T) {
	if out, err := nested("leaves a process").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	processes, err := exec.Command("ps", "-eo", "args").Output()
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(processes), "sleep 4711") {
		t.Errorf("a process has outlived its sandbox:\n%s", processes)
	}
}
