package nocloud

import (
	"bytes"
	"encoding/binary"
	"slices"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
)

// The smallest drives that there can be, for the fuzzer to begin with.

const tinyText = "#cloud-config\n"

func TestTinyDrives(t *testing.T) {
	want := map[string][]byte{UserData: []byte(tinyText)}
	for name, b := range map[string][]byte{
		"plain": wholeISO(tinyISO(false)), "rock ridge": wholeISO(tinyISO(true)),
		"fat12": tinyFAT(12), "fat32": tinyFAT(32),
	} {
		drive, err := Read(name, bytes.NewReader(b))
		if err != nil || drive == nil {
			t.Fatalf("%s: drive %v, error %v", name, drive, err)
		}
		if diff := cmp.Diff(want, drive.Files); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func FuzzISO9660(f *testing.F) {
	f.Add(tinyISO(false))
	f.Add(tinyISO(true))
	f.Fuzz(func(t *testing.T, b []byte) { expectFast(t, wholeISO(b)) })
}

func FuzzFAT(f *testing.F) {
	f.Add(tinyFAT(12))
	f.Add(tinyFAT(32))
	f.Fuzz(func(t *testing.T, b []byte) { expectFast(t, b) })
}

// wholeISO puts before the volume descriptors what nobody reads.
func wholeISO(b []byte) []byte { return slices.Concat(make([]byte, firstDescriptor*block), b) }

// tinyISO is from the volume descriptors on: two of them, the root directory, where
// a record is continued, and the file.
func tinyISO(rockRidge bool) []byte {
	const root, continuation, file = 18, 19, 20
	use := func(fields ...string) (area []byte) {
		for _, f := range fields {
			if rockRidge {
				area = append(area, f...)
			}
		}
		return area
	}
	ce := func(length byte) string {
		b := make([]byte, 28)
		copy(b, "CE\x1c\x01")
		put32(b, 4, continuation)
		put32(b, 20, uint32(length))
		return string(b)
	}
	name := "USER-DATA.;1"
	if rockRidge {
		name = "USER_DAT.;1"
	}
	nm := "NM\x0e\x01\x00user-data"
	b := make([]byte, 5*block)
	copy(b, "\x01CD001\x01")
	copy(b[40:72], "cidata                          ")
	put16(b, 128, block)
	copy(b[156:], isoRecord("\x00", root, block, flagDirectory, nil))
	copy(b[block:], "\xffCD001\x01")
	copy(b[2*block:], slices.Concat(
		isoRecord("\x00", root, block, flagDirectory, use("SP\x07\x01\xbe\xef\x00")),
		isoRecord("\x01", root, block, flagDirectory, nil),
		isoRecord(name, file, uint32(len(tinyText)), 0, use("PX\x24\x01\xa4\x81\x00\x00\x00\x00\x81\xa4"+string(make([]byte, 24)), ce(byte(len(nm))))),
	))
	copy(b[3*block:], nm)
	copy(b[4*block:], tinyText)
	return b
}

func isoRecord(name string, start, size uint32, flags byte, use []byte) []byte {
	named := (33 + len(name) + 1) &^ 1
	b := make([]byte, (named+len(use)+1)&^1)
	b[0], b[25], b[32] = byte(len(b)), flags, byte(len(name))
	put32(b, 2, start)
	put32(b, 10, size)
	copy(b[33:], name)
	copy(b[named:], use)
	return b
}

// tinyFAT has sectors of 512 bytes: the boot sector, the FAT, the root directory and
// the clusters, which are one sector each.
func tinyFAT(bits int) []byte {
	const sector = 512
	b := make([]byte, 12*sector)
	put16(b, 11, sector)
	b[13], b[14], b[16], b[21] = 1, 1, 1, 0xf8
	put16(b, 19, uint16(len(b)/sector))
	fat, root := b[sector:], b[2*sector:]
	if bits == 32 { // cluster 2 is the root directory, 3 the file
		put32(b, 36, 1)
		put32(b, 44, 2)
		put32(fat, 8, 0x0fffffff)
		put32(fat, 12, 0x0fffffff)
	} else {
		put16(b, 17, 16)
		put16(b, 22, 1)
		fat[4], fat[5] = 0xf0, 0xff // entry 3
	}
	copy(root, "CIDATA     \x08")
	short := "USER-D~1   "
	long := root[dirEntry:]
	long[0], long[attributes], long[13] = 0x41, attrLongName, shortSum(short)
	units := append(utf16.Encode([]rune("user-data\x00")), 0xffff, 0xffff, 0xffff)
	for i, at := range []int{1, 3, 5, 7, 9, 14, 16, 18, 20, 22, 24, 28, 30} {
		binary.LittleEndian.PutUint16(long[at:], units[i])
	}
	entry := root[2*dirEntry:]
	copy(entry, short)
	put16(entry, 26, 3)
	put32(entry, 28, uint32(len(tinyText)))
	at := 4 * sector // cluster 3 after that of FAT12's root
	if bits == 32 {
		at = 3 * sector
	}
	copy(b[at:], tinyText)
	return b
}

func shortSum(name string) (sum byte) {
	for _, c := range []byte(name) {
		sum = sum>>1 | sum<<7
		sum += c
	}
	return sum
}
