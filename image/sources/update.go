package sources

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"

	"twinlb/image/progress"
)

// Update returns the lock moved to the newest versions whose files the mirror
// really has; an index may list others. The files stay in the store.
func (s Store) Update(report *progress.Report, old Lock) (Lock, error) {
	if err := os.MkdirAll(s.Dir, 0o755); err != nil {
		return nil, fmt.Errorf("keep source files: %w", err)
	}
	a, err := newApt(filepath.Join(s.Dir, "apt"), Release)
	if err != nil {
		return nil, err
	}
	if err := a.update(); err != nil {
		return nil, err
	}
	var moved Lock
	for _, p := range old {
		newer, err := s.newest(report, a, p)
		if err != nil {
			return nil, err
		}
		moved = append(moved, newer)
	}
	return moved, nil
}

func (s Store) newest(report *progress.Report, a *apt, old Package) (Package, error) {
	step := report.Start(old.Name, "looking for newer versions")
	versions, err := a.versions(old.Name)
	if err != nil {
		return Package{}, step.Failed(err)
	}
	slices.SortFunc(versions, func(x, y string) int { return compareVersions(y, x) })
	var gone int
	for _, version := range slices.Compact(versions) {
		step.Doing("trying %s", version)
		dir, err := os.MkdirTemp(s.Dir, ".fetch-")
		if err != nil {
			return Package{}, step.Failed(err)
		}
		defer os.RemoveAll(dir)
		err = a.download(old.Name, version, dir)
		if errors.Is(err, ErrGone) {
			gone++
			continue
		}
		if err != nil {
			return Package{}, step.Failed(err)
		}
		p := Package{Name: old.Name, Version: version}
		if p.Files, err = describe(dir); err != nil {
			return Package{}, step.Failed(err)
		}
		if err := s.take(p, dir); err != nil {
			return Package{}, step.Failed(err)
		}
		note := ""
		if gone > 0 {
			note = fmt.Sprintf(" (newer ones that are listed but not there: %d)", gone)
		}
		if version == old.Version {
			step.Done("stays at %s%s", version, note)
		} else {
			step.Done("moves from %s to %s%s", old.Version, version, note)
		}
		return p, nil
	}
	return Package{}, step.Failed(fmt.Errorf("find a version of %s: the mirror lists %d and has the files of none", old.Name, len(versions)))
}

// compareVersions orders Debian versions (deb-version(7)), older first.
func compareVersions(x, y string) int {
	if x == y {
		return 0
	}
	if exec.Command("dpkg", "--compare-versions", x, "lt", y).Run() == nil {
		return -1
	}
	return 1
}

// describe lists the files of a folder, in the order of their names.
func describe(dir string) ([]File, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var files []File
	for _, entry := range entries {
		file, err := os.Open(filepath.Join(dir, entry.Name()))
		if err != nil {
			return nil, err
		}
		sum := sha256.New()
		size, err := io.Copy(sum, file)
		file.Close()
		if err != nil {
			return nil, err
		}
		files = append(files, File{Name: entry.Name(), Size: size, SHA256: hex.EncodeToString(sum.Sum(nil))})
	}
	return files, nil
}
