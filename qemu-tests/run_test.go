//go:build vm

package qemutests

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"twinlb/qemu-tests/lab"
)

// queryAndStop is what a newcomer tries first.
const queryAndStop = `mariadb -h 192.168.100.60 -u app -e "show variables like 'server_id'" &&` +
	` ssh admin@192.168.100.53 stop haproxy &&` +
	` mariadb -h 192.168.100.60 -u app -e "show variables like 'server_id'"; exit 7`

// runProgram builds the program of `make run`, and gives it a place for what must not be left.
func runProgram(t *testing.T, args ...string) (program *exec.Cmd, temporary string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "run")
	if out, err := exec.Command("go", "build", "-o", file, "./run").CombinedOutput(); err != nil {
		t.Fatalf("build the program of make run: %v: %s", err, out)
	}
	temporary, err := os.MkdirTemp("", "run-") // short: it will hold sockets
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(temporary) })
	program = exec.Command(file, args...)
	program.Dir = ".." // the root of the project
	program.Env = append(os.Environ(), "TMPDIR="+temporary)
	return program, temporary
}

func TestRunOneCommand(t *testing.T) {
	run, temporary := runProgram(t, "--cmd", queryAndStop)
	var stdout, stderr bytes.Buffer
	run.Stdout, run.Stderr = &stdout, &stderr
	run.Run()
	if got := run.ProcessState.ExitCode(); got != 7 {
		t.Errorf("exit status %d, want the command's, 7", got)
	}
	if got := strings.Count(stdout.String(), "server_id"); got != 2 || !strings.Contains(stdout.String(), "lb-b has taken the VIP over") {
		t.Errorf("%d queries were answered, want two, and between them a node that takes over:\n%s%s", got, &stdout, &stderr)
	}
	expectNothingLeft(t, temporary)
}

// TestRunInATerminal is a person at a terminal, which tmux plays.
func TestRunInATerminal(t *testing.T) {
	run, temporary := runProgram(t)
	tmux := func(args ...string) string {
		t.Helper()
		out, err := exec.Command("tmux", append([]string{"-S", filepath.Join(temporary, "terminal"), "-f", "/dev/null"}, args...)...).CombinedOutput()
		if err != nil {
			t.Fatalf("tmux %v: %v: %s", args, err, out)
		}
		return string(out)
	}
	tmux("new-session", "-d", "-x", "160", "-y", "50", "-c", "..", "-e", "TMPDIR="+temporary, run.Path+"; echo ended: $?; cat")
	await := func(text string) {
		t.Helper()
		lab.Await(t, 2*time.Minute, "the terminal to show "+text, func() error {
			if screen := tmux("capture-pane", "-p"); !strings.Contains(screen, text) {
				return fmt.Errorf("it shows\n%s", screen)
			}
			return nil
		})
	}
	await("client$")
	for _, shown := range []string{"lb-a", "held by this node", "held by lb-a", "ssh admin@192.168.100.53 stop haproxy", "F10"} {
		await(shown)
	}
	tmux("send-keys", queryAndStop[:strings.Index(queryAndStop, "&&")], "Enter")
	await("| server_id     |")
	tmux("send-keys", "F10")
	await("ended: 0")
	tmux("kill-server")
	expectNothingLeft(t, temporary)
}

func expectNothingLeft(t *testing.T, temporary string) {
	t.Helper()
	left, err := filepath.Glob(filepath.Join(temporary, "twinlb-*"))
	if err != nil || len(left) > 0 {
		t.Errorf("%v are left behind (error %v)", left, err)
	}
	processes, err := exec.Command("ps", "-eo", "args").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"qemu-system-x86_64", "mariadbd"} {
		if strings.Contains(string(processes), name+" ") {
			t.Errorf("a %s is left behind:\n%s", name, processes)
		}
	}
}
