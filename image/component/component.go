// Package component builds the parts of an image that a compiler makes and keeps
// them outside the tree, each under a key of everything that goes into it. What
// has been built once is never built again.
package component

import (
	"bufio"
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"twinlb/image/progress"
)

// Component is one part.
type Component struct {
	Name    string
	Inputs  []string // files that go into it
	Options string   // whatever else does: versions, flags
	Outputs []string // files that Build leaves in its folder
	Lines   int      // how long the log of its tools usually is, to tell how far it is; 0 when unknown
	Build   func(b *Build) error
}

// Build is one run of a Component's Build.
type Build struct {
	Work string    // a path where nothing is; what is made there is removed afterwards
	Out  string    // where the outputs go
	Log  io.Writer // for what tools say
	Step *progress.Step

	lines int // the component's Lines
}

// Cache is where built components are kept.
type Cache struct{ Dir string }

// DefaultDir is the user's cache folder, XDG Base Directory Specification.
func DefaultDir() (string, error) {
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find the cache folder: %w; set XDG_CACHE_HOME", err)
	}
	return filepath.Join(dir, "twinlb"), nil
}

// Find returns the folder with the component's outputs. It is an error that they
// are not in the cache.
func (c Cache) Find(component Component) (string, error) {
	key, err := component.key()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(c.Dir, component.Name+"-"+key)
	if !component.in(dir) {
		return "", fmt.Errorf("find %s: not built yet, %s is not there", component.Name, dir)
	}
	return dir, nil
}

// Get returns the folder with the component's outputs, and builds it if it is not
// in the cache.
func (c Cache) Get(report *progress.Report, component Component) (string, error) {
	key, err := component.key()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(c.Dir, component.Name+"-"+key)
	if component.in(dir) {
		now := time.Now()
		_ = os.Chtimes(dir, now, now) // the newest of its kind again, for prune
		return dir, nil
	}
	if err := os.MkdirAll(c.Dir, 0o755); err != nil {
		return "", fmt.Errorf("keep %s: %w", component.Name, err)
	}
	unlock, err := c.lock(component.Name)
	if err != nil {
		return "", err
	}
	defer unlock()
	if component.in(dir) { // another build made it meanwhile
		return dir, nil
	}
	return dir, c.build(report, component, dir)
}

func (c Cache) build(report *progress.Report, component Component, dir string) error {
	work, err := os.MkdirTemp(c.Dir, ".building-"+component.Name+"-")
	if err != nil {
		return fmt.Errorf("build %s: %w", component.Name, err)
	}
	defer os.RemoveAll(work)
	out := filepath.Join(work, "out")
	if err := os.MkdirAll(out, 0o755); err != nil {
		return fmt.Errorf("build %s: %w", component.Name, err)
	}
	logPath := filepath.Join(c.Dir, component.Name+".log")
	log, err := os.Create(logPath)
	if err != nil {
		return fmt.Errorf("build %s: %w", component.Name, err)
	}
	defer log.Close()

	step := report.Start(component.Name, "building")
	b := &Build{Work: filepath.Join(work, "tree"), Out: out, Log: log, Step: step, lines: component.Lines}
	if report.Verbose {
		b.Log = io.MultiWriter(log, os.Stderr)
	}
	if err := component.Build(b); err != nil {
		return step.Failed(fmt.Errorf("build %s: %w%s", component.Name, err, lastLines(logPath)))
	}
	if !component.in(out) {
		return step.Failed(fmt.Errorf("build %s: it ended well without leaving %v. The whole log: %s", component.Name, component.Outputs, logPath))
	}
	// What may be there lacks some of the outputs.
	if err := os.RemoveAll(dir); err != nil {
		return step.Failed(fmt.Errorf("keep %s: %w", component.Name, err))
	}
	if err := os.Rename(out, dir); err != nil {
		return step.Failed(fmt.Errorf("keep %s: %w", component.Name, err))
	}
	step.Done("built")
	c.prune(component.Name)
	return nil
}

// kept is how many builds of a component stay in the cache.
const kept = 6

// prune removes the builds of a component that were not used for the longest time. What cannot be removed is not
// in the way.
func (c Cache) prune(name string) {
	builds, _ := filepath.Glob(filepath.Join(c.Dir, name+"-????????????????"))
	age := func(dir string) time.Duration {
		info, err := os.Stat(dir)
		if err != nil {
			return 0
		}
		return time.Since(info.ModTime())
	}
	slices.SortFunc(builds, func(x, y string) int { return cmp.Compare(age(x), age(y)) })
	for _, dir := range builds[min(kept, len(builds)):] {
		_ = os.RemoveAll(dir)
	}
}

// key is a hash of the name and content of all that goes in.
func (c Component) key() (string, error) {
	sum := sha256.New()
	fmt.Fprintf(sum, "%s\n%s\n", c.Name, c.Options)
	for _, path := range c.Inputs {
		data, err := os.ReadFile(path)
		if err != nil {
			return "", fmt.Errorf("build %s: %w", c.Name, err)
		}
		fmt.Fprintf(sum, "%s %d\n", filepath.Base(path), len(data))
		sum.Write(data)
	}
	return hex.EncodeToString(sum.Sum(nil))[:16], nil
}

func (c Component) in(dir string) bool {
	for _, name := range c.Outputs {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			return false
		}
	}
	return true
}

// lock keeps two builds of one component apart.
func (c Cache) lock(name string) (unlock func(), err error) {
	file, err := os.OpenFile(filepath.Join(c.Dir, name+".lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("build %s: %w", name, err)
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX); err != nil {
		file.Close()
		return nil, fmt.Errorf("build %s: wait for another build: %w", name, err)
	}
	return func() { file.Close() }, nil
}

// Run runs a tool of the build and counts the lines it prints, which is all the
// progress that a compiler tells.
func (b *Build) Run(doing, name string, args ...string) error {
	command := exec.Command(name, args...)
	b.Step.Doing("%s", doing)
	lines := &lineCounter{to: b.Log, count: func(n int) {
		if b.lines > 0 {
			b.Step.Doing("%s: about %d %%", doing, min(99, 100*n/b.lines))
		}
	}}
	command.Stdout, command.Stderr = lines, lines
	if err := command.Run(); err != nil {
		return fmt.Errorf("%s: %w", filepath.Base(name), err)
	}
	return nil
}

type lineCounter struct {
	to    io.Writer
	lines int
	count func(int)
}

func (l *lineCounter) Write(p []byte) (int, error) {
	l.lines += bytes.Count(p, []byte{'\n'})
	l.count(l.lines)
	return l.to.Write(p)
}

// lastLines is the end of a log and its place, for an error message; nothing when
// no tool has said anything.
func lastLines(path string) string {
	const most = 20
	file, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer file.Close()
	var last []string
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if last = append(last, "\n  | "+lines.Text()); len(last) > most {
			last = last[1:]
		}
	}
	if len(last) == 0 {
		return ""
	}
	return strings.Join(last, "") + "\nThe whole log: " + path
}
