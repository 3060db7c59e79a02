package nocloud

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf16"
)

// What ISO 9660 calls and how it lays them out is in ECMA-119; Joliet is described in
// Microsoft's Joliet Specification, 1995.
const (
	block = 2048
	// The volume descriptors begin in block 16. Any number may follow; more than these
	// no tool writes.
	firstDescriptor = 16
	maxDescriptors  = 32
	// maxISODirectory is in bytes: thousands of files.
	maxISODirectory = 1 << 20
)

// isoVolume is ISO 9660, plain, with Rock Ridge's names or those of Joliet.
type isoVolume struct {
	r         io.ReaderAt
	directory entry // the root
	joliet    bool
	rockRidge *rockRidge // nil when there are no such fields
}

// openISO prefers Rock Ridge to Joliet to plain names, as Linux does.
func openISO(r io.ReaderAt) (fileSystem, string, error) {
	primary, err := beginning(r, firstDescriptor*block, block)
	if primary == nil {
		return nil, "", err
	}
	if string(primary[:6]) != "\x01CD001" {
		return nil, "", nil
	}
	label := strings.TrimRight(string(primary[40:72]), " \x00")
	if !ours(label) {
		return nil, label, nil
	}
	v, err := newISOVolume(r, primary)
	return v, label, err
}

func newISOVolume(r io.ReaderAt, primary []byte) (*isoVolume, error) {
	v, err := describedBy(r, primary)
	if err != nil {
		return nil, fmt.Errorf("its volume descriptor: %w", err)
	}
	if v.rockRidge, err = findRockRidge(v); err != nil {
		return nil, fmt.Errorf("its root directory: %w", err)
	}
	if v.rockRidge != nil {
		return v, nil
	}
	for i := range int64(maxDescriptors) {
		b, err := readAt(r, (firstDescriptor+1+i)*block, block)
		switch {
		case err != nil:
			return nil, fmt.Errorf("its volume descriptors: %w", err)
		case string(b[1:6]) != "CD001":
			return nil, fmt.Errorf("its volume descriptors: number %d begins with %q, want CD001 after a byte", i+2, b[:6])
		case b[0] == 255: // the last
			return v, nil
		case b[0] == 2 && isJoliet(b[88:91]):
			if v, err = describedBy(r, b); err != nil {
				return nil, fmt.Errorf("its volume descriptor of Joliet: %w", err)
			}
			v.joliet = true
			return v, nil
		}
	}
	return nil, fmt.Errorf("its volume descriptors: none of %d is the last", maxDescriptors)
}

// isJoliet tells by the escape sequences of UCS-2, levels 1 to 3.
func isJoliet(escape []byte) bool {
	return escape[0] == '%' && escape[1] == '/' && strings.IndexByte("@CE", escape[2]) >= 0
}

// describedBy reads a volume descriptor: the size of blocks and the record of the root.
func describedBy(r io.ReaderAt, b []byte) (*isoVolume, error) {
	if size := binary.LittleEndian.Uint16(b[128:]); size != block {
		return nil, fmt.Errorf("a block has %d bytes, want %d", size, block)
	}
	root, err := newRecord(b[156:190])
	if err != nil {
		return nil, fmt.Errorf("its root directory: %w", err)
	}
	if root.size == 0 || root.size > maxISODirectory {
		return nil, fmt.Errorf("its root directory has %d bytes, want 1 to %d", root.size, maxISODirectory)
	}
	return &isoVolume{r: r, directory: entry{start: root.start, size: root.size}}, nil
}

// record is an entry of a directory.
type record struct {
	start, size uint32
	flags       byte
	interleaved bool
	identifier  []byte
	systemUse   []byte
}

// Flags of a record.
const (
	flagDirectory  = 0x02
	flagAssociated = 0x04 // Apple's resource fork of the file of the same name
	flagContinued  = 0x80 // the next record is a further part of the same file
)

