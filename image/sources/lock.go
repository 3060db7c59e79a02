// Package sources gets the source code that is built: Debian source packages of
// exactly the versions and checksums that sources.lock names.
package sources

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
)

// Release is the Debian release whose source packages are used.
const Release = "trixie"

// Package is one pinned source package.
type Package struct {
	Name    string
	Version string
	Files   []File // the .dsc and all that it names
}

// File is one file of a source package.
type File struct {
	Name   string
	Size   int64  // bytes
	SHA256 string // 64 hexadecimal digits
}

// Lock is the content of sources.lock: a line for each file, with package,
// version, file, size in bytes and SHA-256.
type Lock []Package

// ReadLock parses a lock file.
func ReadLock(path string) (Lock, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read the lock file: %w", err)
	}
	defer file.Close()
	var lock Lock
	number := 0
	for lines := bufio.NewScanner(file); lines.Scan(); {
		number++
		text := strings.TrimSpace(lines.Text())
		if text == "" || strings.HasPrefix(text, "#") {
			continue
		}
		if err := lock.add(strings.Fields(text)); err != nil {
			return nil, fmt.Errorf("read the lock file: %s:%d: %q: %w", path, number, text, err)
		}
	}
	for _, p := range lock {
		if _, err := p.Dsc(); err != nil {
			return nil, fmt.Errorf("read the lock file: %s: %w", path, err)
		}
	}
	return lock, nil
}

func (l *Lock) add(fields []string) error {
	if len(fields) != 5 {
		return fmt.Errorf("%d fields; want package, version, file, size and sha256", len(fields))
	}
	file := File{Name: fields[2], SHA256: fields[4]}
	if strings.ContainsAny(file.Name, "/\\") || strings.HasPrefix(file.Name, ".") {
		return fmt.Errorf("file %q is not a plain name", file.Name)
	}
	size, err := strconv.ParseInt(fields[3], 10, 64)
	if err != nil || size <= 0 {
		return fmt.Errorf("size %q is not a number of bytes", fields[3])
	}
	file.Size = size
	if sum, err := hex.DecodeString(file.SHA256); err != nil || len(sum) != 32 {
		return fmt.Errorf("sha256 %q is not 64 hexadecimal digits", file.SHA256)
	}
	i := slices.IndexFunc(*l, func(p Package) bool { return p.Name == fields[0] })
	if i < 0 {
		i = len(*l)
		*l = append(*l, Package{Name: fields[0], Version: fields[1]})
	}
	p := &(*l)[i]
	if p.Version != fields[1] {
		return fmt.Errorf("version %s of %s; a line above says %s", fields[1], p.Name, p.Version)
	}
	p.Files = append(p.Files, file)
	return nil
}

// Package returns the pinned package of that name.
func (l Lock) Package(name string) (Package, error) {
	for _, p := range l {
		if p.Name == name {
			return p, nil
		}
	}
	return Package{}, fmt.Errorf("find %s in the lock file: it is not there", name)
}

// String returns the lock file's text.
func (l Lock) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# Debian %s source packages: package, version, file, bytes, sha256.\n", Release)
	b.WriteString("# `make update-sources` moves these pins.\n")
	for _, p := range l {
		b.WriteString("\n" + p.String())
	}
	return b.String()
}

// String returns the package's lines in the lock file.
func (p Package) String() string {
	var b strings.Builder
	for _, f := range p.Files {
		fmt.Fprintf(&b, "%s %s %s %d %s\n", p.Name, p.Version, f.Name, f.Size, f.SHA256)
	}
	return b.String()
}

// Dsc returns the package's control file, the one that names the others.
func (p Package) Dsc() (string, error) {
	for _, f := range p.Files {
		if strings.HasSuffix(f.Name, ".dsc") {
			return f.Name, nil
		}
	}
	return "", fmt.Errorf("%s %s has no .dsc file", p.Name, p.Version)
}

// Size returns the bytes of all files together.
func (p Package) Size() int64 {
	var sum int64
	for _, f := range p.Files {
		sum += f.Size
	}
	return sum
}
