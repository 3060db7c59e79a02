package nocloud

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"testing"
	"time"
)

// driveOf makes a drive of TestReadsWhatToolsWrite.
func driveOf(t testing.TB, name string) []byte {
	t.Helper()
	for _, tool := range tools {
		if tool.name == name {
			return tool.make(t, content())
		}
	}
	t.Fatalf("there is no tool %q", name)
	return nil
}

func put16(b []byte, at int, value uint16) { binary.LittleEndian.PutUint16(b[at:], value) }
func put32(b []byte, at int, value uint32) { binary.LittleEndian.PutUint32(b[at:], value) }

// setFAT16 sets the entries of a FAT16 of mkfs.vfat.
func setFAT16(b []byte, entries map[int]uint16) {
	fat := int(binary.LittleEndian.Uint16(b[14:])) * 512
	for c, value := range entries {
		put16(b, fat+2*c, value)
	}
}

// shortEntry is where the entry of user-data begins in a FAT16.
func shortEntry(b []byte) int { return bytes.Index(b, []byte("USER-D~1")) }

func TestDamage(t *testing.T) {
	const pvd = firstDescriptor * block
	rootOf := func(b []byte) int { return int(binary.LittleEndian.Uint32(b[pvd+158:])) * block }
	for _, tt := range []struct {
		name, drive string
		damage      func(b []byte)
		want        string
	}{
		{"bytes of a sector", "fat16", func(b []byte) { put16(b, 11, 17) }, "a sector has 17 bytes"},
		{"no clusters", "fat16", func(b []byte) { b[13] = 0 }, "a cluster has 0 sectors"},
		{"no FAT", "fat16", func(b []byte) { b[16] = 0 }, "and 0 FATs"},
		{"medium", "fat16", func(b []byte) { b[21] = 7 }, "the medium is 0x7"},
		{"no sectors", "fat32", func(b []byte) { put16(b, 19, 0); put32(b, 32, 0) }, "0 sectors have"},
		{"root of FAT32", "fat32", func(b []byte) { put32(b, 44, 0xfffffff) }, "its root directory: cluster 268435455 is in its chain"},
		{"no root", "fat32", func(b []byte) { put32(b, 44, 0) }, "its root directory: its first cluster is 0"},
		{"loop", "fat16", func(b []byte) {
			first := binary.LittleEndian.Uint16(b[shortEntry(b)+26:])
			setFAT16(b, map[int]uint16{int(first): first})
		}, "user-data: the chain of its clusters is a loop: cluster"},
		{"free cluster in the chain", "fat16", func(b []byte) {
			setFAT16(b, map[int]uint16{int(binary.LittleEndian.Uint16(b[shortEntry(b)+26:])): 1})
		}, "user-data: cluster 1 is in its chain; there are 2 to"},
		{"short chain", "fat16", func(b []byte) {
			setFAT16(b, map[int]uint16{int(binary.LittleEndian.Uint16(b[shortEntry(b)+26:])): 0xffff})
		}, "user-data: the chain of its clusters ends after 2048 of its 18014 bytes"},
		{"no start", "fat16", func(b []byte) { put16(b, shortEntry(b)+26, 0) }, "user-data: the chain of its clusters ends after 0 of"},
		{"long name of another file", "fat16", func(b []byte) { b[shortEntry(b)] = 'X' }, `there is no user-data in its root directory; there is "XSER-D~1"`},

		{"size of blocks", "rock ridge", func(b []byte) { put16(b, pvd+128, 512) }, "a block has 512 bytes"},
		{"size of the root", "rock ridge", func(b []byte) { put32(b, pvd+166, 0xffffffff) }, "its root directory has 4294967295 bytes"},
		{"place of the root", "rock ridge", func(b []byte) { put32(b, pvd+158, 0xffffff00) }, "the drive ends at byte"},
		{"record too long", "rock ridge", func(b []byte) { b[rootOf(b)] = 255; b[rootOf(b)+32] = 250 }, "a record of 255 bytes has a name of 250"},
		{"record too short", "rock ridge", func(b []byte) { b[rootOf(b)] = 20 }, "a record has 20 bytes"},
		{"field too short", "rock ridge", func(b []byte) { b[bytes.Index(b, []byte("NM\x0e\x01\x00user"))+2] = 3 }, "a field of Rock Ridge has 3 bytes"},
		{"place of a file", "rock ridge", func(b []byte) { put32(b, bytes.Index(b, []byte("USER_DAT."))-31, 1<<30) }, "user-data: the drive ends at byte"},
		{"descriptor of nothing", "joliet", func(b []byte) { clear(b[17*block : 18*block]) }, "number 2 begins with"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := driveOf(t, tt.drive)
			tt.damage(b)
			_, err := Read("/dev/sdb", bytes.NewReader(b))
			expectError(t, err, "read the seed on /dev/sdb (", tt.want)
		})
	}
}

