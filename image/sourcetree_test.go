package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"twinlb/image/sources"

	"github.com/google/go-cmp/cmp"
)

// tree makes a source tree that somebody builds images in.
func tree(t *testing.T) *project {
	t.Helper()
	p := &project{root: t.TempDir()}
	for _, name := range []string{
		"Makefile", "init/main.go", "examples/pair.yaml", "examples/pair.keys/secret", "build/twinlb-master.img",
		"Makefile.orig/x", "image/build/x.go",
	} {
		write(t, p.path(name), name)
	}
	write(t, p.path(".gitignore"), "/build/\n*.keys/\n")
	return p
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func packed(t *testing.T, p *project) []string {
	t.Helper()
	archive := filepath.Join(t.TempDir(), "tree.tar.gz")
	if err := p.packTree(archive); err != nil {
		t.Fatal(err)
	}
	output, err := exec.Command("tar", "--list", "--file", archive).Output()
	if err != nil {
		t.Fatal(err)
	}
	var files []string
	for line := range strings.Lines(string(output)) {
		if line = strings.TrimSpace(line); !strings.HasSuffix(line, "/") {
			files = append(files, line)
		}
	}
	slices.Sort(files)
	return files
}

var treeFiles = []string{
	"twinlb/.gitignore", "twinlb/Makefile", "twinlb/Makefile.orig/x", "twinlb/examples/pair.yaml",
	"twinlb/image/build/x.go", "twinlb/init/main.go",
}

func TestTreeIsPackedWithoutKeysAndImages(t *testing.T) {
	if diff := cmp.Diff(treeFiles, packed(t, tree(t))); diff != "" {
		t.Errorf("packed (-want +got):\n%s", diff)
	}
}

func TestTreeThatGitKnowsIsPackedAsCommitted(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is not installed")
	}
	p := tree(t)
	git := func(args ...string) {
		t.Helper()
		args = append([]string{"-C", p.root, "-c", "user.name=a", "-c", "user.email=a@example.org"}, args...)
		if output, err := exec.Command("git", args...).CombinedOutput(); err != nil {
			t.Fatalf("git: %v\n%s", err, output)
		}
	}
	git("init", "--quiet")
	git("add", ".")
	git("commit", "--quiet", "--message", "All")
	write(t, p.path("my-pair.yaml"), "a seed of somebody's own")
	if diff := cmp.Diff(treeFiles, packed(t, p)); diff != "" {
		t.Errorf("packed (-want +got):\n%s", diff)
	}

	for _, name := range []string{"init/main.go", "services/new.go"} {
		write(t, p.path(name), "changed")
		err := p.packTree(filepath.Join(t.TempDir(), "tree.tar.gz"))
		if err == nil || !strings.Contains(err.Error(), "changes that HEAD has not") || !strings.Contains(err.Error(), strings.Split(name, "/")[0]) {
			t.Errorf("packTree with a change of %s = %v, want an error that names it", name, err)
		}
		git("clean", "--quiet", "--force", "-d")
		git("checkout", "--quiet", ".")
	}
}

func TestFolderOfSomebodyElseIsNotReplaced(t *testing.T) {
	dir := t.TempDir()
	if err := replaceable(dir); err != nil {
		t.Errorf("an empty folder: %v", err)
	}
	if err := replaceable(filepath.Join(dir, "sources")); err != nil {
		t.Errorf("no folder: %v", err)
	}
	write(t, filepath.Join(dir, "thesis.tex"), "ten years of work")
	if err := replaceable(dir); err == nil || !strings.Contains(err.Error(), dir+" has files that are none of `twinlb sources`") {
		t.Errorf("a folder of somebody else: %v, want an error that names it", err)
	}
	write(t, filepath.Join(dir, checksums), "")
	if err := replaceable(dir); err != nil {
		t.Errorf("what an earlier run has made: %v", err)
	}
}

func TestReadmeNamesWhatIsMissing(t *testing.T) {
	p, b := &project{root: ".."}, &bundle{goVersion: "go1.99"}
	gone := []sources.Package{{Name: "grub2", Version: "2.06-13"}}
	text := func(missing []sources.Package) string {
		path := filepath.Join(t.TempDir(), "README.md")
		if err := p.writeReadme(path, b, "bookworm", gone, missing); err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	if got := text(nil); !strings.Contains(got, "go1.99") || strings.Contains(got, "Not here") {
		t.Errorf("with nothing missing:\n%s", got)
	}
	const want = "- grub2 2.06-13, Debian bookworm\n"
	if got := text(gone); !strings.Contains(got, "**Not here**") || !strings.Contains(got, want) {
		t.Errorf("no %q in:\n%s", want, got)
	}
}
