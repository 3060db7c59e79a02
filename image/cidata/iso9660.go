package cidata

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf16"
)

// isoLabel is lower case as everybody's is, although the standard (ECMA-119) has
// no such letters.
const isoLabel = "cidata"

const sector = 2048

// The sectors, in their order. The Rock Ridge names stand in the directory of the
// standard, the Joliet ones in a directory of their own.
const (
	primarySector = 16 + iota
	jolietSector
	endSector
	pathTableSector          // little endian
	pathTableBigSector       // big endian
	jolietPathTableSector    // little endian
	jolietPathTableBigSector // big endian
	rootSector
	extensionsSector // says that the directory has Rock Ridge names
	jolietRootSector
	dataSector
)

// entry is a file with its place.
type entry struct {
	File
	sector uint32
}

// writeISO9660 writes a CD image with the file names of Rock Ridge (IEEE P1282) and
// of Joliet. It is not the library that writes the ESP: that one puts the time, the
// user and the size of a folder of its own into what it writes.
func writeISO9660(w io.WriterAt, files []File) error {
	entries := make([]entry, len(files))
	next := uint32(dataSector)
	for i, f := range files {
		entries[i] = entry{f, next}
		next += sectors(len(f.Data))
	}
	slices.SortFunc(entries, func(x, y entry) int { return cmp.Compare(isoName(x.Name), isoName(y.Name)) })
	root := directory(rootSector, rockRidgeRoot(), entries, isoName, rockRidge)
	slices.SortFunc(entries, func(x, y entry) int { return cmp.Compare(x.Name, y.Name) })
	joliet := directory(jolietRootSector, nil, entries, ucs2, nil)
	if most := max(len(root), len(joliet)); most > sector {
		return fmt.Errorf("ISO 9660: %d files need a directory of %d bytes, want at most %d", len(files), most, sector)
	}

	image := make([]byte, next*sector)
	at := func(n int) []byte { return image[n*sector : (n+1)*sector] }
	describe(at(primarySector), 1, next, pathTableSector, rootSector, func(text string) string { return text }, " ")
	describe(at(jolietSector), 2, next, jolietPathTableSector, jolietRootSector, ucs2, "\x00 ")
	copy(at(jolietSector)[88:], "%/E") // UCS-2, level 3
	copy(at(endSector), "\xffCD001\x01")
	for first, root := range map[int]uint32{pathTableSector: rootSector, jolietPathTableSector: jolietRootSector} {
		copy(at(first), pathTable(binary.LittleEndian, root))
		copy(at(first+1), pathTable(binary.BigEndian, root))
	}
	copy(at(rootSector), root)
	copy(at(extensionsSector), extensions())
	copy(at(jolietRootSector), joliet)
	for _, e := range entries {
		copy(image[e.sector*sector:], e.Data)
	}
	_, err := w.WriteAt(image, 0)
	return err
}

func sectors(bytes int) uint32 { return uint32((bytes + sector - 1) / sector) }

// describe fills a volume descriptor, ECMA-119 §8.4 and §8.5.
func describe(b []byte, kind byte, size, pathTable, root uint32, text func(string) string, space string) {
	b[0] = kind
	copy(b[1:], "CD001\x01")
	for _, field := range [][2]int{{8, 72}, {190, 813}} { // texts that are not set
		copy(b[field[0]:field[1]], strings.Repeat(space, field[1]))
	}
	copy(b[40:72], text(isoLabel))
	copy(b[80:], both32(size))
	copy(b[120:], both16(1)) // discs
	copy(b[124:], both16(1)) // the number of this one
	copy(b[128:], both16(sector))
	copy(b[132:], both32(pathTableSize))
	binary.LittleEndian.PutUint32(b[140:], pathTable)
	binary.BigEndian.PutUint32(b[148:], pathTable+1)
	copy(b[156:], record("\x00", root, sector, true, nil))
	for i := range 2 { // created, modified
		copy(b[813+17*i:], "1980010100000000\x00")
	}
	for i := range 2 { // expires, effective: not set
		copy(b[847+17*i:], strings.Repeat("0", 16)+"\x00")
	}
	b[881] = 1
}

const pathTableSize = 10

