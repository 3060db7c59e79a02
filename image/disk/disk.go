// Package disk writes and reads a node's disk image: one GPT disk that boots
// under BIOS through GRUB and under UEFI from its EFI system partition (ESP),
// and carries the seed in a partition of its own.
//
//	sector 0         protective MBR, GRUB's boot.img
//	34–2047          BIOS boot partition, GRUB's core.img
//	2048 (1 MiB)     ESP, FAT32
//	behind it        seed partition, raw bytes
//	last 33          backup GPT
//
// It owns the layout and its reproducibility: the same Layout gives the same
// bytes. It does not know what the files on the ESP or the bytes of the seed mean.
package disk

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"

	"twinlb/image/qcow2"
)

// Layout is what goes onto a disk.
type Layout struct {
	ID   [16]byte // identity of the disk; its GUIDs and the FAT serial derive from it
	ESP  []File
	Seed []byte // at the start of the seed partition; zeros follow
	// BootImage and CoreImage are GRUB's boot.img and core.img for i386-pc.
	BootImage, CoreImage []byte
}

// File is one file of the ESP. Each part of its path is a DOS 8.3 name, such as
// "EFI/BOOT/BOOTX64.EFI". Parent directories are implied.
type File struct {
	Path string
	Data []byte // not empty
}

// Format is a file format for disk images, by its name in QEMU.
type Format string

// The formats.
const (
	Raw   Format = "raw"
	QCOW2 Format = "qcow2"
)

const (
	sectorSize = 512
	mib        = 1 << 20
)

// Write writes the disk to path with mode 0600. The image appears whole, by
// rename: on an error, what was at path before is still there.
func Write(path string, format Format, l Layout) error {
	if err := Replace(path, func(f *os.File) error {
		switch format {
		case Raw:
			return l.write(f)
		case QCOW2:
			return l.writeQCOW2(f)
		}
		return fmt.Errorf("format %q; want %s or %s", format, Raw, QCOW2)
	}); err != nil {
		return fmt.Errorf("write disk image %s: %w", path, err)
	}
	return nil
}

func (l Layout) write(f *os.File) error {
	sectors, err := espSectors(l.ESP)
	if err != nil {
		return err
	}
	t := plan(sectors, len(l.Seed))
	if err := f.Truncate(t.size); err != nil {
		return err
	}
	if err := t.write(f, l.ID); err != nil {
		return err
	}
	if err := writeGRUB(f, l.BootImage, l.CoreImage); err != nil {
		return err
	}
	if err := writeESP(f, t.esp, l.ESP, l.ID); err != nil {
		return err
	}
	if _, err := f.WriteAt(l.Seed, t.seed.offset()); err != nil {
		return fmt.Errorf("seed partition: %w", err)
	}
	return nil
}

func (l Layout) writeQCOW2(f *os.File) error {
	raw, err := os.CreateTemp(filepath.Dir(f.Name()), ".twinlb-raw-*")
	if err != nil {
		return err
	}
	defer raw.Close()
	defer os.Remove(raw.Name())
	if err := l.write(raw); err != nil {
		return err
	}
	info, err := raw.Stat()
	if err != nil {
		return err
	}
	return qcow2.Write(f, raw, info.Size())
}

// derive returns 16 bytes for one purpose that are the same whenever the disk's
// identity is.
func derive(id [16]byte, purpose string) [16]byte {
	sum := sha256.Sum256(append(id[:], purpose...))
	return [16]byte(sum[:16])
}
