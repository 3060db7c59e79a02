package main

import (
	"crypto/sha256"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"text/template"

	"twinlb/image/packages"
	"twinlb/image/sources"

	"github.com/spf13/cobra"
)

// Names in the folder of sources.
const (
	pinnedFolder    = "debian"
	installedFolder = "installed"
	modulesFolder   = "go"
	treeArchive     = "twinlb.tar.gz"
	checksums       = "SHA256SUMS"
)

func sourcesCommand() *cobra.Command {
	var out string
	var verbose bool
	command := &cobra.Command{
		Use:   "sources",
		Short: "Gather the sources of all that an image bundles, to hand on with it",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			p, err := openProject(verbose)
			if err != nil {
				return err
			}
			return p.gatherSources(out)
		},
	}
	command.Flags().StringVar(&out, "out", "build/sources", "folder to write")
	command.Flags().BoolVarP(&verbose, "verbose", "v", false, "show all that tools print")
	return command
}

// gatherSources writes the folder. It appears whole, by rename. What could not be
// fetched is named in its README, and makes an error.
func (p *project) gatherSources(out string) error {
	if err := replaceable(out); err != nil {
		return err
	}
	if err := p.ensurePackages(); err != nil {
		return err
	}
	built, err := p.buildParts(false)
	if err != nil {
		return err
	}
	bundled, err := p.bundle(built.init)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(out), 0o755); err != nil {
		return fmt.Errorf("gather the sources: %w", err)
	}
	dir, err := os.MkdirTemp(filepath.Dir(out), ".sources-")
	if err != nil {
		return fmt.Errorf("gather the sources: %w", err)
	}
	defer os.RemoveAll(dir)
	incomplete, err := p.fillSources(dir, built, bundled)
	if err != nil {
		return err
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		return fmt.Errorf("gather the sources: %w", err)
	}
	if err := os.RemoveAll(out); err != nil {
		return fmt.Errorf("gather the sources: %w", err)
	}
	if err := os.Rename(dir, out); err != nil {
		return fmt.Errorf("gather the sources: %w", err)
	}
	fmt.Printf("\n%s\n  hand it on with every image of this build; %s says what is what\n", out, filepath.Join(out, "README.md"))
	return incomplete
}

// replaceable refuses a folder that this command has not made.
func replaceable(out string) error {
	entries, err := os.ReadDir(out)
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(entries) == 0 {
		return nil
	}
	if err != nil {
		return fmt.Errorf("gather the sources: %w", err)
	}
	if _, err := os.Stat(filepath.Join(out, checksums)); err != nil {
		return fmt.Errorf("gather the sources: %s has files that are none of `twinlb sources`; give an empty folder, or one that is not there", out)
	}
	return nil
}

// fillSources puts all into dir. It says apart what could not be fetched.
func (p *project) fillSources(dir string, built *parts, b *bundle) (incomplete, err error) {
	for _, sub := range []string{pinnedFolder, installedFolder, modulesFolder} {
		if err := os.Mkdir(filepath.Join(dir, sub), 0o755); err != nil {
			return nil, fmt.Errorf("gather the sources: %w", err)
		}
	}
	step := p.report.Start(pinnedFolder, "copying")
	for _, source := range b.pinned {
		if err := p.store.Give(step, source, filepath.Join(dir, pinnedFolder)); err != nil {
			return nil, step.Failed(err)
		}
	}
	step.Done("all that sources.lock names")

	step = p.report.Start(installedFolder, "fetching")
	wanted, err := b.installed()
	if err != nil {
		return nil, step.Failed(err)
	}
	release, err := hostRelease()
	if err != nil {
		return nil, step.Failed(err)
	}
	missing, why := p.store.GiveInstalled(step, release, wanted, filepath.Join(dir, installedFolder))
	if why != nil {
		incomplete = fmt.Errorf("gather the sources: %d of %d source packages of this machine's %s are not in the folder; its README.md names them: %w", len(missing), len(wanted), release, why)
	}
	step.Done("%d of %d source packages of this machine's %s", len(wanted)-len(missing), len(wanted), release)

	step = p.report.Start(modulesFolder, "copying modules")
	if err := p.giveModules(filepath.Join(dir, modulesFolder)); err != nil {
		return nil, step.Failed(err)
	}
	step.Done("the Go modules")

	step = p.report.Start("tree", "packing")
	if err := p.packTree(filepath.Join(dir, treeArchive)); err != nil {
		return nil, step.Failed(err)
	}
	for from, to := range map[string]string{
		built.licences: "LICENCES.TXT",
		filepath.Join(filepath.Dir(built.kernel), "config"): "linux.config",
	} {
		if err := copyInto(filepath.Join(dir, to), from); err != nil {
			return nil, step.Failed(err)
		}
	}
	if err := p.writeReadme(filepath.Join(dir, "README.md"), b, release, wanted, missing); err != nil {
		return nil, step.Failed(err)
	}
	if err := writeChecksums(dir); err != nil {
		return nil, step.Failed(err)
	}
	step.Done("twinlb's own")
	return incomplete, nil
}

//go:embed sourcefolder.md
var readmeText string

var readme = template.Must(template.New("README.md").Parse(readmeText))

// writeReadme says what is what, and how to build from it.
func (p *project) writeReadme(path string, b *bundle, release string, wanted, missing []sources.Package) error {
	names, err := p.buildPackages()
	if err != nil {
		return err
	}
	versions, err := packages.Versions(names)
	if err != nil {
		return err
	}
	var text strings.Builder
	if err := readme.Execute(&text, map[string]any{
		"Release": sources.Release, "HostRelease": release, "Pinned": b.pinned,
		"Installed": wanted, "Missing": missing, "Go": b.goVersion, "Packages": versions,
	}); err != nil {
		return fmt.Errorf("write the README of the sources: %w", err)
	}
	return os.WriteFile(path, []byte(text.String()), 0o644)
}

// writeChecksums writes what `sha256sum --check` reads.
func writeChecksums(dir string) error {
	var lines strings.Builder
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		file, err := os.Open(path)
		if err != nil {
			return err
		}
		defer file.Close()
		sum := sha256.New()
		if _, err := io.Copy(sum, file); err != nil {
			return err
		}
		name, err := filepath.Rel(dir, path)
		fmt.Fprintf(&lines, "%x  %s\n", sum.Sum(nil), name)
		return err
	})
	if err != nil {
		return fmt.Errorf("sum up the sources: %w", err)
	}
	return os.WriteFile(filepath.Join(dir, checksums), []byte(lines.String()), 0o644)
}
