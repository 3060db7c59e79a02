// Package debian makes the pair that people run today, to measure ours beside
// it: Debian 12 with its own HAProxy and keepalived, configured as a competent
// person would, from the same seed.
//
// The folder system holds the files that both nodes have alike, node the
// templates of those in which they differ, each at its path in the root file
// system. Everything else is as Debian's packages leave it.
//
// It owns the disks and the commands that the guests understand. It boots
// nothing. Needed programs are in the file packages.
package debian

import (
	"crypto/sha256"
	"embed"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"twinlb/image/component"
	"twinlb/image/progress"
)

// CommandLine is the kernel's, as GRUB gives it.
const CommandLine = "root=LABEL=root ro net.ifnames=0 console=tty0 console=ttyS0,115200 quiet"

//go:embed system
var system embed.FS

//go:embed all:node
var node embed.FS

// recipe is how a System is made.
//
//go:embed apt.go install.go disk.go grub.go
var recipe embed.FS

// System is Debian installed on a disk, without what makes it one of the nodes.
type System struct {
	dir string // of the cache
}

// Names in a System's folder.
const (
	diskFile     = "disk.img"
	kernelFile   = "vmlinuz"
	initrdFile   = "initrd.img"
	versionsFile = "versions"
)

// Build installs Debian from the mirrors that this machine's apt uses, once: the
// key in the cache is of what this package asks for, not of the versions that a
// mirror has at the time. It needs root and the network, so a program that enters
// a sandbox calls it before as well.
func Build(report *progress.Report, cache component.Cache) (*System, error) {
	ingredients, err := ingredients()
	if err != nil {
		return nil, fmt.Errorf("build Debian: %w", err)
	}
	dir, err := cache.Get(report, component.Component{
		Name:    "debian",
		Options: ingredients,
		Outputs: []string{diskFile, kernelFile, initrdFile, versionsFile},
		Build:   build,
	})
	if err != nil {
		return nil, err
	}
	return &System{dir: dir}, nil
}

// Kernel is the path of Debian's kernel, to be started directly with CommandLine.
func (s *System) Kernel() string { return filepath.Join(s.dir, kernelFile) }

// Initrd is the path of its initial RAM disk.
func (s *System) Initrd() string { return filepath.Join(s.dir, initrdFile) }

// Versions returns "name version" lines of what is measured.
func (s *System) Versions() (string, error) {
	text, err := os.ReadFile(filepath.Join(s.dir, versionsFile))
	if err != nil {
		return "", fmt.Errorf("tell the versions of Debian's packages: %w", err)
	}
	return strings.TrimSpace(string(text)), nil
}

// ingredients is all that a System depends on, as text. Of the node's own files
// it has only the places.
func ingredients() (string, error) {
	var text strings.Builder
	for _, tree := range []embed.FS{recipe, system, node} {
		all, err := files(tree)
		if err != nil {
			return "", err
		}
		for _, f := range all {
			if tree == node {
				f.content = nil
			}
			fmt.Fprintf(&text, "%s %x\n", f.path, sha256.Sum256(f.content))
		}
	}
	return text.String(), nil
}

// file is one file of the root file system. Its path has no slash in front.
type file struct {
	path    string
	content []byte
}

// files returns those of an embedded tree, without the tree's own name.
func files(tree embed.FS) ([]file, error) {
	var all []file
	err := fs.WalkDir(tree, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := tree.ReadFile(path)
		if _, below, ok := strings.Cut(path, "/"); ok {
			path = below
		}
		all = append(all, file{path, content})
		return err
	})
	return all, err
}
