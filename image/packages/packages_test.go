package packages

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"twinlb/image/progress"

	"github.com/google/go-cmp/cmp"
)

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
}

func TestListsArePackagesWithReasons(t *testing.T) {
	dir := t.TempDir()
	build, tests := filepath.Join(dir, "build"), filepath.Join(dir, "tests")
	write(t, build, "# What a build needs.\n\n  gcc  # for the kernel\nlibelf-dev# objtool\n   \nmake")
	write(t, tests, "qemu-system-x86\n")
	got, err := Read(build, tests)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"gcc", "libelf-dev", "make", "qemu-system-x86"}, got); diff != "" {
		t.Errorf("Read (-want +got):\n%s", diff)
	}
	if _, err := Read(build, filepath.Join(dir, "missing")); err == nil || !strings.Contains(err.Error(), "missing") {
		t.Errorf("Read = %v, want an error that names the list", err)
	}
}

func TestListsOfTheProjectCanBeRead(t *testing.T) {
	for _, list := range []string{"../../buildscripts/packages"} {
		names, err := Read(list)
		if err != nil || len(names) == 0 {
			t.Errorf("Read %s = %q, %v, want packages", list, names, err)
		}
		for _, name := range names {
			if strings.ContainsAny(name, " \t") {
				t.Errorf("%s has the line %q, want one package a line", list, name)
			}
		}
	}
}

// machine replaces dpkg and apt: gcc is installed, make was once, anything else
// is unknown. It returns the file to which apt-get writes how it was called.
func machine(t *testing.T) (calls string) {
	t.Helper()
	dir := t.TempDir()
	calls = filepath.Join(dir, "calls")
	write(t, filepath.Join(dir, "dpkg-query"), `#!/bin/sh
		echo "installed gcc 4:12.2.0-3"
		echo "config-files make 4.3-4.1"
		echo "dpkg-query: no packages found" >&2
		exit 1`)
	write(t, filepath.Join(dir, "apt-get"), `#!/bin/sh
		echo "$DEBIAN_FRONTEND: $*" >> `+calls+`
		[ "$1" = update ] || case "$*" in *unknown*) echo "E: Unable to locate package unknown"; exit 100;; esac`)
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	return calls
}

func report(t *testing.T) *progress.Report {
	t.Helper()
	file, err := os.Create(filepath.Join(t.TempDir(), "progress"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	return progress.New(file, false)
}

func TestVersionsAreThoseOfInstalledPackages(t *testing.T) {
	machine(t)
	if got, err := Versions([]string{"gcc"}); err != nil || got != "gcc 4:12.2.0-3" {
		t.Errorf("Versions = %q, %v, want that of gcc", got, err)
	}
	_, err := Versions([]string{"gcc", "make", "flex"})
	if err == nil || !strings.Contains(err.Error(), "make flex: not installed") {
		t.Errorf("Versions = %v, want an error: make flex: not installed", err)
	}
}

func TestNothingIsInstalledWhenNothingIsMissing(t *testing.T) {
	calls := machine(t)
	if err := Ensure(report(t), []string{"gcc"}); err != nil {
		t.Error(err)
	}
	if got, err := os.ReadFile(calls); err == nil {
		t.Errorf("apt-get was called with %q", got)
	}
}

func TestRootInstallsWhatIsMissing(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root may install packages, and this is not root")
	}
	calls := machine(t)
	t.Setenv("DEBIAN_FRONTEND", "dialog")
	if err := Ensure(report(t), []string{"gcc", "make", "flex"}); err != nil {
		t.Error(err)
	}
	got, err := os.ReadFile(calls)
	const want = "noninteractive: update\nnoninteractive: install --yes --no-install-recommends make flex\n"
	if err != nil || string(got) != want {
		t.Errorf("apt-get was called with %q, %v, want %q", got, err, want)
	}
	if err := Ensure(report(t), []string{"unknown"}); err == nil || !strings.Contains(err.Error(), "E: Unable to locate package unknown") {
		t.Errorf("Ensure = %v, want an error with what apt-get says", err)
	}
}

func TestWhoMayNotInstallGetsTheCommand(t *testing.T) {
	if os.Geteuid() != 0 {
		calls := machine(t)
		checkAdvice(t, Ensure(report(t), []string{"gcc", "make", "flex"}))
		if got, err := os.ReadFile(calls); err == nil {
			t.Errorf("apt-get was called with %q", got)
		}
	}
	checkAdvice(t, advise([]string{"install", "make", "flex"}))
}

func checkAdvice(t *testing.T, err error) {
	t.Helper()
	for _, want := range []string{"only root", "\n  sudo apt-get update && sudo apt-get install ", "make flex"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error = %v, want %q in it", err, want)
		}
	}
}

func TestMachineWithoutDpkgIsToldWhatIsNeeded(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	if err := Ensure(report(t), []string{"gcc"}); err == nil || !strings.Contains(err.Error(), "Debian") {
		t.Errorf("Ensure = %v, want an error that says Debian", err)
	}
}
