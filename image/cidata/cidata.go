// Package cidata writes a drive for cloud-init's NoCloud data source: one file
// system on a drive without partitions, labelled cidata, with a few small files in
// its root directory.
//
// It owns the drive's bytes and their reproducibility: the same files give the same
// bytes, whoever writes them and when. It does not know what the files mean.
package cidata

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"twinlb/image/disk"
)

// File is one file of the drive. Its name is lower-case letters, digits and
// hyphens, as those of NoCloud are.
type File struct {
	Name string
	Data []byte // not empty
}

// Format is the file system of a drive.
type Format string

// The formats.
const (
	ISO9660 Format = "iso"
	VFAT    Format = "vfat"
)

// FormatOf returns the format that a file's extension asks for.
func FormatOf(path string) (Format, error) {
	switch extension := filepath.Ext(path); extension {
	case ".iso":
		return ISO9660, nil
	case ".img", ".vfat":
		return VFAT, nil
	default:
		return "", fmt.Errorf("choose the file system of %s: extension %q; want .iso, or .img or .vfat", path, extension)
	}
}

// Write writes the drive to path with mode 0600. It appears whole, by rename: on
// an error, what was at path before is still there.
func Write(path string, format Format, files []File) error {
	if err := check(files); err != nil {
		return fmt.Errorf("write drive %s: %w", path, err)
	}
	if err := disk.Replace(path, func(f *os.File) error {
		switch format {
		case ISO9660:
			return writeISO9660(f, files)
		case VFAT:
			return writeVFAT(f, files)
		}
		return fmt.Errorf("format %q; want %s or %s", format, ISO9660, VFAT)
	}); err != nil {
		return fmt.Errorf("write drive %s: %w", path, err)
	}
	return nil
}

func check(files []File) error {
	for i, f := range files {
		odd := func(r rune) bool {
			return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-'
		}
		if f.Name == "" || len(f.Name) > 30 || strings.ContainsFunc(f.Name, odd) {
			return fmt.Errorf("file %q: want a name of 1 to 30 lower-case letters, digits and hyphens", f.Name)
		}
		if len(f.Data) == 0 {
			return fmt.Errorf("file %q: empty; want at least one byte", f.Name)
		}
		if slices.ContainsFunc(files[:i], func(o File) bool { return o.Name == f.Name }) {
			return fmt.Errorf("file %q: there twice", f.Name)
		}
	}
	return nil
}

// vfatLabel is upper case as FAT wants it.
const vfatLabel = "CIDATA"

func writeVFAT(f *os.File, files []File) error {
	content := sha256.New()
	var onDisk []disk.File
	for _, file := range files {
		fmt.Fprintf(content, "%s %d\n", file.Name, len(file.Data))
		content.Write(file.Data)
		onDisk = append(onDisk, disk.File{Path: file.Name, Data: file.Data})
	}
	return disk.WriteFAT(f, vfatLabel, [16]byte(content.Sum(nil)), onDisk)
}
