package disk

import (
	"fmt"
	"io"
	"os"
	"path"

	"github.com/diskfs/go-diskfs/backend"
	"github.com/diskfs/go-diskfs/backend/file"
	"github.com/diskfs/go-diskfs/filesystem/fat32"
	"github.com/diskfs/go-diskfs/partition/gpt"

	"twinlb/image/qcow2"
	"twinlb/seed"
)

// Image is what a disk image holds.
type Image struct {
	Format     Format
	Size       int64 // of the disk, in bytes
	Partitions []Partition
	ESP        []File
	Seed       []byte // the whole partition, zeros behind the seed included
}

// Partition is an entry of the partition table.
type Partition struct {
	Name   string
	Type   string // GUID
	GUID   string
	Offset int64 // in bytes
	Size   int64 // in bytes
}

// Read reads a disk image that Write made, whichever its format.
func Read(path string) (*Image, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read disk image: %w", err)
	}
	defer f.Close()
	m, err := read(f)
	if err != nil {
		return nil, fmt.Errorf("read disk image %s: %w", path, err)
	}
	return m, nil
}

func read(f *os.File) (*Image, error) {
	m, disk, err := open(f)
	if err != nil {
		return nil, err
	}
	t, err := gpt.Read(disk, sectorSize, sectorSize)
	if err != nil {
		return nil, fmt.Errorf("partition table: %w", err)
	}
	for _, p := range t.Partitions {
		m.Partitions = append(m.Partitions, Partition{
			Name: p.Name, Type: string(p.Type), GUID: p.GUID, Offset: p.GetStart(), Size: p.GetSize()})
	}
	esp, err := m.partition(espLabel, string(gpt.EFISystemPartition))
	if err != nil {
		return nil, err
	}
	v, err := fat32.Read(disk, esp.Size, esp.Offset, sectorSize)
	if err != nil {
		return nil, fmt.Errorf("ESP: %w", err)
	}
	if m.ESP, err = readFiles(v, "."); err != nil {
		return nil, fmt.Errorf("ESP: %w", err)
	}
	own, err := m.partition(seed.PartitionName, SeedType)
	if err != nil {
		return nil, err
	}
	if m.Seed, err = io.ReadAll(io.NewSectionReader(disk, own.Offset, own.Size)); err != nil {
		return nil, fmt.Errorf("seed partition: %w", err)
	}
	return m, nil
}

// open tells the format and gives access to the disk inside.
func open(f *os.File) (*Image, backend.Storage, error) {
	magic := make([]byte, len(qcow2.Magic))
	if _, err := f.ReadAt(magic, 0); err != nil {
		return nil, nil, err
	}
	if string(magic) == qcow2.Magic {
		d, err := qcow2.Open(f)
		if err != nil {
			return nil, nil, err
		}
		content := file.New(section{io.NewSectionReader(d, 0, d.Size), f}, true)
		return &Image{Format: QCOW2, Size: d.Size}, content, nil
	}
	info, err := f.Stat()
	if err != nil {
		return nil, nil, err
	}
	return &Image{Format: Raw, Size: info.Size()}, file.New(f, true), nil
}

// section is the disk within a file, as an fs.File.
type section struct {
	*io.SectionReader
	f *os.File
}

func (s section) Stat() (os.FileInfo, error) { return s.f.Stat() }
func (s section) Close() error               { return s.f.Close() }

func (m *Image) partition(name, kind string) (Partition, error) {
	for _, p := range m.Partitions {
		if p.Name == name && p.Type == kind {
			return p, nil
		}
	}
	return Partition{}, fmt.Errorf("no partition named %s of type %s; want an image made by twinlb", name, kind)
}

func readFiles(v *fat32.FileSystem, dir string) ([]File, error) {
	entries, err := v.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var files []File
	for _, e := range entries {
		name := path.Join(dir, e.Name())
		if e.IsDir() {
			below, err := readFiles(v, name)
			if err != nil {
				return nil, err
			}
			files = append(files, below...)
			continue
		}
		data, err := v.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("file %q: %w", name, err)
		}
		files = append(files, File{Path: name, Data: data})
	}
	return files, nil
}
