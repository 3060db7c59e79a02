package sources

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const sum = "00f5874a383295a3237321cf59a0f172495084f16cb3dac24ee5aae6649d809a"

func writeLock(t *testing.T, text string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "sources.lock")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestLockNamesFilesOfPackages(t *testing.T) {
	got, err := ReadLock(writeLock(t, "# pins\n\n"+
		"linux 6.12-1 linux_6.12.orig.tar.xz 150 "+sum+"\n"+
		"haproxy 3.0-1 haproxy_3.0-1.dsc 7 "+sum+"\n"+
		"  linux 6.12-1\tlinux_6.12-1.dsc 25 "+sum))
	if err != nil {
		t.Fatal(err)
	}
	want := Lock{
		{"linux", "6.12-1", []File{{"linux_6.12.orig.tar.xz", 150, sum}, {"linux_6.12-1.dsc", 25, sum}}},
		{"haproxy", "3.0-1", []File{{"haproxy_3.0-1.dsc", 7, sum}}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("ReadLock (-want +got):\n%s", diff)
	}
	linux, err := got.Package("linux")
	if err != nil || linux.Size() != 175 {
		t.Errorf("linux has %d bytes, %v, want 175", linux.Size(), err)
	}
	if dsc, err := linux.Dsc(); err != nil || dsc != "linux_6.12-1.dsc" {
		t.Errorf("Dsc = %s, %v, want linux_6.12-1.dsc", dsc, err)
	}
	if _, err := got.Package("keepalived"); err == nil || !strings.Contains(err.Error(), "keepalived") {
		t.Errorf("Package = %v, want an error that names keepalived", err)
	}
}

func TestLockErrorsNameFileAndLine(t *testing.T) {
	const good = "# pins\nlinux 6.12-1 linux_6.12-1.dsc 25 " + sum + "\n"
	for _, tt := range []struct{ name, line, want string }{
		{"a field less", "linux 6.12-1 a.tar.xz 25", ":3: \"linux 6.12-1 a.tar.xz 25\": 4 fields; want package, version, file, size and sha256"},
		{"a field more", "linux 6.12-1 a.tar.xz 25 " + sum + " b", "6 fields"},
		{"a size in words", "linux 6.12-1 a.tar.xz big " + sum, `:3: `},
		{"no size", "linux 6.12-1 a.tar.xz 0 " + sum, `size "0"`},
		{"a negative size", "linux 6.12-1 a.tar.xz -1 " + sum, `size "-1"`},
		{"a short sum", "linux 6.12-1 a.tar.xz 25 " + sum[:62], "64 hexadecimal digits"},
		{"a sum of other letters", "linux 6.12-1 a.tar.xz 25 " + sum[:63] + "g", "64 hexadecimal digits"},
		{"a path", "linux 6.12-1 a/../b.tar.xz 25 " + sum, `"a/../b.tar.xz" is not a plain name`},
		{"a hidden file", "linux 6.12-1 .a 25 " + sum, `".a" is not a plain name`},
		{"two versions", "linux 6.12-2 a.tar.xz 25 " + sum, "version 6.12-2 of linux; a line above says 6.12-1"},
		{"no .dsc", "haproxy 3.0-1 a.tar.xz 25 " + sum, "haproxy 3.0-1 has no .dsc file"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := writeLock(t, good+tt.line+"\n")
			lock, err := ReadLock(path)
			if err == nil || lock != nil {
				t.Fatalf("ReadLock = %v, %v, want an error and nothing else", lock, err)
			}
			place := path + ":3: "
			if tt.name == "no .dsc" { // that is no line's fault
				place = path + ": "
			}
			for _, want := range []string{tt.want, place} {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error = %q, want %q in it", err, want)
				}
			}
		})
	}
	if _, err := ReadLock(filepath.Join(t.TempDir(), "sources.lock")); err == nil || !strings.Contains(err.Error(), "sources.lock") {
		t.Errorf("ReadLock of no file = %v, want an error that names it", err)
	}
}

func TestLockOfTheProjectIsWrittenAsItIsRead(t *testing.T) {
	const path = "../../buildscripts/sources.lock"
	lock, err := ReadLock(path)
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), lock.String()); diff != "" {
		t.Errorf("String (-file +got):\n%s", diff)
	}
	for _, name := range []string{"linux", "haproxy", "keepalived"} {
		if _, err := lock.Package(name); err != nil {
			t.Error(err)
		}
	}
}
