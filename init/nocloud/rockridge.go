package nocloud

import (
	"encoding/binary"
	"fmt"
	"io"
	"strings"
)

// rockRidge reads the fields of the Rock Ridge Interchange Protocol (RRIP, IEEE P1282)
// in the form of the System Use Sharing Protocol (SUSP, IEEE P1281).
type rockRidge struct {
	r    io.ReaderAt
	skip int // bytes of a system use area before the first field
	// continued counts the areas that are elsewhere, of all records: each is a read.
	continued int
}

const maxContinued = maxEntries

// field is one of a system use area.
type field struct {
	signature string
	data      []byte
}

// fields takes a record's area apart, and those that continue it.
func (rr *rockRidge) fields(area []byte) ([]field, error) {
	const most = 256 // of a record; a handful is usual
	var all []field
	area = area[min(rr.skip, len(area)):]
	for {
		var next []byte // where the area goes on
		for len(area) >= 4 {
			length := int(area[2])
			if length < 4 || length > len(area) {
				return nil, fmt.Errorf("a field of Rock Ridge has %d bytes, want 4 to %d", length, len(area))
			}
			f := field{string(area[:2]), area[4:length]}
			area = area[length:]
			if f.signature == "ST" { // the last
				break
			}
			if f.signature == "CE" {
				next = f.data
				continue
			}
			if len(all) == most {
				return nil, fmt.Errorf("it has more than %d fields of Rock Ridge", most)
			}
			all = append(all, f)
		}
		if next == nil {
			return all, nil
		}
		var err error
		if area, err = rr.continuation(next); err != nil {
			return nil, err
		}
	}
}

// continuation reads the area that a field CE points at: block, offset and length,
// each in both byte orders.
func (rr *rockRidge) continuation(ce []byte) ([]byte, error) {
	if rr.continued++; rr.continued > maxContinued {
		return nil, fmt.Errorf("the fields of Rock Ridge are continued more than %d times, perhaps in a loop", maxContinued)
	}
	if len(ce) < 24 {
		return nil, fmt.Errorf("the field CE of Rock Ridge has %d bytes, want 28", len(ce)+4)
	}
	at, offset, length := binary.LittleEndian.Uint32(ce), binary.LittleEndian.Uint32(ce[8:]), binary.LittleEndian.Uint32(ce[16:])
	if offset >= block || length > block-offset {
		return nil, fmt.Errorf("the field CE of Rock Ridge points at bytes %d to %d of a block, which has %d",
			offset, uint64(offset)+uint64(length), block)
	}
	return readAt(rr.r, int64(at)*block+int64(offset), int(length))
}

// describe gives an entry its name and says when it is no plain file.
func (rr *rockRidge) describe(e *entry, area []byte) error {
	const directory, regular, typeMask = 0o040000, 0o100000, 0o170000 // POSIX file modes
	fields, err := rr.fields(area)
	if err != nil {
		return err
	}
	var name, target strings.Builder
	link := false
	for _, f := range fields {
		switch {
		case f.signature == "NM" && len(f.data) >= 1: // flags, then a part of the name
			name.Write(f.data[1:])
		case f.signature == "PX" && len(f.data) >= 4:
			switch kind := binary.LittleEndian.Uint32(f.data) & typeMask; {
			case kind == directory:
				e.unfit = "is a directory"
			case kind != regular:
				e.unfit = fmt.Sprintf("is no regular file: its mode is %#o", binary.LittleEndian.Uint32(f.data))
			}
		case f.signature == "SL" && len(f.data) >= 1:
			link = true
			writeTarget(&target, f.data[1:])
		case f.signature == "CL":
			e.unfit = "is a directory"
		case f.signature == "ZF":
			e.unfit = "is compressed (zisofs)"
		}
	}
	if link {
		e.unfit = fmt.Sprintf("is a symbolic link to %q; links are not followed", target.String())
	}
	if name.Len() > 0 {
		e.name = name.String()
	}
	return nil
}

// writeTarget writes the components of a link: flags, length, text. It is for people to read.
func writeTarget(target *strings.Builder, components []byte) {
	for len(components) >= 2 {
		flags, length := components[0], int(components[1])
		text := string(components[2:min(2+length, len(components))])
		components = components[min(2+length, len(components)):]
		switch {
		case flags&0x02 != 0:
			text = "."
		case flags&0x04 != 0:
			text = ".."
		case flags&0x08 != 0: // the root: a slash follows
		}
		if target.Len() > 0 && !strings.HasSuffix(target.String(), "/") {
			target.WriteByte('/')
		}
		target.WriteString(text)
		if flags&0x08 != 0 {
			target.WriteByte('/')
		}
	}
}
