package component

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"twinlb/image/progress"
)

// builder is a component that copies its input and counts how often it is built.
type builder struct {
	Component
	cache  Cache
	report *progress.Report
	input  string
	builds atomic.Int32
}

func newBuilder(t *testing.T) *builder {
	t.Helper()
	log, err := os.Create(filepath.Join(t.TempDir(), "progress"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { log.Close() })
	b := &builder{
		cache:  Cache{Dir: filepath.Join(t.TempDir(), "cache")},
		report: progress.New(log, false),
		input:  filepath.Join(t.TempDir(), "source.c"),
	}
	b.write(t, "first")
	b.Component = Component{Name: "haproxy", Inputs: []string{b.input}, Options: "-O2", Outputs: []string{"haproxy"}}
	b.Build = func(build *Build) error {
		b.builds.Add(1)
		text, err := os.ReadFile(b.input)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(build.Out, "haproxy"), text, 0o755)
	}
	return b
}

func (b *builder) write(t *testing.T, text string) {
	t.Helper()
	if err := os.WriteFile(b.input, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// get gets the component and checks its output and how often it was built so far.
func (b *builder) get(t *testing.T, when, text string, builds int32) (dir string) {
	t.Helper()
	dir, err := b.cache.Get(b.report, b.Component)
	if err != nil {
		t.Fatalf("%s: %v", when, err)
	}
	if got, err := os.ReadFile(filepath.Join(dir, "haproxy")); err != nil || string(got) != text {
		t.Errorf("%s: the output is %q, %v, want %q", when, got, err, text)
	}
	if found, err := b.cache.Find(b.Component); err != nil || found != dir {
		t.Errorf("%s: Find returns %q, %v, want %q", when, found, err, dir)
	}
	if got := b.builds.Load(); got != builds {
		t.Errorf("%s: built %d times, want %d", when, got, builds)
	}
	return dir
}

// leftovers are what is in the cache beside logs and locks.
func (b *builder) leftovers(t *testing.T) []string {
	t.Helper()
	entries, err := os.ReadDir(b.cache.Dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		if ext := filepath.Ext(e.Name()); ext != ".log" && ext != ".lock" {
			names = append(names, e.Name())
		}
	}
	return names
}

func TestComponentIsBuiltAgainOnlyWhenSomethingThatGoesInChanges(t *testing.T) {
	b := newBuilder(t)
	if found, err := b.cache.Find(b.Component); err == nil {
		t.Errorf("Find returns %q before anything is built, want an error", found)
	}
	first := b.get(t, "first", "first", 1)
	b.get(t, "again", "first", 1)

	b.write(t, "other")
	b.get(t, "with another input", "other", 2)
	b.write(t, "first")
	if got := b.get(t, "with the first input", "first", 2); got != first {
		t.Errorf("the first input is now in %s, want %s", got, first)
	}

	b.Options = "-O3"
	b.get(t, "with other options", "first", 3)

	renamed := filepath.Join(filepath.Dir(b.input), "renamed.c")
	if err := os.Rename(b.input, renamed); err != nil {
		t.Fatal(err)
	}
	b.input, b.Inputs = renamed, []string{renamed}
	b.get(t, "with an input of another name", "first", 4)

	moved := filepath.Join(t.TempDir(), "renamed.c")
	if err := os.Rename(renamed, moved); err != nil {
		t.Fatal(err)
	}
	b.input, b.Inputs = moved, []string{moved}
	b.get(t, "with the same input in another folder", "first", 4)

	b.Name = "keepalived"
	b.get(t, "with another name", "first", 5)
}

func TestContentCannotMoveFromOneInputToTheNext(t *testing.T) {
	dir := t.TempDir()
	key := func(x, y string) string {
		c := Component{Inputs: []string{filepath.Join(dir, "x"), filepath.Join(dir, "y")}}
		for i, text := range []string{x, y} {
			if err := os.WriteFile(c.Inputs[i], []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		key, err := c.key()
		if err != nil {
			t.Fatal(err)
		}
		return key
	}
	if key("a", "by\nc") == key("ay\nb", "c") || key("ab", "") == key("a", "b") {
		t.Error("different inputs have the same key")
	}
}

func TestBuildsAtOnceBuildOnce(t *testing.T) {
	const builds = 8
	b := newBuilder(t)
	if err := os.Mkdir(b.cache.Dir, 0o755); err != nil {
		t.Fatal(err)
	}
	unlock, err := b.cache.lock(b.Name)
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for range builds {
		all.Go(func() {
			if _, err := b.cache.Get(b.report, b.Component); err != nil {
				t.Error(err)
			}
		})
	}
	await(t, "all builds to wait for the lock", func() bool {
		locks, err := os.ReadFile("/proc/locks")
		if err != nil {
			t.Fatal(err)
		}
		waiting := regexp.MustCompile(fmt.Sprintf(`(?m)-> FLOCK +ADVISORY +WRITE +%d `, os.Getpid()))
		return len(waiting.FindAll(locks, -1)) == builds
	})
	unlock()
	all.Wait()
	b.get(t, "after all", "first", 1)
}

// await polls until the named condition holds.
func await(t *testing.T, name string, condition func() bool) {
	t.Helper()
	deadline := time.Now().Add(5 * time.Second)
	for !condition() {
		if time.Now().After(deadline) {
			t.Fatalf("still waiting after 5 s for: %s", name)
		}
		time.Sleep(time.Millisecond)
	}
}

func TestBuildThatFailsLeavesNothingButItsLog(t *testing.T) {
	b := newBuilder(t)
	build := b.Build
	b.Build = func(run *Build) error {
		if err := build(run); err != nil {
			return err
		}
		if err := os.WriteFile(run.Work, nil, 0o644); err != nil {
			t.Errorf("Work: %v, want a place where a file or a folder can be made", err)
		}
		return run.Run("compiling", "/bin/sh", "-c", "seq 30; echo cc: no such header >&2; exit 3")
	}
	dir, err := b.cache.Get(b.report, b.Component)
	if err == nil {
		t.Fatalf("Get = %s, want an error", dir)
	}
	logPath := filepath.Join(b.cache.Dir, "haproxy.log")
	for _, want := range []string{"build haproxy: sh: exit status 3", "  | 30\n", "  | cc: no such header\n", logPath} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error = %q, want %q in it", err, want)
		}
	}
	if strings.Contains(err.Error(), "  | 5\n") {
		t.Errorf("error = %q, want only the last lines of the log", err)
	}
	if log, err := os.ReadFile(logPath); err != nil || !strings.HasPrefix(string(log), "1\n2\n") {
		t.Errorf("log = %q, %v, want all of the output", log, err)
	}
	if got := b.leftovers(t); len(got) > 0 {
		t.Errorf("the cache has %q, want nothing", got)
	}
	b.Build = build
	b.get(t, "when it can be built", "first", 2)
}

func TestMissingOutputIsAnError(t *testing.T) {
	b := newBuilder(t)
	b.Outputs = []string{"haproxy", "haproxy.map"}
	_, err := b.cache.Get(b.report, b.Component)
	if err == nil || !strings.Contains(err.Error(), "haproxy.map") || !strings.Contains(err.Error(), "haproxy.log") {
		t.Errorf("error = %v, want one that names haproxy.map and the log", err)
	}
	if got := b.leftovers(t); len(got) > 0 {
		t.Errorf("the cache has %q, want nothing", got)
	}
}

func TestMissingInputIsAnError(t *testing.T) {
	b := newBuilder(t)
	b.Inputs = append(b.Inputs, filepath.Join(t.TempDir(), "missing.c"))
	if _, err := b.cache.Get(b.report, b.Component); !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), "missing.c") {
		t.Errorf("error = %v, want one that names missing.c", err)
	}
}

