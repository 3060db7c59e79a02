package sources

import (
	"errors"
	"fmt"
	"path/filepath"

	"twinlb/image/progress"
)

// Give copies the files of p into dir, checked, so that the folder can be
// another build's From. Files that are not in the store are fetched first.
func (s Store) Give(step *progress.Step, p Package, dir string) error {
	if err := s.fetch(step, p); err != nil {
		return err
	}
	step.Doing("copying %s %s", p.Name, p.Version)
	for _, f := range p.Files {
		path := filepath.Join(dir, f.Name)
		if err := copyFile(path, s.path(f)); err != nil {
			return fmt.Errorf("copy the source file %s: %w", f.Name, err)
		}
		if err := check(path, f); err != nil {
			return err
		}
	}
	return nil
}

// GiveInstalled fetches into dir the source packages of what is installed here,
// of a Debian release such as "bookworm". It returns those that it could not
// fetch, with the reasons. No lock file pins them: apt checks them against the
// signed lists of the release.
func (s Store) GiveInstalled(step *progress.Step, release string, wanted []Package, dir string) (missing []Package, why error) {
	step.Doing("fetching the list of %s source packages", release)
	a, err := newApt(filepath.Join(s.Dir, "apt-"+release), release)
	if err != nil {
		return wanted, err
	}
	if err := a.update(); err != nil {
		return wanted, err
	}
	for i, p := range wanted {
		step.Doing("fetching %s %s", p.Name, p.Version)
		err := a.download(p.Name, p.Version, dir)
		if err == nil {
			continue
		}
		why = errors.Join(why, err)
		if !errors.Is(err, ErrGone) {
			return append(missing, wanted[i:]...), why
		}
		missing = append(missing, p)
	}
	return missing, why
}
