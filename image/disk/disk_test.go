package disk

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"twinlb/seed"

	"github.com/google/go-cmp/cmp"
)

// layout is like a node's, with GRUB images of nothing but their size.
func layout() Layout {
	return Layout{
		ID: [16]byte{0: 1, 15: 2},
		ESP: []File{
			{"boot/VMLINUZ", random(3 << 20)},
			{"boot/initrd.zst", random(700_001)},
			{"EFI/BOOT/BOOTX64.EFI", random(4 << 20)},
			{"README.TXT", []byte("one byte less than a sector" + strings.Repeat(".", 512-28))},
		},
		Seed:      []byte("070701 seed"),
		BootImage: bytes.Repeat([]byte{0xb0}, sectorSize),
		CoreImage: bytes.Repeat([]byte{0xc0}, 70_001),
	}
}

func random(n int) []byte {
	b := make([]byte, n)
	rand.NewChaCha8([32]byte{byte(n)}).Read(b)
	return b
}

func write(t *testing.T, format Format, l Layout) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "disk.img")
	if err := Write(path, format, l); err != nil {
		t.Fatal(err)
	}
	return path
}

// run runs a foreign tool and returns what it prints; the test fails when the
// tool is missing or doesn't exit with 0.
func run(t *testing.T, debianPackage, tool string, args ...string) string {
	t.Helper()
	if _, err := exec.LookPath(tool); err != nil {
		t.Fatalf("%v: apt-get install %s", err, debianPackage)
	}
	out, err := exec.Command(tool, args...).CombinedOutput()
	if err != nil {
		t.Errorf("%s %s: %v\n%s", tool, strings.Join(args, " "), err, out)
	}
	return string(out)
}

func TestReadsBackWhatWasWritten(t *testing.T) {
	for _, format := range []Format{Raw, QCOW2} {
		l := layout()
		m, err := Read(write(t, format, l))
		if err != nil {
			t.Fatalf("%s: %v", format, err)
		}
		if m.Format != format || m.Size != 37*mib {
			t.Errorf("got format %s and %d bytes, want %s and 37 MiB", m.Format, m.Size, format)
		}
		if diff := cmp.Diff(l.ESP, m.ESP, cmp.Comparer(bytes.Equal)); diff != "" {
			t.Errorf("%s: files on the ESP (-want +got):\n%s", format, diff)
		}
		if want := append(bytes.Clone(l.Seed), make([]byte, minSeedSize-len(l.Seed))...); !bytes.Equal(m.Seed, want) {
			t.Errorf("%s: seed partition begins %q in %d bytes, want %q then zeros up to 2 MiB", format, m.Seed[:20], len(m.Seed), l.Seed)
		}
	}
}

