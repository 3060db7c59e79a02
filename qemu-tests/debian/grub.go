package debian

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// grubDir has GRUB's modules, from the packages grub-pc-bin and grub-efi-amd64-bin.
const grubDir = "/usr/lib/grub"

// grubPrefix is where GRUB finds its configuration: on the third partition of the
// disk that the firmware started from.
const grubPrefix = "(,gpt3)/boot/grub"

// grubs is the modules for each platform, and no more: each is read and unpacked
// at every boot.
var grubs = map[string][]string{
	"i386-pc":    {"biosdisk", "part_gpt", "ext2", "normal", "serial", "terminal", "linux"},
	"x86_64-efi": {"part_gpt", "ext2", "normal", "serial", "terminal", "linux"},
}

// bootLoaders makes GRUB's core.img for BIOS and its application for UEFI.
func bootLoaders(work string) (bios, uefi []byte, err error) {
	bios, biosErr := mkimage(work, "i386-pc")
	uefi, uefiErr := mkimage(work, "x86_64-efi")
	return bios, uefi, errors.Join(biosErr, uefiErr)
}

func mkimage(work, platform string) ([]byte, error) {
	out := filepath.Join(work, platform)
	args := append([]string{"-O", platform, "-d", filepath.Join(grubDir, platform), "-p", grubPrefix, "-o", out}, grubs[platform]...)
	if messages, err := exec.Command("grub-mkimage", args...).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("make GRUB for %s: grub-mkimage (package grub-common): %w\n%s", platform, err, messages)
	}
	return os.ReadFile(out)
}
