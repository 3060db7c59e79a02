package disk

import (
	"errors"
	"fmt"
	"os"
	"path"
	"regexp"
	"strings"

	"github.com/diskfs/go-diskfs/backend/file"
	"github.com/diskfs/go-diskfs/filesystem/fat32"
)

// espLabel names the ESP, as a partition and as a volume. A FAT driver may take
// a label for a file, so it must not be the name of one.
const espLabel = "TWINLB-ESP"

const (
	// Below 33 MiB there are too few clusters for FAT32 (Microsoft, FAT
	// specification: at least 65525).
	minESP = 33 * mib
	// Above 260 MiB clusters are larger than espSectors reckons.
	maxESP = 256 * mib
	// spareESP is left for directories and for files put there by hand.
	spareESP = mib
)

// dosName is the names that every FAT driver agrees on. With longer ones, and
// with spaces or several dots, go-diskfs can take one file for another.
var dosName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,8}(\.[A-Za-z0-9_-]{1,3})?$`)

// espSectors checks the files and returns the size of an ESP that holds them.
func espSectors(files []File) (int64, error) {
	need := int64(spareESP)
	for i, f := range files {
		if err := f.check(files[:i]); err != nil {
			return 0, fmt.Errorf("ESP: file %q: %w", f.Path, err)
		}
		need += roundUp(int64(len(f.Data)), sectorSize)
	}
	sectors, err := fatSectors(need)
	if err != nil {
		return 0, fmt.Errorf("ESP: %w", err)
	}
	return sectors, nil
}

// fatSectors returns the size of a volume with room for so many bytes.
func fatSectors(need int64) (int64, error) {
	for size := int64(minESP); size <= maxESP; size += mib {
		if v := newGeometry(size); v.valid() && v.clusters*sectorSize >= need {
			return size / sectorSize, nil
		}
	}
	return 0, fmt.Errorf("the files need %d MiB; want at most %d MiB", need/mib, int64(maxESP)/mib)
}

// check refuses a file that FAT can't hold beside the others.
func (f File) check(others []File) error {
	for name := range strings.SplitSeq(f.Path, "/") {
		if !dosName.MatchString(name) {
			return fmt.Errorf("name %q; want a DOS name such as BOOTX64.EFI", name)
		}
	}
	folded := strings.ToUpper(f.Path) // FAT takes upper and lower case for the same
	for _, o := range others {
		other := strings.ToUpper(o.Path)
		if folded == other || strings.HasPrefix(folded, other+"/") || strings.HasPrefix(other, folded+"/") {
			return fmt.Errorf("clashes with %q", o.Path)
		}
	}
	if len(f.Data) == 0 {
		return errors.New("empty; want at least one byte") // an empty file must not own a cluster, but would
	}
	return nil
}

// geometry is how go-diskfs divides a volume with clusters of one sector.
type geometry struct{ clusters, fatSectors int64 }

func newGeometry(size int64) geometry {
	const reserved, fats, entrySize = 32, 2, 4
	sectors := size/sectorSize - reserved
	perSector := int64(sectorSize + fats*entrySize)
	fat := (entrySize*sectors + perSector - 1) / perSector
	return geometry{clusters: sectors - fats*fat, fatSectors: fat}
}

// valid reports whether the FAT has an entry for each cluster. With some sizes,
// 64 MiB among them, go-diskfs 1.9.4 makes it one sector too short (its issue 418).
func (g geometry) valid() bool {
	const entriesPerSector = sectorSize / 4
	return g.fatSectors*entriesPerSector >= g.clusters+2
}

func writeESP(disk *os.File, e extent, files []File, id [16]byte) error {
	if err := writeFAT(disk, e, espLabel, derive(id, "FAT serial"), files); err != nil {
		return fmt.Errorf("ESP: %w", err)
	}
	return nil
}

// WriteFAT makes a FAT32 volume of the least size out of the whole file, without a partition
// table. The names of its files may be long ones, but differ within the first six
// letters. Its serial number derives from the identity.
func WriteFAT(f *os.File, label string, id [16]byte, files []File) error {
	need := int64(spareESP)
	for _, file := range files {
		need += roundUp(int64(len(file.Data)), sectorSize)
	}
	sectors, err := fatSectors(need)
	if err != nil {
		return fmt.Errorf("FAT: %w", err)
	}
	if err := f.Truncate(sectors * sectorSize); err != nil {
		return err
	}
	if err := writeFAT(f, extent{0, sectors}, label, id, files); err != nil {
		return fmt.Errorf("FAT: %w", err)
	}
	return nil
}

func writeFAT(disk *os.File, e extent, label string, serial [16]byte, files []File) error {
	const reproducible = true
	volume, err := fat32.Create(file.New(disk, false), e.size(), e.offset(), sectorSize, label, reproducible)
	if err != nil {
		return fmt.Errorf("make file system: %w", err)
	}
	for _, f := range files {
		if err := writeFile(volume, f); err != nil {
			return fmt.Errorf("file %q: %w", f.Path, err)
		}
	}
	return repairFAT(disk, e, serial)
}

func writeFile(volume *fat32.FileSystem, f File) error {
	if err := volume.Mkdir(path.Dir(f.Path)); err != nil {
		return err
	}
	w, err := volume.OpenFile(f.Path, os.O_CREATE|os.O_RDWR)
	if err != nil {
		return err
	}
	if _, err := w.Write(f.Data); err != nil { // in one piece: each Write rewrites the FAT
		return err
	}
	return w.Close()
}
