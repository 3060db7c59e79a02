package sources

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"twinlb/image/progress"
)

// Store is the place where fetched files are kept, each by its checksum.
type Store struct {
	Dir string
	// From is a folder with files already fetched; "" to fetch with apt.
	From string
}

// Unpack puts a package's source tree with Debian's patches applied at dir, which
// must not exist. Files that are not in the store are fetched first.
func (s Store) Unpack(step *progress.Step, p Package, dir string) error {
	if err := s.fetch(step, p); err != nil {
		return err
	}
	step.Doing("unpacking %s %s", p.Name, p.Version)
	parts, err := os.MkdirTemp(filepath.Dir(dir), ".source-")
	if err != nil {
		return fmt.Errorf("unpack %s: %w", p.Name, err)
	}
	defer os.RemoveAll(parts)
	for _, f := range p.Files {
		if err := os.Symlink(s.path(f), filepath.Join(parts, f.Name)); err != nil {
			return fmt.Errorf("unpack %s: %w", p.Name, err)
		}
	}
	dsc, err := p.Dsc()
	if err != nil {
		return fmt.Errorf("unpack %s: %w", p.Name, err)
	}
	// The checksums are the lock file's; the .dsc's signature would need Debian's keyring of persons.
	command := exec.Command("dpkg-source", "--no-check", "--extract", dsc, dir)
	command.Dir = parts
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("unpack %s: %w\n%s", p.Name, err, tail(output))
	}
	return nil
}

func (s Store) path(f File) string { return filepath.Join(s.Dir, f.SHA256+"-"+f.Name) }

// fetch gets the files of p that the store lacks.
func (s Store) fetch(step *progress.Step, p Package) error {
	if s.has(p) {
		return nil
	}
	if err := os.MkdirAll(s.Dir, 0o755); err != nil {
		return fmt.Errorf("keep source files: %w", err)
	}
	if s.From != "" {
		return s.take(p, s.From)
	}
	step.Doing("fetching the list of source packages")
	dir, err := os.MkdirTemp(s.Dir, ".fetch-")
	if err != nil {
		return fmt.Errorf("fetch %s: %w", p.Name, err)
	}
	defer os.RemoveAll(dir)
	a, err := newApt(filepath.Join(s.Dir, "apt"), Release)
	if err != nil {
		return err
	}
	if err := a.update(); err != nil {
		return err
	}
	stop := showBytes(step, dir, p)
	err = a.download(p.Name, p.Version, dir)
	stop()
	if errors.Is(err, ErrGone) {
		err = fmt.Errorf("%w: it has been replaced by a newer version. `make update-sources` moves the pins in "+
			"buildscripts/sources.lock; SOURCES_DIR= builds from files that you still have", err)
	}
	if err != nil {
		return err
	}
	return s.take(p, dir)
}

// showBytes reports how much of p has arrived in dir, until it is stopped.
func showBytes(step *progress.Step, dir string, p Package) (stop func()) {
	done := make(chan struct{})
	go func() {
		for {
			var got int64
			_ = filepath.WalkDir(dir, func(_ string, e fs.DirEntry, err error) error {
				if err == nil && e.Type().IsRegular() {
					if info, err := e.Info(); err == nil {
						got += info.Size()
					}
				}
				return nil
			})
			step.Doing("fetching %s %s: %.1f of %.1f MB", p.Name, p.Version, float64(got)/1e6, float64(p.Size())/1e6)
			select {
			case <-done:
				return
			case <-time.After(200 * time.Millisecond):
			}
		}
	}()
	return func() { close(done) }
}

func (s Store) has(p Package) bool {
	for _, f := range p.Files {
		// What is in the store was checked when it came in.
		if info, err := os.Stat(s.path(f)); err != nil || info.Size() != f.Size {
			return false
		}
	}
	return true
}

// take checks the files of p in dir and copies them into the store.
func (s Store) take(p Package, dir string) error {
	for _, f := range p.Files {
		path := filepath.Join(dir, f.Name)
		if err := check(path, f); err != nil {
			return err
		}
		aside := s.path(f) + ".part"
		if err := copyFile(aside, path); err != nil {
			return fmt.Errorf("keep %s: %w", f.Name, err)
		}
		if err := os.Rename(aside, s.path(f)); err != nil {
			return fmt.Errorf("keep %s: %w", f.Name, err)
		}
	}
	return nil
}

func check(path string, want File) error {
	file, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("check the source file %s: %w", want.Name, err)
	}
	defer file.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, file); err != nil {
		return fmt.Errorf("check the source file %s: %w", want.Name, err)
	}
	if info, err := file.Stat(); err == nil && info.Size() != want.Size {
		return fmt.Errorf("check the source file %s: it has %d bytes, the lock file says %d", path, info.Size(), want.Size)
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != want.SHA256 {
		return fmt.Errorf("check the source file %s: its checksum is wrong; do not trust it\n"+
			"  wanted sha256 %s\n  got    sha256 %s", path, want.SHA256, got)
	}
	return nil
}

func copyFile(to, from string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	if _, err := io.Copy(out, in); err != nil {
		out.Close()
		return err
	}
	return out.Close()
}
