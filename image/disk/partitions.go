package disk

import (
	"fmt"
	"os"

	"twinlb/seed"

	"github.com/diskfs/go-diskfs/partition/gpt"
)

// SeedType is the partition type of the seed partition, made for it. Its name is
// seed.PartitionName.
const SeedType = "7A1D6E5C-2B4F-4C0E-9D53-5457494E4C42"

const (
	biosBootStart = 34 // first sector behind the GPT
	espStart      = mib / sectorSize
	minSeedSize   = 2 * mib
	backupGPTSize = mib // 33 sectors, rounded up
)

// extent is where a partition lies, in sectors.
type extent struct{ start, count int64 }

func (e extent) offset() int64 { return e.start * sectorSize }
func (e extent) size() int64   { return e.count * sectorSize }

// table is where everything lies on a disk of size bytes.
type table struct {
	biosBoot, esp, seed extent
	size                int64
}

func plan(espSectors int64, seedSize int) table {
	seedSectors := max(minSeedSize, roundUp(int64(seedSize), mib)) / sectorSize
	seedStart := espStart + espSectors
	return table{
		biosBoot: extent{biosBootStart, espStart - biosBootStart},
		esp:      extent{espStart, espSectors},
		seed:     extent{seedStart, seedSectors},
		size:     (seedStart+seedSectors)*sectorSize + backupGPTSize,
	}
}

// write writes the protective MBR and both copies of the GPT (UEFI 2.10 §5.3).
func (t table) write(f *os.File, id [16]byte) error {
	entry := func(index int, name string, kind gpt.Type, e extent) *gpt.Partition {
		return &gpt.Partition{Index: index, Name: name, Type: kind, GUID: guid(id, name),
			Start: uint64(e.start), Size: uint64(e.size())}
	}
	g := gpt.Table{
		LogicalSectorSize: sectorSize,
		ProtectiveMBR:     true,
		GUID:              guid(id, "disk"),
		Partitions: []*gpt.Partition{
			entry(1, "TWINLB-BIOS", gpt.BIOSBoot, t.biosBoot),
			entry(2, espLabel, gpt.EFISystemPartition, t.esp),
			entry(3, seed.PartitionName, SeedType, t.seed),
		},
	}
	if err := g.Write(f, t.size); err != nil {
		return fmt.Errorf("partition table: %w", err)
	}
	return nil
}

// guid is a UUID of version 8, from a hash (RFC 9562 §5.8).
func guid(id [16]byte, name string) string {
	b := derive(id, name)
	b[6] = b[6]&0x0f | 0x80
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%X-%X-%X-%X-%X", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

func roundUp(n, to int64) int64 { return (n + to - 1) / to * to }