func TestOutputThatIsWantedLaterIsBuiltIntoTheSamePlace(t *testing.T) {
	b := newBuilder(t)
	first := b.get(t, "first", "first", 1)
	b.Outputs = []string{"haproxy", "haproxy.map"}
	build := b.Build
	b.Build = func(run *Build) error {
		return errors.Join(build(run), os.WriteFile(filepath.Join(run.Out, "haproxy.map"), nil, 0o644))
	}
	if got := b.get(t, "with one more output", "first", 2); got != first {
		t.Errorf("it is in %s, want %s", got, first)
	}
}

func TestOldBuildsAreForgotten(t *testing.T) {
	b := newBuilder(t)
	used := b.get(t, "at first", "first", 1)
	past := time.Now().Add(-time.Hour)
	for i := range kept + 2 {
		text := fmt.Sprint("version ", i)
		b.write(t, text)
		dir := b.get(t, text, text, int32(i+2))
		if err := os.Chtimes(dir, past, past.Add(time.Duration(i)*time.Minute)); err != nil {
			t.Fatal(err)
		}
		b.write(t, "first")
		b.get(t, "used all the time", "first", int32(i+2))
	}
	builds, err := filepath.Glob(filepath.Join(b.cache.Dir, "haproxy-*"))
	if err != nil || len(builds) != kept || !slices.Contains(builds, used) {
		t.Errorf("%d builds are left (%v), want %d and among them %s", len(builds), err, kept, used)
	}
}
