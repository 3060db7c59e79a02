package debian

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	backend "github.com/diskfs/go-diskfs/backend/file"
	"github.com/diskfs/go-diskfs/partition/gpt"

	"twinlb/image/component"
	"twinlb/image/disk"
	"twinlb/seed"
)

// rootSize leaves half of the root file system free.
const rootSize = 640 << 20

// rootName is the name of the root partition and the label of what is in it.
const rootName = "root"

const sectorSize = 512

// writeDisk makes the disk whose root file system is the folder.
func writeDisk(b *component.Build, root string) error {
	bios, uefi, err := bootLoaders(b.Work)
	if err != nil {
		return err
	}
	boot, err := os.ReadFile(filepath.Join(grubDir, "i386-pc", "boot.img"))
	if err != nil {
		return fmt.Errorf("read GRUB's boot.img (package grub-pc-bin): %w", err)
	}
	path := filepath.Join(b.Out, diskFile)
	if err := disk.Write(path, disk.Raw, disk.Layout{
		ESP:       []disk.File{{Path: "EFI/BOOT/BOOTX64.EFI", Data: uefi}},
		BootImage: boot,
		CoreImage: bios,
	}); err != nil {
		return err
	}
	offset, err := replaceSeed(path)
	if err != nil {
		return fmt.Errorf("make the root partition: %w", err)
	}
	return b.Run("making the file system", "mke2fs", "-q", "-F", "-t", "ext4", "-L", rootName, "-d", root,
		"-E", fmt.Sprintf("offset=%d", offset), path, fmt.Sprintf("%dk", rootSize>>10))
}

// replaceSeed makes the seed partition of one of our disks the root partition,
// and returns where that begins.
func replaceSeed(path string) (offset int64, err error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	table, err := gpt.Read(backend.New(f, false), sectorSize, sectorSize)
	if err != nil {
		return 0, err
	}
	for _, p := range table.Partitions {
		if p.Name != seed.PartitionName {
			continue
		}
		offset = p.GetStart()
		p.Name, p.Type, p.Size, p.End = rootName, gpt.LinuxFilesystem, rootSize, 0
	}
	if offset == 0 {
		return 0, errors.New("no partition named " + seed.PartitionName)
	}
	const backupGPT = 1 << 20 // 33 sectors, rounded up
	size := offset + rootSize + backupGPT
	if err := f.Truncate(size); err != nil {
		return 0, err
	}
	whole := gpt.Table{LogicalSectorSize: sectorSize, ProtectiveMBR: true, GUID: table.GUID, Partitions: table.Partitions}
	return offset, whole.Write(f, size)
}

// rootOffset returns where the root partition of a disk begins.
func rootOffset(path string) (int64, error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	table, err := gpt.Read(backend.New(f, true), sectorSize, sectorSize)
	if err != nil {
		return 0, err
	}
	for _, p := range table.Partitions {
		if p.Name == rootName {
			return p.GetStart(), nil
		}
	}
	return 0, errors.New("no partition named " + rootName)
}
