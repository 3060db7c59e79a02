// Package qcow2 writes and reads disk images in QEMU's qcow2 format, version 3
// (QEMU, docs/interop/qcow2.txt).
//
// It owns the format as far as our own images use it: no compression, no
// snapshots, no backing file. It knows nothing of what the disk holds.
package qcow2

const (
	clusterBits = 16
	clusterSize = 1 << clusterBits
	// An L2 table is one cluster of 8-byte entries.
	l2Entries = clusterSize / 8
	// A refcount block is one cluster of 2-byte counts.
	refcountOrder = 4
	refcounts     = clusterSize / 2

	flagCopied = 1 << 63 // the cluster's refcount is 1
	offsetMask = 0x00ff_ffff_ffff_fe00
)

// Magic begins every qcow2 file.
const Magic = "QFI\xfb"

// header is the file header as it lies on disk, big endian.
type header struct {
	Magic                 [4]byte
	Version               uint32
	BackingFileOffset     uint64
	BackingFileSize       uint32
	ClusterBits           uint32
	Size                  uint64 // of the disk, in bytes
	CryptMethod           uint32
	L1Size                uint32 // in entries
	L1TableOffset         uint64
	RefcountTableOffset   uint64
	RefcountTableClusters uint32
	NbSnapshots           uint32
	SnapshotsOffset       uint64
	IncompatibleFeatures  uint64
	CompatibleFeatures    uint64
	AutoclearFeatures     uint64
	RefcountOrder         uint32
	HeaderLength          uint32
}

func ceilDiv(n, by int64) int64 { return (n + by - 1) / by }