// pathTable lists the only directory, ECMA-119 §9.4.
func pathTable(order binary.AppendByteOrder, root uint32) []byte {
	b := order.AppendUint32([]byte{1, 0}, root)
	return append(order.AppendUint16(b, 1), 0, 0)
}

// directory lists itself, its parent, which is itself, and the files. Own is what
// the system use field of the first record begins with.
func directory(at uint32, own []byte, entries []entry, name func(string) string, use func(mode, links uint32, name string) []byte) []byte {
	if use == nil {
		use = func(uint32, uint32, string) []byte { return nil }
	}
	const folder, file = 0o040500, 0o100400
	var b bytes.Buffer
	b.Write(record("\x00", at, sector, true, append(own, use(folder, 2, "")...)))
	b.Write(record("\x01", at, sector, true, use(folder, 2, "")))
	for _, e := range entries {
		b.Write(record(name(e.Name), e.sector, uint32(len(e.Data)), false, use(file, 1, e.Name)))
	}
	return b.Bytes()
}

// record is a directory record, ECMA-119 §9.1.
func record(name string, at, size uint32, folder bool, use []byte) []byte {
	var flags byte
	if folder {
		flags = 2
	}
	b := append([]byte{0, 0}, both32(at)...)
	b = append(b, both32(size)...)
	b = append(b, 80, 1, 1, 0, 0, 0, 0) // 1980-01-01, as on the ESP
	b = append(b, flags, 0, 0)
	b = append(b, both16(1)...)
	b = append(b, byte(len(name)))
	b = even(append(b, name...))
	b = even(append(b, use...))
	b[0] = byte(len(b))
	return b
}

func even(b []byte) []byte {
	if len(b)%2 != 0 {
		b = append(b, 0)
	}
	return b
}

// isoName is a name that the standard allows (ECMA-119 §7.5), for readers that know
// no extension.
func isoName(name string) string {
	return strings.ToUpper(strings.ReplaceAll(name, "-", "_")) + ".;1"
}

// ucs2 is a text in big endian UCS-2.
func ucs2(text string) string {
	var b []byte
	for _, unit := range utf16.Encode([]rune(text)) {
		b = binary.BigEndian.AppendUint16(b, unit)
	}
	return string(b)
}

// rockRidge is a file's owner and mode, and its name (IEEE P1282 §4.1.1, §4.1.4).
func rockRidge(mode, links uint32, name string) []byte {
	b := []byte{'P', 'X', 44, 1}
	for _, value := range []uint32{mode, links, 0, 0, 0} {
		b = append(b, both32(value)...)
	}
	if name != "" {
		b = append(b, 'N', 'M', byte(5+len(name)), 1, 0)
		b = append(b, name...)
	}
	return b
}

// rockRidgeRoot says that there are system use fields, and where they go on
// (IEEE P1281 §5.1, §5.3).
func rockRidgeRoot() []byte {
	b := []byte{'S', 'P', 7, 1, 0xbe, 0xef, 0, 'C', 'E', 28, 1}
	b = append(b, both32(extensionsSector)...)
	b = append(b, both32(0)...)
	return append(b, both32(uint32(len(extensions())))...)
}

// extensions names Rock Ridge (IEEE P1281 §5.5, P1282 §4.3).
func extensions() []byte {
	const (
		id          = "IEEE_1282"
		description = "THE IEEE 1282 PROTOCOL PROVIDES SUPPORT FOR POSIX FILE SYSTEM SEMANTICS"
		source      = "PLEASE CONTACT THE IEEE STANDARDS DEPARTMENT, PISCATAWAY, NJ, USA FOR THE 1282 SPECIFICATION."
	)
	size := 8 + len(id+description+source)
	return append([]byte{'E', 'R', byte(size), 1, byte(len(id)), byte(len(description)), byte(len(source)), 1}, id+description+source...)
}

// both16 and both32 are numbers as the standard has them: little endian, then big
// endian (ECMA-119 §7.2.3, §7.3.3).
func both16(n uint16) []byte {
	return binary.BigEndian.AppendUint16(binary.LittleEndian.AppendUint16(nil, n), n)
}

func both32(n uint32) []byte {
	return binary.BigEndian.AppendUint32(binary.LittleEndian.AppendUint32(nil, n), n)
}