func TestSgdiskFindsPartitions(t *testing.T) {
	l := layout()
	l.Seed = random(minSeedSize + 1) // takes a third MiB
	path := write(t, Raw, l)
	if out := run(t, "gdisk", "sgdisk", "-v", path); !strings.Contains(out, "No problems found.") {
		t.Errorf("sgdisk -v:\n%s", out)
	}
	want := []string{
		"1 34 2047 1007.0 KiB EF02 TWINLB-BIOS",
		"2 2048 69631 33.0 MiB EF00 TWINLB-ESP",
		"3 69632 75775 3.0 MiB FFFF TWINLB-SEED",
	}
	var got []string
	for line := range strings.Lines(run(t, "gdisk", "sgdisk", "-p", path)) {
		if f := strings.Fields(line); len(f) == 7 && strings.HasPrefix(f[6], "TWINLB-") {
			got = append(got, strings.Join(f, " "))
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("sgdisk -p (-want +got):\n%s", diff)
	}
	if out := run(t, "gdisk", "sgdisk", "-i", "3", path); !strings.Contains(out, SeedType) {
		t.Errorf("sgdisk -i 3: want the type %s\n%s", SeedType, out)
	}
}

func TestMtoolsReadsESP(t *testing.T) {
	l := layout()
	path := write(t, Raw, l)
	esp := fmt.Sprintf("%s@@%d", path, espStart*sectorSize)
	for _, f := range l.ESP {
		if got := run(t, "mtools", "mtype", "-i", esp, "::"+f.Path); got != string(f.Data) {
			t.Errorf("mtype %s: got %d bytes that differ from the %d written", f.Path, len(got), len(f.Data))
		}
	}
	if got, want := strings.TrimSpace(run(t, "mtools", "mlabel", "-s", "-i", esp)), "Volume label is TWINLB-ESP"; got != want {
		t.Errorf("mlabel: got %q, want %q", got, want)
	}
}

func TestFsckFindsNothing(t *testing.T) {
	many := layout()
	for i := range 40 { // more than a cluster of directory entries
		many.ESP = append(many.ESP, File{fmt.Sprintf("EFI/twinlb/A%d.TXT", i), []byte("x")})
	}
	large := layout()
	large.ESP = []File{{"LARGE.BIN", random(fits64MiB)}}
	for name, l := range map[string]Layout{"usual": layout(), "many files": many, "large": large} {
		t.Run(name, func(t *testing.T) {
			m, err := os.ReadFile(write(t, Raw, l))
			if err != nil {
				t.Fatal(err)
			}
			sectors, err := espSectors(l.ESP)
			if err != nil {
				t.Fatal(err)
			}
			esp := filepath.Join(t.TempDir(), "esp")
			if err := os.WriteFile(esp, m[espStart*sectorSize:][:sectors*sectorSize], 0o600); err != nil {
				t.Fatal(err)
			}
			if out := run(t, "dosfstools", "fsck.vfat", "-n", "-v", esp); strings.Contains(out, "uninitialized") {
				t.Errorf("fsck.vfat: free cluster count is missing\n%s", out)
			}
		})
	}
}

// fits64MiB is the size of a file for which an ESP of 64 MiB would do, were it
// not malformed.
const fits64MiB = 61*mib + mib/2

func TestESPAvoidsMalformedSizes(t *testing.T) {
	sectors, err := espSectors([]File{{"LARGE.BIN", make([]byte, fits64MiB)}})
	if want := int64(65 * mib / sectorSize); sectors != want || err != nil {
		t.Errorf("espSectors: got %d, %v; want %d, the next size behind 64 MiB", sectors, err, want)
	}
	for _, size := range []int64{64, 129, 194} { // from go-diskfs issue 418
		if newGeometry(size * mib).valid() {
			t.Errorf("a FAT of %d MiB counts as valid, but go-diskfs makes it too short", size)
		}
	}
	for _, size := range []int64{33, 40, 63, 65, 128, 256} {
		if !newGeometry(size * mib).valid() {
			t.Errorf("a FAT of %d MiB counts as malformed, but isn't", size)
		}
	}
}

func TestFATBootSectors(t *testing.T) {
	esp := func(l Layout) []byte {
		b, err := os.ReadFile(write(t, Raw, l))
		if err != nil {
			t.Fatal(err)
		}
		return b[espStart*sectorSize:]
	}
	first, other := layout(), layout()
	other.ID[0]++
	a, b := esp(first), esp(other)
	if got := binary.LittleEndian.Uint32(a[28:]); got != espStart {
		t.Errorf("hidden sectors: got %d, want %d", got, espStart)
	}
	if bytes.Equal(a[67:71], b[67:71]) {
		t.Errorf("serial number: two disks have % x", a[67:71])
	}
	for original, backup := range map[int]int{0: 6, 1: 7} {
		if !bytes.Equal(a[original*sectorSize:][:sectorSize], a[backup*sectorSize:][:sectorSize]) {
			t.Errorf("sector %d differs from its backup in sector %d", original, backup)
		}
	}
}

func TestSameLayoutGivesSameBytes(t *testing.T) {
	read := func(path string) []byte {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	for _, format := range []Format{Raw, QCOW2} {
		t.Setenv("SOURCE_DATE_EPOCH", "")
		first := read(write(t, format, layout()))
		t.Setenv("SOURCE_DATE_EPOCH", "86400000000") // the library's clock, far away
		if second := read(write(t, format, layout())); !bytes.Equal(first, second) {
			t.Errorf("%s: a second image of the same layout, at another time and in another directory, differs", format)
		}
		other := layout()
		other.ID[0]++
		if bytes.Equal(first, read(write(t, format, other))) {
			t.Errorf("%s: another identity gives the same image", format)
		}
	}
}

func TestIdentityDecidesGUIDs(t *testing.T) {
	guids := func(l Layout) map[string]bool {
		m, err := Read(write(t, Raw, l))
		if err != nil {
			t.Fatal(err)
		}
		set := make(map[string]bool)
		for _, p := range m.Partitions {
			set[p.GUID] = true
		}
		return set
	}
	first, other := layout(), layout()
	other.ID[0]++
	set := guids(first)
	for g := range guids(other) {
		set[g] = true
	}
	if len(set) != 6 {
		t.Errorf("two disks of three partitions have %d GUIDs, want 6: %v", len(set), set)
	}
}

func TestBIOSBootSectors(t *testing.T) {
	b, err := os.ReadFile(write(t, Raw, layout()))
	if err != nil {
		t.Fatal(err)
	}
	const (
		core = 34 * sectorSize
		mbr  = 446 // partition table
	)
	fields := map[string]struct {
		at   int
		want []byte
	}{
		"boot code":              {0, []byte{0xb0, 0xb0}},
		"sector of core.img":     {0x5c, []byte{34, 0, 0, 0, 0, 0, 0, 0}},
		"drive check":            {0x66, []byte{0x90, 0x90, 0xb0}},
		"end of boot code":       {438, []byte{0xb0, 0xb0, 0, 0}},
		"protective MBR's type":  {mbr + 4, []byte{0xee}},
		"MBR signature":          {510, []byte{0x55, 0xaa}},
		"core code":              {core, []byte{0xc0, 0xc0}},
		"block list of core.img": {core + 500, []byte{35, 0, 0, 0, 0, 0, 0, 0, 136, 0, 0x20, 0x08}},
		"end of core.img":        {core + 70_000, []byte{0xc0, 0}},
	}
	for name, f := range fields {
		if got := b[f.at:][:len(f.want)]; !bytes.Equal(got, f.want) {
			t.Errorf("%s at %#x: got % x, want % x", name, f.at, got, f.want)
		}
	}
}

func TestWriteRefusesAndLeavesPreviousImage(t *testing.T) {
	tests := []struct {
		name   string
		change func(*Layout)
		want   string
	}{
		{"ESP too large", func(l *Layout) { l.ESP[0].Data = make([]byte, 300*mib) }, "want at most 256 MiB"},
		{"empty file", func(l *Layout) { l.ESP[0].Data = nil }, "at least one byte"},
		{"long name", func(l *Layout) { l.ESP[0].Path = "boot/loader.config" }, "want a DOS name"},
		{"space in name", func(l *Layout) { l.ESP[0].Path = "a b.txt" }, "want a DOS name"},
		{"absolute path", func(l *Layout) { l.ESP[0].Path = "/VMLINUZ" }, "want a DOS name"},
		{"names that differ by case", func(l *Layout) { l.ESP[0].Path = "readme.txt" }, "clashes with"},
		{"file as folder", func(l *Layout) { l.ESP[0].Path = "README.TXT/A" }, "clashes with"},
		{"boot image", func(l *Layout) { l.BootImage = nil }, "0 bytes, want 512"},
		{"core image too large", func(l *Layout) { l.CoreImage = make([]byte, mib) }, "want more than 512 and at most"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "disk.img")
			if err := os.WriteFile(path, []byte("previous"), 0o644); err != nil {
				t.Fatal(err)
			}
			l := layout()
			tt.change(&l)
			err := Write(path, QCOW2, l)
			if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), path) {
				t.Errorf("Write: got error %v, want one with %q and the path", err, tt.want)
			}
			if b, err := os.ReadFile(path); string(b) != "previous" {
				t.Errorf("the previous image is gone: %d bytes, %v", len(b), err)
			}
			if left, err := os.ReadDir(dir); len(left) != 1 {
				t.Errorf("files left in the folder: %v, %v", left, err)
			}
		})
	}
	if err := Write(filepath.Join(t.TempDir(), "x"), "vmdk", layout()); err == nil || !strings.Contains(err.Error(), "want raw or qcow2") {
		t.Errorf("Write as vmdk: got error %v, want one that names the formats", err)
	}
}

func TestImageIsPrivate(t *testing.T) {
	info, err := os.Stat(write(t, QCOW2, layout()))
	if err != nil {
		t.Fatal(err)
	}
	if got := info.Mode(); got != 0o600 {
		t.Errorf("mode %v, want 0600: the image carries keys", got)
	}
}

func TestReadRefusesOtherDisks(t *testing.T) {
	path := filepath.Join(t.TempDir(), "disk.img")
	for name, content := range map[string][]byte{"empty file": nil, "zeros": make([]byte, mib)} {
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Read(path); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("Read of %s: got error %v, want one with the path", name, err)
		}
	}

	for _, args := range [][]string{{"-t", "3:8300"}, {"-c", "3:OTHER"}} {
		path := write(t, Raw, layout())
		run(t, "gdisk", "sgdisk", append(args, path)...)
		if _, err := Read(path); err == nil || !strings.Contains(err.Error(), "no partition named "+seed.PartitionName) {
			t.Errorf("Read after sgdisk %s: got error %v, want that the seed partition is missing", strings.Join(args, " "), err)
		}
	}
}
