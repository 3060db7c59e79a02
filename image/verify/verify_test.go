package verify

import (
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"twinlb/services"
)

// standIn is a program that does what its file /script says; see testdata.
var standIn string

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == Argument {
		Main()
		return
	}
	os.Exit(buildAndRun(m))
}

func buildAndRun(m *testing.M) int {
	dir, err := os.MkdirTemp("", "verify-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	standIn = filepath.Join(dir, "keepalived")
	build := exec.Command("go", "build", "-o", standIn, "./testdata/standin.go")
	build.Env = append(os.Environ(), "CGO_ENABLED=0") // linked statically, like what it stands for
	if output, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build the stand-in: %v\n%s", err, output)
		return 1
	}
	return m.Run()
}

// keepalived is a check that is passed when its files and its interface are there,
// or when what the script says is so.
func keepalived(script ...string) Check {
	if script == nil {
		script = []string{"args -t -f /run/keepalived/keepalived.conf", "dir /run/track", "file /run/keepalived/keepalived.conf router_id lb-a", "link verify0", "link verify.100"}
	}
	return Check{
		Node:       "lb-a",
		Interfaces: []string{"verify0", "verify.100"},
		Files: []services.File{
			{Path: "/script", Mode: 0o644, Data: []byte(strings.Join(script, "\n"))},
			{Path: "/run/track", Mode: fs.ModeDir | 0o755},
			{Path: "/run/keepalived", Mode: fs.ModeDir | 0o755, UID: services.KeepalivedUser},
			{Path: "/run/keepalived/keepalived.conf", Mode: 0o644, Data: []byte("router_id lb-a\n")},
		},
		Program: standIn,
		Args:    []string{"-t", "-f", "/run/keepalived/keepalived.conf"},
	}
}

func run(t *testing.T, wants string, checks ...Check) {
	t.Helper()
	err := Run(checks)
	switch {
	case wants == "" && err != nil:
		t.Errorf("Run: %v", err)
	case wants != "" && err == nil:
		t.Errorf("Run says that all is well, want an error with %q", wants)
	case wants != "" && !strings.Contains(err.Error(), wants):
		t.Errorf("error = %q, want %q in it", err, wants)
	}
}

func TestProgramFindsItsFilesAndItsInterface(t *testing.T) {
	run(t, "", keepalived())
}

func TestConfinedProgramFindsItsFilesBelowItsRoot(t *testing.T) {
	run(t, "", Check{
		Node:       "lb-a",
		Interfaces: []string{"verify0", "verify.100"},
		Root:       "/haproxy",
		Files: []services.File{
			{Path: "/haproxy/script", Mode: 0o644, Data: []byte("file /run/haproxy.cfg global")},
			{Path: "/haproxy/run", Mode: fs.ModeDir | 0o755},
			{Path: "/haproxy/run/haproxy.cfg", Mode: 0o644, Data: []byte("global\n")},
		},
		Program: standIn,
	})
}

func TestWhatTheProgramSaysIsTheError(t *testing.T) {
	for _, tt := range []struct {
		name   string
		script []string
		wants  []string
	}{
		{"it refuses", []string{"say line 3: unknown keyword", "say and more", "exit 1"},
			[]string{"lb-a: keepalived: exit status 1", "line 3: unknown keyword", "and more"}},
		{"it refuses without a word", []string{"exit 5"}, []string{"lb-a: keepalived: exit status 5"}},
		{"it only complains", []string{"say (Line 7) Unknown keyword"}, []string{"lb-a: keepalived: it complains", "(Line 7) Unknown keyword"}},
		{"it complains of what is valid", []string{"say a warning", "say Configuration file is valid"}, []string{"it complains", "a warning"}},
		{"a file is missing", []string{"dir /run/other"}, []string{"/run/other"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, want := range tt.wants {
				run(t, want, keepalived(tt.script...))
			}
		})
	}
}

func TestProgramMaySayThatAllIsWell(t *testing.T) {
	run(t, "", keepalived("say Configuration file is valid"))
}

func TestProgramThatIsMissingIsNamed(t *testing.T) {
	check := keepalived()
	check.Program = filepath.Join(t.TempDir(), "keepalived")
	run(t, check.Program+": no such file", check)
}

func TestChecksDoNotSeeEachOther(t *testing.T) {
	first, second := keepalived(), keepalived("absent /run/keepalived", "nolink verify0", "link verify1")
	second.Node, second.Interfaces = "lb-b", []string{"verify1"}
	second.Files = second.Files[:1]
	run(t, "", first, second, first)

	second.Files[0].Data = []byte("exit 9")
	run(t, "lb-b: keepalived: exit status 9", first, second)
}

func TestMachineIsNotTouched(t *testing.T) {
	// Nothing of the machine is there either.
	run(t, "", keepalived("absent /etc", "absent "+standIn))
	if _, err := net.InterfaceByName("verify0"); err == nil {
		t.Error("the interface verify0 is on this machine")
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(standIn), ".verify-*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}
