package qcow2

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
)

// Write writes the disk of size bytes as a qcow2 file. Clusters that hold only
// zeros take no room. The same disk gives the same bytes.
func Write(w io.Writer, disk io.ReaderAt, size int64) error {
	m, err := plan(disk, size)
	if err != nil {
		return fmt.Errorf("write qcow2: %w", err)
	}
	out := bufio.NewWriterSize(w, clusterSize)
	if err := m.writeTables(out); err != nil {
		return fmt.Errorf("write qcow2: tables: %w", err)
	}
	for _, c := range m.data {
		cluster, err := readCluster(disk, size, c)
		if err != nil {
			return fmt.Errorf("write qcow2: %w", err)
		}
		if _, err := out.Write(cluster); err != nil {
			return fmt.Errorf("write qcow2: cluster %d: %w", c, err)
		}
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("write qcow2: %w", err)
	}
	return nil
}

// layout is the file in clusters, in the order of its fields: header, refcount
// table, refcount blocks, L1 table, L2 tables, data.
type layout struct {
	size           int64
	refcountTable  int64 // number of clusters
	refcountBlocks int64
	l1             int64
	l2             []int64 // the L1 entries that have an L2 table
	data           []int64 // the disk's clusters that are not all zeros
}

func plan(disk io.ReaderAt, size int64) (*layout, error) {
	m := &layout{size: size, refcountTable: 1}
	m.l1 = ceilDiv(m.l1Entries()*8, clusterSize)
	for c := range ceilDiv(size, clusterSize) {
		cluster, err := readCluster(disk, size, c)
		if err != nil {
			return nil, err
		}
		if bytes.Equal(cluster, zeros[:]) {
			continue
		}
		m.data = append(m.data, c)
		if i := c / l2Entries; len(m.l2) == 0 || m.l2[len(m.l2)-1] != i {
			m.l2 = append(m.l2, i)
		}
	}
	for m.refcountBlocks*refcounts < m.clusters() {
		m.refcountBlocks++
	}
	return m, nil
}

var zeros [clusterSize]byte

func readCluster(disk io.ReaderAt, size, c int64) ([]byte, error) {
	b := make([]byte, clusterSize)
	n := min(clusterSize, size-c*clusterSize)
	if _, err := io.ReadFull(io.NewSectionReader(disk, c*clusterSize, n), b[:n]); err != nil {
		return nil, fmt.Errorf("disk of %d bytes, cluster %d: %w", size, c, err)
	}
	return b, nil
}

func (m *layout) l1Entries() int64 { return ceilDiv(m.size, clusterSize*l2Entries) }
func (m *layout) blocksAt() int64  { return 1 + m.refcountTable }
func (m *layout) l1At() int64      { return m.blocksAt() + m.refcountBlocks }
func (m *layout) l2At() int64      { return m.l1At() + m.l1 }
func (m *layout) dataAt() int64    { return m.l2At() + int64(len(m.l2)) }
func (m *layout) clusters() int64  { return m.dataAt() + int64(len(m.data)) }

func (m *layout) writeTables(w io.Writer) error {
	tables := make([]byte, m.dataAt()*clusterSize)
	h := header{
		Magic:                 [4]byte([]byte(Magic)),
		Version:               3,
		ClusterBits:           clusterBits,
		Size:                  uint64(m.size),
		L1Size:                uint32(m.l1Entries()),
		L1TableOffset:         uint64(m.l1At() * clusterSize),
		RefcountTableOffset:   clusterSize,
		RefcountTableClusters: uint32(m.refcountTable),
		RefcountOrder:         refcountOrder,
	}
	h.HeaderLength = uint32(binary.Size(h))
	if _, err := binary.Encode(tables, binary.BigEndian, h); err != nil {
		return err
	}
	entry := func(table, i, cluster int64, flags uint64) {
		binary.BigEndian.PutUint64(tables[table*clusterSize+i*8:], uint64(cluster*clusterSize)|flags)
	}
	for i := range m.refcountBlocks {
		entry(1, i, m.blocksAt()+i, 0)
	}
	for c := range m.clusters() {
		binary.BigEndian.PutUint16(tables[m.blocksAt()*clusterSize+c*2:], 1)
	}
	l2 := make(map[int64]int64, len(m.l2)) // L1 entry to the cluster of its L2 table
	for n, i := range m.l2 {
		l2[i] = m.l2At() + int64(n)
		entry(m.l1At(), i, l2[i], flagCopied)
	}
	for n, c := range m.data {
		entry(l2[c/l2Entries], c%l2Entries, m.dataAt()+int64(n), flagCopied)
	}
	_, err := w.Write(tables)
	return err
}
