package main

import (
	"bytes"
	"fmt"
	"path"
	"strings"

	"twinlb/image/disk"
	"twinlb/image/initramfs"
	"twinlb/seed"

	"github.com/spf13/cobra"
)

// An image is shown as three folders: esp/ is the EFI system partition, root/ the
// initramfs, seed/ what the seed partition carries.
const (
	espFolder  = "esp/"
	rootFolder = "root/"
	seedFolder = "seed/"
)

// content is one file of an image.
type content struct {
	path string
	mode string
	data []byte
}

func lsCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "ls IMAGE",
		Short: "List what is in an image, without booting it",
		Args:  cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			image, contents, err := open(args[0])
			if err != nil {
				return err
			}
			out := command.OutOrStdout()
			fmt.Fprintf(out, "%s disk of %.1f MiB\n\n", image.Format, mib(image.Size))
			for _, p := range image.Partitions {
				fmt.Fprintf(out, "%10.1f MiB at %8.1f MiB  %s\n", mib(p.Size), mib(p.Offset), p.Name)
			}
			fmt.Fprintln(out)
			for _, c := range contents {
				fmt.Fprintf(out, "%s %10d  %s\n", c.mode, len(c.data), c.path)
			}
			return nil
		},
	}
}

func catCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "cat IMAGE PATH",
		Short: "Print one file of an image, by its path in `twinlb ls`",
		Args:  cobra.ExactArgs(2),
		RunE: func(command *cobra.Command, args []string) error {
			_, contents, err := open(args[0])
			if err != nil {
				return err
			}
			want := path.Clean(args[1])
			for _, c := range contents {
				if c.path == want {
					_, err := command.OutOrStdout().Write(c.data)
					return err
				}
			}
			return fmt.Errorf("print %s of %s: there is no such file; `twinlb ls %s` lists them", args[1], args[0], args[0])
		},
	}
}

// open reads an image and all that is in it.
func open(file string) (*disk.Image, []content, error) {
	image, err := disk.Read(file)
	if err != nil {
		return nil, nil, err
	}
	var contents []content
	for _, f := range image.ESP {
		contents = append(contents, content{espFolder + f.Path, "-rwxr-xr-x", f.Data})
		if f.Path != initramfsPath {
			continue
		}
		entries, err := initramfs.Read(bytes.NewReader(f.Data))
		if err != nil {
			return nil, nil, fmt.Errorf("look into %s: %w", file, err)
		}
		for _, e := range entries {
			if !e.Mode.IsDir() {
				contents = append(contents, content{rootFolder + e.Name, e.Mode.String(), e.Data})
			}
		}
	}
	if len(bytes.Trim(image.Seed, "\x00")) == 0 { // it waits for a drive
		return image, contents, nil
	}
	bundle, err := seed.DecodeBundle(bytes.NewReader(image.Seed))
	if err != nil {
		return nil, nil, fmt.Errorf("look into %s: %w", file, err)
	}
	for _, f := range bundle.Files() {
		contents = append(contents, content{seedFolder + strings.TrimPrefix(f.Name, "/"), f.Mode.String(), f.Data})
	}
	return image, contents, nil
}
