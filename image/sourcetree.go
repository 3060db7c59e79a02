package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// builtFrom are the paths of the source tree that decide what an image is.
var builtFrom = []string{"Makefile", "go.mod", "go.sum", "LICENSE", "boot", "buildscripts", "image", "init", "seed", "services"}

// packTree archives the source tree: HEAD where git knows it, else the files as
// they are. HEAD must be what images are built of.
func (p *project) packTree(path string) error {
	const prefix = "twinlb/"
	if _, err := os.Stat(p.path(".git")); err != nil {
		// Neither what is built nor anybody's keys.
		return run("tar", "--create", "--gzip", "--file", path, "--directory", p.root,
			"--sort=name", "--mtime=@0", "--owner=0", "--group=0", "--numeric-owner", "--mode=go+rX,u+rw,go-w",
			"--exclude=./build", "--exclude=*.keys", "--transform=s,^\\./,"+prefix+",", ".")
	}
	changed, err := exec.Command("git", append([]string{"-C", p.root, "status", "--porcelain", "--"}, builtFrom...)...).Output()
	if err != nil {
		return fmt.Errorf("ask git for changes: %w", err)
	}
	if len(changed) > 0 {
		return fmt.Errorf("pack the source tree: images are built of changes that HEAD has not; commit them or take them back:\n%s", strings.TrimRight(string(changed), "\n"))
	}
	return run("git", "-C", p.root, "archive", "--format=tar.gz", "--prefix="+prefix, "--output="+path, "HEAD")
}

func run(program string, args ...string) error {
	if output, err := exec.Command(program, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s %s: %w\n%s", program, args[0], err, output)
	}
	return nil
}

// giveModules copies all modules of go.mod into dir as a module proxy, so that
// GOPROXY=file:// can name it (Go Modules Reference, "Communicating with proxies").
func (p *project) giveModules(dir string) error {
	cache, err := exec.Command("go", "-C", p.root, "env", "GOMODCACHE").Output()
	if err != nil {
		return fmt.Errorf("ask go for its module cache: %w", err)
	}
	root := filepath.Join(strings.TrimSpace(string(cache)), "cache", "download")
	downloads, err := p.downloadModules()
	if err != nil {
		return err
	}
	for _, d := range downloads {
		for _, file := range []string{d.Info, d.GoMod, d.Zip} {
			name, err := filepath.Rel(root, file)
			if err != nil || !filepath.IsLocal(name) {
				return fmt.Errorf("copy module %s@%s: %q is not in the module cache %s", d.Path, d.Version, file, root)
			}
			if err := copyInto(filepath.Join(dir, name), file); err != nil {
				return err
			}
		}
	}
	return nil
}

func copyInto(to, from string) error {
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return fmt.Errorf("copy %s: %w", from, err)
	}
	in, err := os.Open(from)
	if err != nil {
		return fmt.Errorf("copy: %w", err)
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("copy: %w", err)
	}
	if _, err := io.Copy(out, in); err != nil {
		out.Close()
		return fmt.Errorf("copy %s: %w", from, err)
	}
	return out.Close()
}

// hostRelease is the name of the Debian release of this machine, os-release(5).
func hostRelease() (string, error) {
	file, err := os.Open("/etc/os-release")
	if err != nil {
		return "", fmt.Errorf("name this machine's Debian release: %w", err)
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if name, found := strings.CutPrefix(lines.Text(), "VERSION_CODENAME="); found {
			return strings.Trim(name, `"`), nil
		}
	}
	return "", fmt.Errorf("name this machine's Debian release: /etc/os-release has no VERSION_CODENAME; twinlb is built on Debian 12")
}
