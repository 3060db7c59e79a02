//go:build vm

package qemutests

import (
	"context"
	"errors"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"twinlb/qemu-tests/doctest"
	"twinlb/qemu-tests/images"
	"twinlb/qemu-tests/lab"
	"twinlb/qemu-tests/site"
)

// TestDocs runs the commands of the documents. With TWINLB_UPDATE_DOCS=1 it writes
// into them what the commands print.
func TestDocs(t *testing.T) {
	files, err := filepath.Glob("../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	text := withLogin(t, exampleSeed(t))
	p := startPair(t, images.Image{Seed: text})
	site.UseKey(t, p.Login, p.Seed)
	p.awaitVerdict(t, masterService, 0, "the pair of the documents to be well")
	p.awaitProved(t, backupService)
	runners := doctest.Runners{
		doctest.Host: doctest.Shell{Command: exec.Command, Dir: copyProject(t)},
		doctest.Pair: doctest.Shell{Command: p.Client.Command, Dir: filepath.Dir(baker.SeedFile(t, text))}, // with pair.yaml
	}
	// In this order: the pages leave the pair as the next one wants it.
	for _, file := range append([]string{"../README.md"}, files...) {
		document, err := doctest.Read(file)
		if err != nil {
			t.Fatal(err)
		}
		t.Run(filepath.Base(file), func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
			defer cancel()
			if os.Getenv("TWINLB_UPDATE_DOCS") == "1" {
				if err := document.Update(ctx, runners); err != nil {
					t.Error(err)
				}
				return
			}
			for _, b := range document.Blocks {
				if b.Data() {
					continue
				}
				if b.NotRun != "" {
					t.Logf("%v: not run: %s", b.Position, b.NotRun)
				}
				if err := b.Check(ctx, runners); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// awaitProved waits until the node has been healthy for as long as preempt asks.
func (p *pair) awaitProved(t *testing.T, node netip.AddrPort) {
	t.Helper()
	lab.Await(t, 3*time.Minute, "the node to have proved itself", func() error {
		if v := p.status(t, node).Node.VRRP; v.Preference != 0 {
			return errors.New(v.Reason)
		}
		return nil
	})
}

// copyProject returns what somebody who clones the project has.
func copyProject(t *testing.T) string {
	t.Helper()
	list := exec.Command("git", "ls-files", "--cached", "--others", "--exclude-standard", "-z")
	list.Dir = ".."
	names, err := list.Output()
	if err != nil {
		t.Fatalf("list the files of the project: %v", err)
	}
	to := t.TempDir()
	for _, name := range strings.Split(strings.TrimRight(string(names), "\x00"), "\x00") {
		if err := copyFile(filepath.Join(to, name), filepath.Join("..", name)); err != nil && !os.IsNotExist(err) {
			t.Fatalf("copy the project: %v", err)
		}
	}
	return to
}

func copyFile(to, from string) error {
	info, err := os.Stat(from)
	if err != nil {
		return err // removed, and not yet committed
	}
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	return os.WriteFile(to, data, info.Mode().Perm())
}
