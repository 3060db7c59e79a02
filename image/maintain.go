package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"

	"twinlb/image/component"
	"twinlb/image/packages"
	"twinlb/image/progress"

	"github.com/spf13/cobra"
)

func packagesCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "packages LIST...",
		Short: "Install the Debian packages of lists that are missing here",
		Args:  cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, lists []string) error {
			names, err := packages.Read(lists...)
			if err != nil {
				return err
			}
			return packages.Ensure(progress.New(os.Stderr, false), names)
		},
	}
}

func buildCommand() *cobra.Command {
	var verbose bool
	command := &cobra.Command{
		Use:   "build",
		Short: "Build all parts of an image that are not in the cache",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			p, err := openProject(verbose)
			if err != nil {
				return err
			}
			if err := p.ensurePackages(); err != nil {
				return err
			}
			_, err = p.buildParts(false)
			return err
		},
	}
	command.Flags().BoolVarP(&verbose, "verbose", "v", false, "show all that tools print")
	return command
}

func updateSourcesCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "update-sources",
		Short: "Move the pins of sources.lock to the newest versions on the mirror",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			p, err := openProject(false)
			if err != nil {
				return err
			}
			lock, err := p.readLock()
			if err != nil {
				return err
			}
			moved, err := p.store.Update(p.report, lock)
			if err != nil {
				return err
			}
			aside := p.path(lockFile + ".new")
			if err := os.WriteFile(aside, []byte(moved.String()), 0o644); err != nil {
				return fmt.Errorf("write the lock file: %w", err)
			}
			if err := os.Rename(aside, p.path(lockFile)); err != nil {
				return fmt.Errorf("write the lock file: %w", err)
			}
			return nil
		},
	}
}

func reproCommand() *cobra.Command {
	var verbose bool
	command := &cobra.Command{
		Use:   "repro [COMPONENT...]",
		Short: "Build kernel, haproxy and keepalived twice and compare the bytes",
		RunE: func(_ *cobra.Command, names []string) error {
			p, err := openProject(verbose)
			if err != nil {
				return err
			}
			return p.repro(names)
		},
	}
	command.Flags().BoolVarP(&verbose, "verbose", "v", false, "show all that tools print")
	return command
}

// repro builds components in two places of different depth, with caches of their
// own, and compares every output.
func (p *project) repro(names []string) error {
	if err := p.ensurePackages(); err != nil {
		return err
	}
	components, err := p.sourceComponents()
	if err != nil {
		return err
	}
	if len(names) == 0 {
		names = []string{"haproxy", "keepalived", "kernel"}
	}
	for _, name := range names {
		if _, known := components[name]; !known {
			return fmt.Errorf("build %s twice: there is no such component; there are kernel, haproxy, keepalived", name)
		}
	}
	place, err := os.MkdirTemp("", "twinlb-repro-")
	if err != nil {
		return fmt.Errorf("build twice: %w", err)
	}
	defer os.RemoveAll(place)
	for _, name := range names {
		c := components[name]
		first, err := component.Cache{Dir: filepath.Join(place, "one")}.Get(p.report, c)
		if err != nil {
			return err
		}
		second, err := component.Cache{Dir: filepath.Join(place, "a", "deeper", "second")}.Get(p.report, c)
		if err != nil {
			return err
		}
		for _, output := range c.Outputs {
			if err := same(filepath.Join(first, output), filepath.Join(second, output)); err != nil {
				return fmt.Errorf("build %s twice: %w", name, err)
			}
		}
		fmt.Printf("%s: two builds give the same bytes\n", name)
	}
	return nil
}

func same(first, second string) error {
	one, err := os.ReadFile(first)
	if err != nil {
		return err
	}
	two, err := os.ReadFile(second)
	if err != nil {
		return err
	}
	if bytes.Equal(one, two) {
		return nil
	}
	at := 0
	for at < min(len(one), len(two)) && one[at] == two[at] {
		at++
	}
	return fmt.Errorf("the two %s differ, first at byte %d", filepath.Base(first), at)
}
