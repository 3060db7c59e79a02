package sources

import (
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"twinlb/image/progress"
)

func step(t *testing.T) *progress.Step {
	t.Helper()
	file, err := os.Create(filepath.Join(t.TempDir(), "progress"))
	if err != nil {
		t.Fatal(err)
	}
	s := progress.New(file, false).Start("sources", "fetching")
	t.Cleanup(func() { s.Done("fetched"); file.Close() })
	return s
}

// pin writes a file into dir and returns how a lock names it.
func pin(t *testing.T, dir, name, text string) File {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte(text))
	return File{Name: name, Size: int64(len(text)), SHA256: hex.EncodeToString(sum[:])}
}

func storedFiles(t *testing.T, s Store) []string {
	t.Helper()
	entries, err := os.ReadDir(s.Dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func TestFilesFromAFolderAreCheckedAndKept(t *testing.T) {
	s := Store{Dir: filepath.Join(t.TempDir(), "store"), From: t.TempDir()}
	p := Package{Name: "haproxy", Version: "3.0-1", Files: []File{
		pin(t, s.From, "haproxy_3.0-1.dsc", "control"), pin(t, s.From, "haproxy_3.0.orig.tar.gz", "source"),
	}}
	if s.has(p) {
		t.Error("the store has the package before it was fetched")
	}
	if err := s.fetch(step(t), p); err != nil {
		t.Fatal(err)
	}
	for _, f := range p.Files {
		if info, err := os.Stat(s.path(f)); err != nil || info.Size() != f.Size {
			t.Errorf("%s is not in the store: %v", f.Name, err)
		}
	}
	if got := storedFiles(t, s); len(got) != len(p.Files) {
		t.Errorf("the store has %q, want the package's files only", got)
	}
	// From here on the folder is not needed.
	s.From = filepath.Join(t.TempDir(), "gone")
	if err := s.fetch(step(t), p); err != nil {
		t.Errorf("fetch of what is in the store: %v", err)
	}
}

func TestFileWithAWrongChecksumIsNotKept(t *testing.T) {
	s := Store{Dir: filepath.Join(t.TempDir(), "store"), From: t.TempDir()}
	file := pin(t, s.From, "haproxy_3.0-1.dsc", "control")
	got := pin(t, s.From, "haproxy_3.0-1.dsc", "c0ntrol").SHA256
	err := s.fetch(step(t), Package{Name: "haproxy", Version: "3.0-1", Files: []File{file}})
	if err == nil {
		t.Fatal("fetch of a file with a wrong checksum gives no error")
	}
	for _, want := range []string{filepath.Join(s.From, file.Name), "wanted sha256 " + file.SHA256, "got    sha256 " + got} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error = %q, want %q in it", err, want)
		}
	}
	if got := storedFiles(t, s); len(got) > 0 {
		t.Errorf("the store has %q, want nothing", got)
	}
}

func TestFileThatIsMissingIsNamed(t *testing.T) {
	s := Store{Dir: filepath.Join(t.TempDir(), "store"), From: t.TempDir()}
	p := Package{Name: "haproxy", Version: "3.0-1", Files: []File{{Name: "haproxy_3.0-1.dsc", Size: 1, SHA256: sum}}}
	err := s.fetch(step(t), p)
	if want := filepath.Join(s.From, "haproxy_3.0-1.dsc"); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("fetch = %v, want an error that names %s", err, want)
	}
}

func TestHalfAFileInTheStoreIsFetchedAgain(t *testing.T) {
	s := Store{Dir: t.TempDir(), From: t.TempDir()}
	p := Package{Name: "haproxy", Version: "3.0-1", Files: []File{pin(t, s.From, "haproxy_3.0-1.dsc", "control")}}
	if err := os.WriteFile(s.path(p.Files[0]), []byte("con"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := s.fetch(step(t), p); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(s.path(p.Files[0])); err != nil || string(got) != "control" {
		t.Errorf("the store has %q, %v, want the whole file", got, err)
	}
}

func TestUnpackAppliesDebiansPatches(t *testing.T) {
	if _, err := exec.LookPath("dpkg-source"); err != nil {
		t.Skip("dpkg-source of the package dpkg-dev is not installed")
	}
	s := Store{Dir: t.TempDir(), From: t.TempDir()}
	p := Package{Name: "tiny", Version: "1-1", Files: tinyPackage(t, s.From)}
	tree := filepath.Join(t.TempDir(), "tree")
	if err := s.Unpack(step(t), p, tree); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(filepath.Join(tree, "answer")); err != nil || string(got) != "42\n" {
		t.Errorf("answer = %q, %v, want the patched 42", got, err)
	}
	if left, err := filepath.Glob(filepath.Join(filepath.Dir(tree), ".source-*")); err != nil || len(left) > 0 {
		t.Errorf("%q is left beside the tree (%v)", left, err)
	}
	err := s.Unpack(step(t), p, tree)
	if err == nil || !strings.Contains(err.Error(), "unpack tiny: exit status") {
		t.Errorf("Unpack to where a tree is: %v, want an error", err)
	}
}

// tinyPackage makes a source package whose patch changes a 41 into a 42.
func tinyPackage(t *testing.T, dir string) []File {
	t.Helper()
	for path, text := range map[string]string{
		"tiny-1/answer":               "41\n",
		"debian/control":              "Source: tiny\n",
		"debian/source/format":        "3.0 (quilt)\n",
		"debian/patches/series":       "answer.patch\n",
		"debian/patches/answer.patch": "--- a/answer\n+++ b/answer\n@@ -1 +1 @@\n-41\n+42\n",
		"debian/changelog":            "tiny (1-1) unstable; urgency=low\n\n  * One.\n\n -- A <a@example.org>  Thu, 01 Jan 1970 00:00:00 +0000\n",
	} {
		path = filepath.Join(dir, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var files []File
	dsc := "Format: 3.0 (quilt)\nSource: tiny\nVersion: 1-1\nFiles:\n"
	for name, tree := range map[string]string{"tiny_1.orig.tar.gz": "tiny-1", "tiny_1-1.debian.tar.gz": "debian"} {
		if output, err := exec.Command("tar", "-C", dir, "-czf", filepath.Join(dir, name), tree).CombinedOutput(); err != nil {
			t.Fatalf("tar: %v\n%s", err, output)
		}
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, pin(t, dir, name, string(text)))
		sum := md5.Sum(text)
		dsc += fmt.Sprintf(" %x %d %s\n", sum, len(text), name)
	}
	return append(files, pin(t, dir, "tiny_1-1.dsc", dsc))
}
