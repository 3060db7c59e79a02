package sources

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"twinlb/image/progress"
)

// Extract returns single files of a package's source tree before Debian's
// patches, by their paths in it. What lies below debian/ is Debian's. Files that
// are not in the store are fetched first.
func (s Store) Extract(step *progress.Step, p Package, paths []string) (map[string][]byte, error) {
	if err := s.fetch(step, p); err != nil {
		return nil, err
	}
	step.Doing("reading %s %s", p.Name, p.Version)
	dir, err := os.MkdirTemp("", "twinlb-extract-")
	if err != nil {
		return nil, fmt.Errorf("read files of %s: %w", p.Name, err)
	}
	defer os.RemoveAll(dir)
	wanted := make(map[string][]string) // by the archive that has them
	for _, path := range paths {
		kind := ".orig.tar."
		if strings.HasPrefix(path, "debian/") {
			kind = ".debian.tar."
		}
		wanted[kind] = append(wanted[kind], path)
	}
	for kind, paths := range wanted {
		if err := s.untar(p, kind, dir, paths); err != nil {
			return nil, fmt.Errorf("read files of %s: %w", p.Name, err)
		}
	}
	files := make(map[string][]byte)
	for _, path := range paths {
		if files[path], err = os.ReadFile(filepath.Join(dir, path)); err != nil {
			return nil, fmt.Errorf("read files of %s: %w", p.Name, err)
		}
	}
	return files, nil
}

// untar unpacks paths of the archive of that kind into dir.
func (s Store) untar(p Package, kind, dir string, paths []string) error {
	for _, f := range p.Files {
		if !strings.Contains(f.Name, kind) || strings.HasSuffix(f.Name, ".asc") {
			continue
		}
		// --occurrence: tar stops reading once it has all, of Linux the first tenth.
		args := []string{"--extract", "--file", s.path(f), "--directory", dir, "--occurrence", "--wildcards", "--no-wildcards-match-slash"}
		for _, path := range paths {
			if kind == ".orig.tar." {
				path = "*/" + path
			}
			args = append(args, path)
		}
		if kind == ".orig.tar." {
			args = append(args, "--strip-components=1")
		}
		if output, err := exec.Command("tar", args...).CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w\n%s", f.Name, err, tail(output))
		}
		return nil
	}
	return fmt.Errorf("%s %s has no file *%s*", p.Name, p.Version, kind)
}
