// Package grub makes the boot loader for BIOS machines: GRUB's core.img with
// our configuration inside, so that nothing is read from the disk but the
// kernel and the initramfs.
//
// It owns the configuration and the choice of modules. Where the images lie on
// the disk is the matter of image/disk.
package grub

import (
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Files that the boot loader reads, as paths on the EFI system partition.
const (
	Kernel    = "boot/vmlinuz"
	Initramfs = "boot/initrd"
)

// prefix is the second partition of the disk that the firmware started from,
// whichever number it has among the disks: nothing is searched.
const prefix = "(,gpt2)/boot"

// needed is the modules that the configuration uses, and no more: each is
// read and unpacked at every boot.
//
// linux16 and not linux: the latter moves the kernel's whole unpacking area,
// 18 MiB, byte by byte, 0.45 s of an emulated CPU.
var needed = []string{"biosdisk", "part_gpt", "fat", "serial", "terminal", "eval", "linux16", "boot", "echo", "read"}

// template runs in GRUB's rescue parser, which knows neither conditions nor
// comments; eval hands a line to the full one. What follows the second eval runs
// only when booting has failed.
//
//go:embed grub.cfg
var template string

// Images are GRUB's parts that a disk needs, before they are told where they lie on it.
type Images struct {
	Boot []byte // boot.img, one sector
	Core []byte // core.img
}

// Build makes the images from a folder of GRUB modules for i386-pc (package
// grub-pc-bin: /usr/lib/grub/i386-pc) with grub-mkimage (package grub-common).
// The same modules and command line give the same bytes.
func Build(dir, cmdline string) (Images, error) {
	boot, err := os.ReadFile(filepath.Join(dir, "boot.img"))
	if err != nil {
		return Images{}, fmt.Errorf("build GRUB images: %w; it is in the package grub-pc-bin", err)
	}
	config, err := Config(cmdline)
	if err != nil {
		return Images{}, fmt.Errorf("build GRUB images: %w", err)
	}
	core, err := mkimage(dir, config)
	if err != nil {
		return Images{}, fmt.Errorf("build GRUB images: %w", err)
	}
	return Images{Boot: boot, Core: core}, nil
}

// Config returns GRUB's configuration for a kernel command line. It refuses
// what GRUB's parser would take for itself.
func Config(cmdline string) (string, error) {
	const special = "'\"\\$;|&<>{}#\n"
	if i := strings.IndexAny(cmdline, special); i >= 0 {
		return "", fmt.Errorf("kernel command line %q: character %q means something to GRUB; want none of %s", cmdline, cmdline[i], special[:len(special)-1])
	}
	return strings.NewReplacer("@KERNEL@", Kernel, "@INITRAMFS@", Initramfs, "@CMDLINE@", cmdline).Replace(template), nil
}

// mkimage runs grub-mkimage, which wants files, not pipes, on both sides.
func mkimage(modules, config string) ([]byte, error) {
	dir, err := os.MkdirTemp("", "grub-*")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	in, out := filepath.Join(dir, "grub.cfg"), filepath.Join(dir, "core.img")
	if err := os.WriteFile(in, []byte(config), 0o600); err != nil {
		return nil, err
	}
	args := append([]string{"-O", "i386-pc", "-d", modules, "-p", prefix, "-c", in, "-o", out}, needed...)
	if messages, err := exec.Command("grub-mkimage", args...).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("grub-mkimage (package grub-common): %w\n%s", err, messages)
	}
	return os.ReadFile(out)
}
