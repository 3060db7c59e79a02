package qcow2

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Disk is the disk that a qcow2 file holds. It implements io.ReaderAt.
type Disk struct {
	Size int64 // in bytes
	file io.ReaderAt
	l2   map[int64][]uint64 // L2 tables by their index in the L1 table
}

// Open reads the tables of a qcow2 file such as Write makes. It refuses what it
// can't read: a backing file, encryption, another cluster size, and features
// that a reader must know.
func Open(file io.ReaderAt) (*Disk, error) {
	var h header
	r := io.NewSectionReader(file, 0, clusterSize)
	if err := binary.Read(r, binary.BigEndian, &h); err != nil {
		return nil, fmt.Errorf("read qcow2: header: %w", err)
	}
	switch {
	case string(h.Magic[:]) != Magic:
		return nil, fmt.Errorf("read qcow2: file begins with %q, want %q", h.Magic, Magic)
	case h.Version != 3 || h.ClusterBits != clusterBits:
		return nil, fmt.Errorf("read qcow2: version %d with clusters of 2^%d bytes; want version 3 with 2^%d", h.Version, h.ClusterBits, clusterBits)
	case h.BackingFileOffset != 0:
		return nil, errors.New("read qcow2: needs a backing file; want an image that stands alone")
	case h.CryptMethod != 0 || h.IncompatibleFeatures != 0:
		return nil, fmt.Errorf("read qcow2: encryption %d, incompatible features %#x; want neither", h.CryptMethod, h.IncompatibleFeatures)
	}
	d := &Disk{Size: int64(h.Size), file: file, l2: make(map[int64][]uint64)}
	if want := ceilDiv(d.Size, clusterSize*l2Entries); int64(h.L1Size) != want || want > l2Entries {
		return nil, fmt.Errorf("read qcow2: L1 table of %d entries for %d bytes; want %d", h.L1Size, d.Size, want)
	}
	l1, err := d.table(h.L1TableOffset, int(h.L1Size))
	if err != nil {
		return nil, fmt.Errorf("read qcow2: L1 table: %w", err)
	}
	for i, e := range l1 {
		if e&offsetMask == 0 {
			continue
		}
		if d.l2[int64(i)], err = d.table(e&offsetMask, l2Entries); err != nil {
			return nil, fmt.Errorf("read qcow2: L2 table %d: %w", i, err)
		}
	}
	return d, nil
}

func (d *Disk) table(offset uint64, entries int) ([]uint64, error) {
	t := make([]uint64, entries)
	r := io.NewSectionReader(d.file, int64(offset), int64(entries)*8)
	return t, binary.Read(r, binary.BigEndian, t)
}

// ReadAt implements io.ReaderAt.
func (d *Disk) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, fmt.Errorf("read qcow2: negative offset %d", off)
	}
	n := 0
	for n < len(p) {
		at := off + int64(n)
		if at >= d.Size {
			return n, io.EOF
		}
		within := at % clusterSize
		part := p[n:min(len(p), n+int(min(clusterSize-within, d.Size-at)))]
		if err := d.readCluster(part, at/clusterSize, within); err != nil {
			return n, fmt.Errorf("read qcow2: offset %d: %w", at, err)
		}
		n += len(part)
	}
	return n, nil
}

// readCluster fills p from the disk's cluster c.
func (d *Disk) readCluster(p []byte, c, within int64) error {
	const flagCompressed, flagZero = 1 << 62, 1
	var e uint64
	if t, ok := d.l2[c/l2Entries]; ok {
		e = t[c%l2Entries]
	}
	switch {
	case e&flagCompressed != 0:
		return errors.New("cluster is compressed; want an image without compression")
	case e&offsetMask == 0 || e&flagZero != 0:
		clear(p)
		return nil
	}
	_, err := d.file.ReadAt(p, int64(e&offsetMask)+within)
	return err
}
