package nocloud

import (
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"strings"
	"unicode/utf16"
)

const (
	dirEntry = 32 // bytes
	// maxFATDirectory is the most that the specification allows.
	maxFATDirectory = 65536 * dirEntry
)

// extents yields offset and length of the parts of the root directory.
func (v *fatVolume) extents() iter.Seq2[[2]int64, error] {
	return func(yield func([2]int64, error) bool) {
		if v.bits != 32 {
			yield([2]int64{v.rootStart, v.rootSize}, nil)
			return
		}
		if v.rootCluster == 0 {
			yield([2]int64{}, errors.New("its first cluster is 0"))
			return
		}
		left := int64(maxFATDirectory)
		for offset, err := range v.chain(v.rootCluster) {
			if err == nil && left <= 0 {
				err = fmt.Errorf("it is longer than %d bytes", maxFATDirectory)
			}
			if !yield([2]int64{offset, v.cluster}, err) || err != nil {
				return
			}
			left -= v.cluster
		}
	}
}

// records yields the entries of the root directory, as they are on the disk.
func (v *fatVolume) records() iter.Seq2[[]byte, error] {
	const step = 512 // divides all extents
	return func(yield func([]byte, error) bool) {
		for extent, err := range v.extents() {
			if err != nil {
				yield(nil, err)
				return
			}
			for done := int64(0); done < extent[1]; done += step {
				b, err := readAt(v.r, extent[0]+done, int(min(step, extent[1]-done)))
				if err != nil {
					yield(nil, err)
					return
				}
				for ; len(b) >= dirEntry; b = b[dirEntry:] {
					if b[0] == 0 { // nothing was ever written from here on
						return
					}
					if !yield(b[:dirEntry], nil) {
						return
					}
				}
			}
		}
	}
}

// Attributes of an entry.
const (
	attributes    = 11 // its byte
	attrVolume    = 0x08
	attrDirectory = 0x10
	attrLongName  = 0x0f // all of these: a part of a long name
	attrMask      = 0x3f
	deleted       = 0xe5
)

func isLongName(b []byte) bool { return b[attributes]&attrMask == attrLongName }

func (v *fatVolume) rootLabel() (string, error) {
	for b, err := range v.records() {
		if err != nil {
			return "", err
		}
		if b[0] != deleted && !isLongName(b) && b[attributes]&(attrVolume|attrDirectory) == attrVolume {
			return strings.TrimRight(string(b[:11]), " "), nil
		}
	}
	return "", nil
}

func (v *fatVolume) root() ([]entry, error) {
	var entries []entry
	var long longName
	for b, err := range v.records() {
		switch {
		case err != nil:
			return nil, err
		case b[0] == deleted:
			long = longName{}
			continue
		case isLongName(b):
			long.add(b)
			continue
		case b[attributes]&attrVolume != 0:
			long = longName{}
			continue
		}
		if len(entries) == maxEntries {
			return nil, fmt.Errorf("it has more than %d files", maxEntries)
		}
		e := entry{
			name:  long.of(b),
			start: uint32(binary.LittleEndian.Uint16(b[20:]))<<16 | uint32(binary.LittleEndian.Uint16(b[26:])),
			size:  binary.LittleEndian.Uint32(b[28:]),
		}
		if v.bits != 32 {
			e.start &= 0xffff
		}
		if b[attributes]&attrDirectory != 0 {
			e.unfit = "is a directory"
		}
		entries = append(entries, e)
		long = longName{}
	}
	return entries, nil
}

// longName is put together from entries that stand before that of the file, the last
// part first.
type longName struct {
	units    []uint16 // what is known of it, from its end
	next     int      // number of the part that must follow; 0 when it is complete
	checksum byte
}

func (l *longName) add(b []byte) {
	const lastPart, perPart = 0x40, 13
	number := int(b[0] &^ lastPart)
	if b[0]&lastPart != 0 {
		*l = longName{next: number, checksum: b[13]}
	}
	if number == 0 || number > 20 || number != l.next || b[13] != l.checksum {
		*l = longName{}
		return
	}
	part := make([]uint16, 0, perPart)
	for _, at := range []int{1, 3, 5, 7, 9, 14, 16, 18, 20, 22, 24, 28, 30} {
		part = append(part, binary.LittleEndian.Uint16(b[at:]))
	}
	l.units = append(part, l.units...)
	l.next--
}

// of returns the long name of the entry, or the short one when none belongs to it.
func (l *longName) of(b []byte) string {
	var sum byte
	for _, c := range b[:11] {
		sum = sum>>1 | sum<<7
		sum += c
	}
	if len(l.units) > 0 && l.next == 0 && l.checksum == sum {
		name, _, _ := strings.Cut(string(utf16.Decode(l.units)), "\x00")
		return name
	}
	name := strings.TrimRight(string(b[:8]), " ")
	if extension := strings.TrimRight(string(b[8:11]), " "); extension != "" {
		name += "." + extension
	}
	return name
}
