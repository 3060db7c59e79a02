// Package initramfs writes and reads the archive that the kernel unpacks into
// its root file system: a newc cpio compressed with zstd (Linux,
// Documentation/driver-api/early-userspace/buffer-format.rst).
//
// It owns the format and its reproducibility: the same entries give the same
// bytes. It does not know what a node needs to boot.
package initramfs

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// Epoch is the modification time of every entry, in seconds since 1970.
const Epoch = 0

// Entry is one file, directory or symbolic link, owned by root.
type Entry struct {
	Name   string      // path from the root, without a leading slash: "etc/passwd"
	Mode   fs.FileMode // permissions, and fs.ModeDir or fs.ModeSymlink unless a regular file
	Data   []byte      // content of a regular file
	Target string      // where a symbolic link points
}

// tree returns the entries in the order of the archive, parents first, with
// the directories that were only implied.
func tree(entries []Entry) ([]Entry, error) {
	byName := make(map[string]Entry, len(entries))
	for _, e := range entries {
		if err := e.check(); err != nil {
			return nil, err
		}
		if _, ok := byName[e.Name]; ok {
			return nil, fmt.Errorf("entry %q: given twice; a name stands for one file", e.Name)
		}
		byName[e.Name] = e
	}
	for _, e := range entries {
		for dir := path.Dir(e.Name); dir != "."; dir = path.Dir(dir) {
			parent, ok := byName[dir]
			if !ok {
				byName[dir] = Entry{Name: dir, Mode: fs.ModeDir | 0o755}
			} else if !parent.Mode.IsDir() {
				return nil, fmt.Errorf("entry %q: its parent %q is no directory", e.Name, dir)
			}
		}
	}
	sorted := make([]Entry, 0, len(byName))
	for _, e := range byName {
		sorted = append(sorted, e)
	}
	slices.SortFunc(sorted, func(a, b Entry) int { return strings.Compare(a.Name, b.Name) })
	return sorted, nil
}

func (e Entry) check() error {
	kind := e.Mode.Type()
	switch {
	case !fs.ValidPath(e.Name) || e.Name == ".":
		return fmt.Errorf("entry %q: want a clean path without a leading slash, such as \"etc/passwd\"", e.Name)
	case kind != 0 && kind != fs.ModeDir && kind != fs.ModeSymlink:
		return fmt.Errorf("entry %q: mode %v; want a regular file, a directory or a symbolic link", e.Name, e.Mode)
	case e.Mode&^(fs.ModeType|fs.ModePerm) != 0:
		return fmt.Errorf("entry %q: mode %v; want permissions only, no setuid, setgid or sticky bit", e.Name, e.Mode)
	case kind != 0 && len(e.Data) > 0:
		return fmt.Errorf("entry %q: mode %v with %d bytes of data; only a regular file has data", e.Name, e.Mode, len(e.Data))
	case kind == fs.ModeSymlink && e.Target == "":
		return fmt.Errorf("entry %q: symbolic link without a target", e.Name)
	case kind != fs.ModeSymlink && e.Target != "":
		return fmt.Errorf("entry %q: mode %v with the target %q; only a symbolic link has a target", e.Name, e.Mode, e.Target)
	}
	return nil
}
