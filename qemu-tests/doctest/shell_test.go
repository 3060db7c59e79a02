package doctest

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestShell(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("OF_THE_TEST", "kept")
	shell := Shell{Command: exec.Command, Dir: dir, Env: []string{"GREETING=hello"}}
	for _, tt := range []struct {
		name, script, want string
		status             int
	}{
		{"both outputs in order", "echo one; echo two >&2; echo three", "one\ntwo\nthree\n", 0},
		{"a status", "echo one; exit 3", "one\n", 3},
		{"of bash", "[[ a == a ]]; echo $?", "0\n", 0},
		{"in its folder", "pwd", dir + "\n", 0},
		{"with its variables", "echo $GREETING $OF_THE_TEST", "hello kept\n", 0},
		{"without input", "cat", "", 0},
		{"of several lines", "cat <<END\none\nEND\n", "one\n", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			output, status, err := shell.Run(t.Context(), tt.script)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, output); diff != "" || status != tt.status {
				t.Errorf("Run ends with status %d, want %d; output (-want +got):\n%s", status, tt.status, diff)
			}
		})
	}
}

// A script that hangs ends with the context, and the child that it waits for too.
func TestShellEndsWithItsContext(t *testing.T) {
	begun, held, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer begun.Close()
	begun.SetReadDeadline(time.Now().Add(20 * time.Second))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() {
		if _, err := begun.Read(make([]byte, 1)); err != nil {
			t.Errorf("wait for the script to begin: %v", err)
		}
		cancel()
	}()
	shell := Shell{Command: func(name string, args ...string) *exec.Cmd {
		cmd := exec.Command(name, args...)
		cmd.ExtraFiles = []*os.File{held}
		return cmd
	}}
	_, _, err = shell.Run(ctx, "echo so far; (printf b >&3; sleep 60); echo over")
	held.Close()
	if err == nil || !strings.Contains(err.Error(), context.Canceled.Error()) || !strings.Contains(err.Error(), `"so far\n"`) {
		t.Errorf("Run = %v, want that it has not ended, with what it has printed", err)
	}
	if n, err := begun.Read(make([]byte, 1)); n > 0 || !errors.Is(err, io.EOF) {
		t.Errorf("what the script has started still runs: read %d bytes, %v", n, err)
	}
}

func TestShellRefusesWhatKeepsItsOutput(t *testing.T) {
	_, _, err := Shell{Command: exec.Command}.Run(t.Context(), "sleep 3 &")
	if err == nil || !strings.Contains(err.Error(), "background") {
		t.Errorf("Run = %v, want an error about what goes on in the background", err)
	}
	if output, _, err := (Shell{Command: exec.Command}).Run(t.Context(), "sleep 3 >/dev/null 2>&1 & echo begun"); err != nil || output != "begun\n" {
		t.Errorf("Run = %q, %v, want what goes on silently to be let go", output, err)
	}
}

func TestShellThatDies(t *testing.T) {
	if _, _, err := (Shell{Command: exec.Command}).Run(t.Context(), "kill -9 $$"); err == nil || !strings.Contains(err.Error(), "killed") {
		t.Errorf("Run = %v, want an error: it was killed", err)
	}
}

// The lines that bash names are those of the script.
func TestScriptStopsAtTheFirstFailure(t *testing.T) {
	b := parse(t, "'''sh", "false", "echo on", "'''").Blocks[0]
	err := b.Check(t.Context(), Runners{Host: Shell{Command: exec.Command}})
	if err == nil || strings.Contains(err.Error(), "\ton") {
		t.Errorf("Check = %v, want an error before the second command", err)
	}
}
