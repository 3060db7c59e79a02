package nocloud

import (
	"encoding/binary"
	"fmt"
	"io"
	"iter"
	"strings"
)

// What FAT calls and how it lays them out is in Microsoft's specification of FAT32,
// version 1.03.
const bootSector = 512 // bytes of it that matter

// fatVolume is FAT12, FAT16 or FAT32, with long names.
type fatVolume struct {
	r        io.ReaderAt
	bits     int   // of an entry of the FAT
	fat      int64 // byte at which the FAT begins
	fatSize  int64 // bytes
	data     int64 // byte at which cluster 2 begins
	cluster  int64 // bytes
	clusters uint32
	// The root directory is an area of its own, or the chain of a cluster in FAT32.
	rootStart, rootSize int64
	rootCluster         uint32
}

// openFAT has the label from the root directory, as all systems that can change it,
// and that of the boot sector without one there.
func openFAT(r io.ReaderAt) (fileSystem, string, error) {
	boot, err := beginning(r, 0, bootSector)
	if boot == nil {
		return nil, "", err
	}
	label := bootLabel(boot)
	v, err := newFATVolume(r, boot)
	if err != nil {
		return nil, label, onlyOurs(label, err) // anything may be in the first sector of a disk
	}
	inRoot, err := v.rootLabel()
	if err != nil {
		return nil, label, onlyOurs(label, fmt.Errorf("its root directory: %w", err))
	}
	if inRoot != "" {
		label = inRoot
	}
	return v, label, nil
}

// onlyOurs drops what is wrong with the drives of others.
func onlyOurs(label string, err error) error {
	if ours(label) {
		return err
	}
	return nil
}

// bootLabel is that of the boot sector; "" when nothing says that it is one of FAT.
func bootLabel(boot []byte) string {
	const signature = 0x29             // serial number, label and type follow
	for _, at := range []int{38, 66} { // of FAT12 and FAT16, of FAT32
		if boot[at] == signature && string(boot[at+16:at+19]) == "FAT" {
			return strings.TrimRight(string(boot[at+5:at+16]), " \x00")
		}
	}
	return ""
}

func newFATVolume(r io.ReaderAt, boot []byte) (*fatVolume, error) {
	u16 := func(at int) int64 { return int64(binary.LittleEndian.Uint16(boot[at:])) }
	u32 := func(at int) int64 { return int64(binary.LittleEndian.Uint32(boot[at:])) }
	sector, perCluster := u16(11), int64(boot[13])
	reserved, fats, media := u16(14), int64(boot[16]), boot[21]
	switch {
	case !powerOfTwo(sector) || sector < 512 || sector > 4096:
		return nil, fmt.Errorf("its boot sector says that a sector has %d bytes, want 512 to 4096", sector)
	case !powerOfTwo(perCluster):
		return nil, fmt.Errorf("its boot sector says that a cluster has %d sectors, want a power of two", perCluster)
	case reserved == 0 || fats == 0:
		return nil, fmt.Errorf("its boot sector says that there are %d reserved sectors and %d FATs, want one at least", reserved, fats)
	case media < 0xf8 && media != 0xf0:
		return nil, fmt.Errorf("its boot sector says that the medium is %#x, want 0xf0 or 0xf8 to 0xff", media)
	}
	v := &fatVolume{r: r, fat: reserved * sector, cluster: perCluster * sector}
	fatSectors, total := u16(22), u16(19)
	if total == 0 {
		total = u32(32)
	}
	if fatSectors == 0 { // FAT32, for Linux and for fsck.fat, whatever the number of clusters
		v.bits, fatSectors, v.rootCluster = 32, u32(36), uint32(u32(44))
	}
	v.fatSize = fatSectors * sector
	v.rootStart = v.fat + fats*v.fatSize
	v.rootSize = u16(17) * dirEntry
	v.data = v.rootStart + (v.rootSize+sector-1)/sector*sector
	count := (total*sector - v.data) / v.cluster
	if fatSectors == 0 || count < 1 || count > 0x0ffffff5 {
		return nil, fmt.Errorf("its boot sector says that %d sectors have %d for a FAT and %d clusters of data", total, fatSectors, count)
	}
	v.clusters = uint32(count)
	switch {
	case v.bits == 32:
	case count < 4085:
		v.bits = 12
	default:
		v.bits = 16
	}
	return v, nil
}

func powerOfTwo(n int64) bool { return n > 0 && n&(n-1) == 0 }

// next returns the cluster after c in its chain; 0 when c is the last.
func (v *fatVolume) next(c uint32) (uint32, error) {
	size := 2
	offset := int64(c) * int64(v.bits) / 8
	if v.bits == 32 {
		size = 4
	}
	if offset+int64(size) > v.fatSize {
		return 0, fmt.Errorf("cluster %d lies beyond the end of the FAT", c)
	}
	b, err := readAt(v.r, v.fat+offset, size)
	if err != nil {
		return 0, err
	}
	var value, last uint32
	switch v.bits {
	case 12:
		value, last = uint32(binary.LittleEndian.Uint16(b)), 0xff8
		if c%2 == 1 {
			value >>= 4
		}
		value &= 0xfff
	case 16:
		value, last = uint32(binary.LittleEndian.Uint16(b)), 0xfff8
	default:
		value, last = binary.LittleEndian.Uint32(b)&0x0fffffff, 0x0ffffff8
	}
	if value >= last {
		return 0, nil
	}
	return value, nil
}

// chain yields the offset of each cluster, until the chain ends or an error.
func (v *fatVolume) chain(first uint32) iter.Seq2[int64, error] {
	return func(yield func(int64, error) bool) {
		seen := make(map[uint32]bool)
		for c := first; c != 0; {
			if c < 2 || c-2 >= v.clusters {
				yield(0, fmt.Errorf("cluster %d is in its chain; there are 2 to %d", c, v.clusters+1))
				return
			}
			if seen[c] {
				yield(0, fmt.Errorf("the chain of its clusters is a loop: cluster %d is in it twice", c))
				return
			}
			seen[c] = true
			if !yield(v.data+int64(c-2)*v.cluster, nil) {
				return
			}
			var err error
			if c, err = v.next(c); err != nil {
				yield(0, err)
				return
			}
		}
	}
}

func (v *fatVolume) read(e entry, limit int) ([]byte, error) {
	size := int(min(int64(e.size), int64(limit)))
	data := make([]byte, 0, size)
	for offset, err := range v.chain(e.start) {
		if err != nil {
			return nil, err
		}
		if len(data) == size {
			break
		}
		b, err := readAt(v.r, offset, int(min(v.cluster, int64(size-len(data)))))
		if err != nil {
			return nil, err
		}
		data = append(data, b...)
	}
	if len(data) < size {
		return nil, fmt.Errorf("the chain of its clusters ends after %d of its %d bytes", len(data), e.size)
	}
	return data, nil
}
