package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"twinlb/image/component"
	"twinlb/image/packages"
	"twinlb/image/progress"
	"twinlb/image/sources"
)

// project is the source tree and the caches that images are built from.
type project struct {
	root   string // has buildscripts, boot and the Go packages
	report *progress.Report
	cache  component.Cache
	store  sources.Store
}

func openProject(verbose bool) (*project, error) {
	root, err := findRoot()
	if err != nil {
		return nil, err
	}
	dir, err := component.DefaultDir()
	if err != nil {
		return nil, err
	}
	return &project{
		root:   root,
		report: progress.New(os.Stderr, verbose),
		cache:  component.Cache{Dir: dir},
		store:  sources.Store{Dir: filepath.Join(dir, "sources"), From: os.Getenv("SOURCES_DIR")},
	}, nil
}

// findRoot looks for the source tree from the working directory upwards.
func findRoot() (string, error) {
	start, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("find twinlb's source tree: %w", err)
	}
	for dir := start; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, lockFile)); err == nil {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", fmt.Errorf("find twinlb's source tree: %s has no %s, nor has a folder above it; run twinlb in its source tree", start, lockFile)
		}
	}
}

const lockFile = "buildscripts/sources.lock"

func (p *project) path(elements ...string) string {
	return filepath.Join(append([]string{p.root}, elements...)...)
}

// readLock reads the pins.
func (p *project) readLock() (sources.Lock, error) { return sources.ReadLock(p.path(lockFile)) }

// buildPackages are the Debian packages that a build needs.
func (p *project) buildPackages() ([]string, error) {
	return packages.Read(p.path("buildscripts", "packages"))
}

// ensurePackages installs those that are missing.
func (p *project) ensurePackages() error {
	names, err := p.buildPackages()
	if err != nil {
		return err
	}
	return packages.Ensure(p.report, names)
}

// glob returns the files that match, which must be some.
func (p *project) glob(pattern string) ([]string, error) {
	files, err := filepath.Glob(p.path(pattern))
	if err == nil && len(files) == 0 {
		err = errors.New("there are none")
	}
	if err != nil {
		return nil, fmt.Errorf("find %s in the source tree: %w", pattern, err)
	}
	return files, nil
}

// goFiles returns the Go files below the folders that are compiled into a
// program, in the order of their names.
func (p *project) goFiles(folders ...string) ([]string, error) {
	files := []string{p.path("go.mod"), p.path("go.sum")}
	for _, folder := range folders {
		err := filepath.WalkDir(p.path(folder), func(path string, entry fs.DirEntry, err error) error {
			if err == nil && strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go") {
				files = append(files, path)
			}
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("find the Go files of %s: %w", folder, err)
		}
	}
	return files, nil
}