// newRecord takes the record at the beginning of b apart.
func newRecord(b []byte) (record, error) {
	const fixed = 33
	length := int(b[0])
	if length <= fixed || length > len(b) {
		return record{}, fmt.Errorf("a record has %d bytes, want %d to %d", length, fixed+1, len(b))
	}
	named := fixed + int(b[32])
	if b[32] == 0 || named > length {
		return record{}, fmt.Errorf("a record of %d bytes has a name of %d, want 1 to %d", length, b[32], length-fixed)
	}
	return record{
		start:       binary.LittleEndian.Uint32(b[2:]) + uint32(b[1]), // after the extended attributes
		size:        binary.LittleEndian.Uint32(b[10:]),
		flags:       b[25],
		interleaved: b[26] != 0 || b[27] != 0,
		identifier:  b[fixed:named],
		systemUse:   b[min(named+(named&1), length):length], // begins at an even byte
	}, nil
}

// records calls visit for each record of the root directory, the first two of which are
// the directory itself and the one above.
func (v *isoVolume) records(visit func(record) error) error {
	count := 0
	for at := uint32(0); at < v.directory.size; at += block {
		b, err := readAt(v.r, int64(v.directory.start)*block+int64(at), int(min(block, v.directory.size-at)))
		if err != nil {
			return err
		}
		for len(b) > 0 && b[0] != 0 { // no record goes beyond its block
			r, err := newRecord(b)
			if err != nil {
				return err
			}
			if count++; count > maxEntries {
				return fmt.Errorf("it has more than %d files", maxEntries)
			}
			if err := visit(r); err != nil {
				return err
			}
			b = b[b[0]:]
		}
	}
	return nil
}

func (v *isoVolume) root() ([]entry, error) {
	var entries []entry
	further := false
	err := v.records(func(r record) error {
		part := further
		further = r.flags&flagContinued != 0
		if part || r.flags&flagAssociated != 0 || len(r.identifier) == 1 && r.identifier[0] <= 1 {
			return nil
		}
		e := entry{name: v.plainName(r.identifier), start: r.start, size: r.size}
		switch {
		case r.flags&flagDirectory != 0:
			e.unfit = "is a directory"
		case further:
			e.unfit = "is a file in several extents, one of which can be 4 GiB"
		case r.interleaved:
			e.unfit = "is an interleaved file"
		}
		if v.rockRidge != nil {
			if err := v.rockRidge.describe(&e, r.systemUse); err != nil {
				return fmt.Errorf("%q: %w", e.name, err)
			}
		}
		entries = append(entries, e)
		return nil
	})
	return entries, err
}

// plainName is the name without a version and the point of an empty extension.
func (v *isoVolume) plainName(identifier []byte) string {
	name := string(identifier)
	if v.joliet {
		units := make([]uint16, len(identifier)/2)
		for i := range units {
			units[i] = binary.BigEndian.Uint16(identifier[2*i:])
		}
		name = string(utf16.Decode(units))
	}
	name, _, _ = strings.Cut(name, ";")
	return strings.TrimSuffix(name, ".")
}

func (v *isoVolume) read(e entry, limit int) ([]byte, error) {
	return readAt(v.r, int64(e.start)*block, int(min(int64(e.size), int64(limit))))
}

var errFirst = errors.New("stop") // ends records after the first

// findRockRidge looks at the first record, where the System Use Sharing Protocol says
// that it is used.
func findRockRidge(v *isoVolume) (found *rockRidge, err error) {
	err = v.records(func(r record) error {
		if !bytes.Equal(r.identifier, []byte{0}) {
			return errors.New("its first record is not the directory itself")
		}
		// SP, its length and version, and two bytes to check that.
		if use := r.systemUse; len(use) >= 7 && string(use[:2]) == "SP" && use[4] == 0xbe && use[5] == 0xef {
			found = &rockRidge{r: v.r, skip: int(use[6])}
		}
		return errFirst
	})
	if errors.Is(err, errFirst) {
		err = nil
	}
	return found, err
}
