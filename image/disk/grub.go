package disk

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
)

// Offsets in GRUB's images, as grub-bios-setup patches them (GRUB 2.06,
// include/grub/i386/pc/boot.h, grub-core/boot/i386/pc/diskboot.S).
const (
	bootCodeSize   = 440  // of boot.img; the MBR's partition table follows
	bootCoreSector = 0x5c // u64: where core.img begins
	bootDriveCheck = 0x66 // jump that believes the BIOS on which drive it booted
	coreBlockList  = 500  // u64 first sector, u16 count, u16 segment of the rest of core.img
	coreSegment    = 0x820
)

// writeGRUB puts boot.img into the MBR and core.img into the BIOS boot
// partition, which is what grub-install would do. Call it after the partition
// table has been written: the protective MBR's entry stays.
func writeGRUB(w io.WriterAt, boot, core []byte) error {
	if len(boot) != sectorSize {
		return fmt.Errorf("GRUB's boot image: %d bytes, want %d", len(boot), sectorSize)
	}
	if most := (espStart - biosBootStart) * sectorSize; len(core) <= sectorSize || len(core) > most {
		return fmt.Errorf("GRUB's core image: %d bytes, want more than %d and at most %d", len(core), sectorSize, most)
	}
	boot, core = bytes.Clone(boot), bytes.Clone(core)

	binary.LittleEndian.PutUint64(boot[bootCoreSector:], biosBootStart)
	// Some BIOSes name a floppy when they boot a hard disk: let GRUB check.
	const nop = 0x90
	boot[bootDriveCheck], boot[bootDriveCheck+1] = nop, nop

	rest := roundUp(int64(len(core)), sectorSize)/sectorSize - 1
	binary.LittleEndian.PutUint64(core[coreBlockList:], biosBootStart+1)
	binary.LittleEndian.PutUint16(core[coreBlockList+8:], uint16(rest))
	binary.LittleEndian.PutUint16(core[coreBlockList+10:], coreSegment)

	if _, err := w.WriteAt(boot[:bootCodeSize], 0); err != nil {
		return fmt.Errorf("GRUB's boot image: %w", err)
	}
	if _, err := w.WriteAt(core, biosBootStart*sectorSize); err != nil {
		return fmt.Errorf("GRUB's core image: %w", err)
	}
	return nil
}
