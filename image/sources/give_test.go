package sources

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestGivenFolderBuildsAgain(t *testing.T) {
	s := Store{Dir: filepath.Join(t.TempDir(), "store"), From: t.TempDir()}
	p := Package{Name: "haproxy", Version: "3.0-1", Files: []File{
		pin(t, s.From, "haproxy_3.0-1.dsc", "control"), pin(t, s.From, "haproxy_3.0.orig.tar.gz", "source"),
	}}
	given := t.TempDir()
	if err := s.Give(step(t), p, given); err != nil {
		t.Fatal(err)
	}
	other := Store{Dir: filepath.Join(t.TempDir(), "store"), From: given}
	if err := other.fetch(step(t), p); err != nil {
		t.Errorf("fetch from the given folder: %v", err)
	}

	// The store checks what comes in; what has changed since must not go out.
	if err := os.WriteFile(s.path(p.Files[1]), []byte("s0urce"), 0o644); err != nil {
		t.Fatal(err)
	}
	err := s.Give(step(t), p, given)
	if err == nil || !strings.Contains(err.Error(), "its checksum is wrong") {
		t.Errorf("Give of a file that has changed in the store = %v, want an error", err)
	}
}

func TestExtractReadsSingleFiles(t *testing.T) {
	if _, err := exec.LookPath("tar"); err != nil {
		t.Skip("tar is not installed")
	}
	s := Store{Dir: t.TempDir(), From: t.TempDir()}
	p := Package{Name: "tiny", Version: "1-1", Files: tinyPackage(t, s.From)}
	got, err := s.Extract(step(t), p, []string{"answer", "debian/control", "debian/patches/series"})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][]byte{
		"answer":                []byte("41\n"), // before the patch
		"debian/control":        []byte("Source: tiny\n"),
		"debian/patches/series": []byte("answer.patch\n"),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Extract (-want +got):\n%s", diff)
	}
	for _, tt := range []struct{ path, want string }{
		{"COPYING", "read files of tiny: tiny_1.orig.tar.gz: exit status"},
		{"debian/copyright", "read files of tiny: tiny_1-1.debian.tar.gz: exit status"},
	} {
		if _, err := s.Extract(step(t), p, []string{"answer", tt.path}); err == nil ||
			!strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), tt.path) {
			t.Errorf("Extract of %s = %v, want an error with %q", tt.path, err, tt.want)
		}
	}
	p.Files = p.Files[len(p.Files)-1:]
	if _, err := s.Extract(step(t), p, []string{"answer"}); err == nil || !strings.Contains(err.Error(), "tiny 1-1 has no file *.orig.tar.*") {
		t.Errorf("Extract without an archive = %v, want an error", err)
	}
}
