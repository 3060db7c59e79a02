package verify

import (
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"twinlb/services"
)

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == Argument {
		Main()
		return
	}
	os.Exit(m.Run())
}

// program stands in for one that checks its configuration.
func program(t *testing.T, script string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "keepalived")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

// keepalived is a check that is passed when its files and its interface are there.
func keepalived(t *testing.T) Check {
	return Check{
		Node:      "lb-a",
		Interface: "verify0",
		Files: []services.File{
			{Path: "/run/track", Mode: fs.ModeDir | 0o755},
			{Path: "/run/keepalived", Mode: fs.ModeDir | 0o755, UID: services.KeepalivedUser},
			{Path: "/run/keepalived/keepalived.conf", Mode: 0o644, Data: []byte("router_id lb-a\n")},
		},
		Program: program(t, `
			[ "$*" = "-t -f /run/keepalived/keepalived.conf" ] || { echo "arguments: $*"; exit 2; }
			[ -d /run/track ] || { echo "/run/track is missing"; exit 3; }
			grep -q "router_id lb-a" "$3" || { echo "$3 is wrong"; exit 4; }
			grep -q verify0: /proc/net/dev || { echo "no interface verify0"; exit 5; }
			exit 0`),
		Args: []string{"-t", "-f", "/run/keepalived/keepalived.conf"},
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
	run(t, "", keepalived(t))
}

func TestConfinedProgramFindsItsFilesBelowItsRoot(t *testing.T) {
	run(t, "", Check{
		Node:      "lb-a",
		Interface: "verify0",
		Root:      "/haproxy",
		Files: []services.File{
			{Path: "/haproxy/run", Mode: fs.ModeDir | 0o755},
			{Path: "/haproxy/run/haproxy.cfg", Mode: 0o644, Data: []byte("global\n")},
		},
		Program: program(t, `grep -q global /run/haproxy.cfg`),
	})
}

func TestWhatTheProgramSaysIsTheError(t *testing.T) {
	for _, tt := range []struct {
		name, script string
		wants        []string
	}{
		{"it refuses", `echo "line 3: unknown keyword"; echo "and more" >&2; exit 1`,
			[]string{"lb-a: keepalived: exit status 1", "line 3: unknown keyword", "and more"}},
		{"it refuses without a word", `exit 5`, []string{"lb-a: keepalived: exit status 5"}},
		{"it only complains", `echo "(Line 7) Unknown keyword"`, []string{"lb-a: keepalived: it complains", "(Line 7) Unknown keyword"}},
		{"it complains of what is valid", `echo "a warning"; echo "Configuration file is valid"`, []string{"it complains", "a warning"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			check := keepalived(t)
			check.Program = program(t, tt.script)
			for _, want := range tt.wants {
				run(t, want, check)
			}
		})
	}
}

func TestProgramMaySayThatAllIsWell(t *testing.T) {
	check := keepalived(t)
	check.Program = program(t, `echo "Configuration file is valid"`)
	run(t, "", check)
}

func TestProgramThatIsMissingIsNamed(t *testing.T) {
	check := keepalived(t)
	check.Program = filepath.Join(t.TempDir(), "keepalived")
	run(t, check.Program+": no such file", check)
}

func TestChecksDoNotSeeEachOther(t *testing.T) {
	first, second := keepalived(t), keepalived(t)
	second.Node, second.Interface = "lb-b", "verify1"
	second.Files = nil
	second.Program = program(t, `
		[ -e /run/keepalived ] && { echo "the files of another node are there"; exit 2; }
		grep -q verify0: /proc/net/dev && { echo "the interface of another node is there"; exit 3; }
		grep -q verify1: /proc/net/dev || { echo "no interface verify1"; exit 4; }
		exit 0`)
	run(t, "", first, second, first)

	second.Program = program(t, "exit 9")
	run(t, "lb-b: keepalived: exit status 9", first, second)
}

func TestMachineIsNotTouched(t *testing.T) {
	check := keepalived(t)
	check.Files[1].Path, check.Files[2].Path = "/run/twinlb-verify-test", "/run/twinlb-verify-test/file"
	check.Program = program(t, "[ -f /run/twinlb-verify-test/file ]")
	run(t, "", check)
	if _, err := os.Stat("/run/twinlb-verify-test"); err == nil {
		os.RemoveAll("/run/twinlb-verify-test")
		t.Error("/run/twinlb-verify-test is on this machine")
	}
	if _, err := net.InterfaceByName("verify0"); err == nil {
		t.Error("the interface verify0 is on this machine")
	}
}

// A build may keep its cache below /run, which the checks cover.
func TestProgramMayLieBelowRun(t *testing.T) {
	dir, err := os.MkdirTemp("/run", "twinlb-verify-")
	if err != nil {
		dir, err = os.MkdirTemp(os.Getenv("XDG_RUNTIME_DIR"), "twinlb-verify-")
	}
	if err != nil {
		t.Skipf("no folder below /run can be made: %v", err)
	}
	defer os.RemoveAll(dir)
	check := keepalived(t)
	script, err := os.ReadFile("/bin/true")
	if err != nil {
		t.Fatal(err)
	}
	check.Program = filepath.Join(dir, "true")
	if err := os.WriteFile(check.Program, script, 0o755); err != nil {
		t.Fatal(err)
	}
	run(t, "", check, check)
}