func TestDescriptorsWithoutEnd(t *testing.T) {
	b := driveOf(t, "joliet")
	const elsewhere = 100 // blocks
	long := make([]byte, (elsewhere+1)*block)
	for i := firstDescriptor; i < elsewhere; i++ {
		copy(long[i*block:], b[firstDescriptor*block:(firstDescriptor+1)*block])
	}
	root := long[firstDescriptor*block+158:]
	copy(long[elsewhere*block:], b[int(binary.LittleEndian.Uint32(root))*block:][:block])
	put32(root, 0, elsewhere)
	_, err := Read("/dev/sdb", bytes.NewReader(long))
	expectError(t, err, "none of 32 is the last")
}

// TestLoopOfContinuations has a field that continues in itself.
func TestLoopOfContinuations(t *testing.T) {
	b := driveOf(t, "rock ridge")
	// The directory itself is continued, where Rock Ridge says which version it is.
	at := bytes.Index(b, []byte("CE\x1c\x01"))
	target := int(binary.LittleEndian.Uint32(b[at+4:]))*block + int(binary.LittleEndian.Uint32(b[at+12:]))
	put32(b, at+20, 28)
	copy(b[target:], b[at:at+28])
	v, _, err := openISO(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	_, err = v.(*isoVolume).rockRidge.fields(b[at : at+28])
	expectError(t, err, "perhaps in a loop")
}

// TestCutShort reads drives that end too early, at any place.
func TestCutShort(t *testing.T) {
	for _, name := range []string{"fat12", "rock ridge", "joliet"} {
		whole := driveOf(t, name)
		for end := 0; end < min(len(whole), 128<<10); end += 500 {
			drive, err := Read("/dev/sdb", bytes.NewReader(whole[:end]))
			if drive != nil && err == nil && drive.Files[UserData] == nil {
				t.Fatalf("%s cut after %d bytes: no error and no user-data", name, end)
			}
		}
	}
}

// TestFlippedBytes is a fuzzer that is always run.
func TestFlippedBytes(t *testing.T) {
	for _, name := range []string{"fat12", "fat32", "rock ridge and joliet", "joliet"} {
		whole := driveOf(t, name)
		random := rand.New(rand.NewPCG(1, 2))
		for range 2000 {
			var undo [8]struct {
				at  int
				was byte
			}
			for i := range undo {
				at := random.IntN(min(len(whole), 128<<10))
				undo[i].at, undo[i].was = at, whole[at]
				whole[at] = byte(random.Uint32())
			}
			expectFast(t, whole)
			for i := len(undo) - 1; i >= 0; i-- {
				whole[undo[i].at] = undo[i].was
			}
		}
	}
}

// expectFast wants an end of reading within the time that a boot has for it.
func expectFast(t testing.TB, b []byte) {
	t.Helper()
	began := time.Now()
	drive, err := Read("/dev/sdb", bytes.NewReader(b))
	if took := time.Since(began); took > time.Second {
		t.Fatalf("reading took %v", took)
	}
	if drive != nil && err == nil && drive.Files[UserData] == nil {
		t.Fatal("no error and no user-data")
	}
}

// failing is a disk on which the sectors from a byte on can't be read.
type failing struct {
	*bytes.Reader
	from int64
}

var errSector = errors.New("input/output error")

func (f failing) ReadAt(b []byte, at int64) (int, error) {
	if at+int64(len(b)) > f.from {
		return 0, errSector
	}
	return f.Reader.ReadAt(b, at)
}

func TestUnreadable(t *testing.T) {
	for _, tt := range []struct {
		name, drive string
		from        int64
		want        string
		labelled    bool
	}{
		{"from the start", "fat16", 0, "look for a seed on /dev/sdb: input/output error", false},
		{"after the boot sector", "fat16", 512, "read the seed on /dev/sdb (vfat, CIDATA): its root directory: input/output error", true},
		{"after the descriptor", "rock ridge", 17 * block, "read the seed on /dev/sdb (iso9660, CIDATA): its root directory: input/output error", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var r io.ReaderAt = failing{bytes.NewReader(driveOf(t, tt.drive)), tt.from}
			drive, err := Read("/dev/sdb", r)
			expectError(t, err, tt.want)
			if (drive != nil) != tt.labelled || !errors.Is(err, errSector) {
				t.Errorf("drive %v, error %v", drive, err)
			}
		})
	}
}
