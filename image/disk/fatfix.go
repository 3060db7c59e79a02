package disk

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"slices"
)

// repairFAT sets right what go-diskfs 1.9.4 leaves wrong or can't set in a
// FAT32 volume, so that fsck.fat finds nothing and two builds are identical:
// timestamps, the ".." of the first directory level, the free cluster count,
// the serial number and the count of sectors before the volume. Offsets are
// those of Microsoft's FAT specification 1.03.
func repairFAT(f *os.File, e extent, serial [16]byte) error {
	v, err := openVolume(f, e)
	if err != nil {
		return err
	}
	if err := v.repairDirectory(v.root, false); err != nil {
		return fmt.Errorf("repair FAT directory: %w", err)
	}
	if err := v.repairInfo(); err != nil {
		return fmt.Errorf("repair FAT FSInfo sector: %w", err)
	}
	if err := v.repairBootSector(uint32(e.start), serial[:4]); err != nil {
		return fmt.Errorf("repair FAT boot sector: %w", err)
	}
	return nil
}

// volume is a FAT32 file system with clusters of one sector.
type volume struct {
	f        *os.File
	extent   extent
	fat      []uint32
	clusters int64 // that hold data; the first is number 2
	data     int64 // first sector of cluster 2, counted from the volume's start
	root     uint32
}

func openVolume(f *os.File, e extent) (*volume, error) {
	v := &volume{f: f, extent: e}
	boot, err := v.read(0, 1)
	if err != nil {
		return nil, fmt.Errorf("read FAT boot sector: %w", err)
	}
	perCluster, fats := int64(boot[13]), int64(boot[16])
	reserved := int64(binary.LittleEndian.Uint16(boot[14:]))
	fatSectors := int64(binary.LittleEndian.Uint32(boot[36:]))
	v.root = binary.LittleEndian.Uint32(boot[44:])
	v.data = reserved + fats*fatSectors
	v.clusters = e.count - v.data
	if g := newGeometry(e.size()); perCluster != 1 || fatSectors != g.fatSectors || v.clusters != g.clusters {
		return nil, fmt.Errorf("FAT of %d sectors for %d clusters of %d sectors; want %+v", fatSectors, v.clusters, perCluster, g)
	}
	b, err := v.read(reserved, fatSectors)
	if err != nil {
		return nil, fmt.Errorf("read FAT: %w", err)
	}
	v.fat = make([]uint32, v.clusters+2)
	return v, binary.Read(bytes.NewReader(b), binary.LittleEndian, v.fat)
}

func (v *volume) read(sector, count int64) ([]byte, error) {
	b := make([]byte, count*sectorSize)
	_, err := v.f.ReadAt(b, (v.extent.start+sector)*sectorSize)
	return b, err
}

func (v *volume) write(sector int64, b []byte) error {
	_, err := v.f.WriteAt(b, (v.extent.start+sector)*sectorSize)
	return err
}

// Offsets in a directory entry.
const (
	entrySize       = 32
	entryAttributes = 11
	entryTimes      = 13 // tenths, creation time and date, access date
	entryClusterHi  = 20
	entryModified   = 22 // time and date
	entryClusterLo  = 26

	attributeDirectory = 0x10
	attributeLongName  = 0x0f
)

// firstDate is 1980-01-01, the earliest date that FAT can tell.
const firstDate = 1<<5 | 1

// repairDirectory repairs the directory that begins at the cluster, and those
// below. The ".." of a directory in the root is 0, not the root's cluster.
func (v *volume) repairDirectory(cluster uint32, inRoot bool) error {
	const endOfChain = 0x0ffffff8
	for c := cluster; c < endOfChain; c = v.fat[c] & 0x0fffffff {
		if c < 2 || int(c) >= len(v.fat) {
			return fmt.Errorf("cluster %d in a chain; want 2–%d", c, len(v.fat)-1)
		}
		sector := v.data + int64(c) - 2
		b, err := v.read(sector, 1)
		if err != nil {
			return err
		}
		for entry := range slices.Chunk(b, entrySize) {
			if entry[0] == 0 || entry[entryAttributes] == attributeLongName {
				continue
			}
			stamp(entry)
			below, dotted := startCluster(entry), entry[0] == '.'
			if inRoot && string(entry[:2]) == ".." {
				binary.LittleEndian.PutUint16(entry[entryClusterHi:], 0)
				binary.LittleEndian.PutUint16(entry[entryClusterLo:], 0)
			}
			if entry[entryAttributes]&attributeDirectory != 0 && !dotted {
				if err := v.repairDirectory(below, cluster == v.root); err != nil {
					return err
				}
			}
		}
		if err := v.write(sector, b); err != nil {
			return err
		}
	}
	return nil
}

func stamp(entry []byte) {
	clear(entry[entryTimes:entryClusterHi])
	binary.LittleEndian.PutUint16(entry[entryTimes+3:], firstDate) // created
	binary.LittleEndian.PutUint16(entry[entryTimes+5:], firstDate) // accessed
	binary.LittleEndian.PutUint16(entry[entryModified:], 0)
	binary.LittleEndian.PutUint16(entry[entryModified+2:], firstDate)
}

func startCluster(entry []byte) uint32 {
	return uint32(binary.LittleEndian.Uint16(entry[entryClusterHi:]))<<16 |
		uint32(binary.LittleEndian.Uint16(entry[entryClusterLo:]))
}

// repairInfo writes how many clusters are free, and the first of them, into the
// FSInfo sector and its backup.
func (v *volume) repairInfo() error {
	var free, next uint32
	for c := 2; c < len(v.fat); c++ {
		if v.fat[c] != 0 {
			continue
		}
		if free++; next == 0 {
			next = uint32(c)
		}
	}
	if free == 0 {
		return errors.New("no free cluster")
	}
	for _, sector := range []int64{1, 7} {
		b, err := v.read(sector, 1)
		if err != nil {
			return err
		}
		binary.LittleEndian.PutUint32(b[488:], free)
		binary.LittleEndian.PutUint32(b[492:], next)
		if err := v.write(sector, b); err != nil {
			return err
		}
	}
	return nil
}

// repairBootSector sets the serial number and the number of sectors before the
// volume in the boot sector and its backup.
func (v *volume) repairBootSector(hidden uint32, serial []byte) error {
	for _, sector := range []int64{0, 6} {
		b, err := v.read(sector, 1)
		if err != nil {
			return err
		}
		binary.LittleEndian.PutUint32(b[28:], hidden)
		copy(b[67:71], serial)
		if err := v.write(sector, b); err != nil {
			return err
		}
	}
	return nil
}
