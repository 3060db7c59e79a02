package cidata

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var files = []File{
	{"user-data", []byte("#cloud-config\n")},
	{"meta-data", []byte("instance-id: one\n")},
	{"network-config", bytes.Repeat([]byte("0123456789abcdef"), 300)}, // several sectors and clusters
	{"twinlb-keys", bytes.Repeat([]byte("k"), sector)},                // one sector of the CD
}

func write(t *testing.T, format Format) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "drive")
	if err := Write(path, format, files); err != nil {
		t.Fatal(err)
	}
	return path
}

// run returns what a tool of the package prints.
func run(t *testing.T, pkg, name string, args ...string) string {
	t.Helper()
	tool, err := exec.LookPath(name)
	for _, dir := range []string{"/usr/sbin", "/sbin"} {
		if err != nil {
			tool, err = exec.LookPath(filepath.Join(dir, name))
		}
	}
	if err != nil {
		t.Fatalf("%v: apt-get install %s", err, pkg)
	}
	cmd := exec.Command(tool, args...)
	cmd.Env = append(os.Environ(), "MTOOLS_SKIP_CHECK=0", "LC_ALL=C")
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %v\n%s%s", cmd, err, out, stderr.String())
	}
	return string(out)
}

func TestOthersFindItByItsLabel(t *testing.T) {
	for format, want := range map[Format]string{
		ISO9660: "cidata iso9660",
		VFAT:    "CIDATA vfat",
	} {
		t.Run(string(format), func(t *testing.T) {
			tags := map[string]string{}
			for line := range strings.Lines(run(t, "util-linux", "blkid", "--probe", "--output", "export", write(t, format))) {
				name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
				tags[name] = value
			}
			if got := tags["LABEL"] + " " + tags["TYPE"]; got != want {
				t.Errorf("blkid finds %q, want %q: %v", got, want, tags)
			}
		})
	}
}

func TestVFATIsFlawless(t *testing.T) {
	path := write(t, VFAT)
	run(t, "dosfstools", "fsck.fat", "-n", path)
	for _, f := range files {
		if got := run(t, "mtools", "mtype", "-i", path, "::/"+f.Name); got != string(f.Data) {
			t.Errorf("%s on the drive has %d bytes, want the %d of the file", f.Name, len(got), len(f.Data))
		}
	}
}

func TestISO9660HasTheNamesOfAllKinds(t *testing.T) {
	path := write(t, ISO9660)
	for kind, options := range map[string][]string{
		"Rock Ridge":         {"-R"},
		"Joliet":             {"-J"},
		"the standard alone": nil,
	} {
		t.Run(kind, func(t *testing.T) {
			var names []string
			for line := range strings.Lines(run(t, "genisoimage", "isoinfo", append(options, "-f", "-i", path)...)) {
				names = append(names, strings.TrimPrefix(strings.TrimSpace(line), "/"))
			}
			want := []string{"meta-data", "network-config", "twinlb-keys", "user-data"}
			if options == nil {
				want = []string{"META_DATA.;1", "NETWORK_CONFIG.;1", "TWINLB_KEYS.;1", "USER_DATA.;1"}
			}
			if diff := cmp.Diff(want, names); diff != "" {
				t.Fatalf("names (-want +got):\n%s", diff)
			}
			for _, f := range files {
				name := f.Name
				if options == nil {
					name = isoName(name)
				}
				if got := run(t, "genisoimage", "isoinfo", append(options, "-x", "/"+name, "-i", path)...); got != string(f.Data) {
					t.Errorf("%s on the drive has %d bytes, want the %d of the file", name, len(got), len(f.Data))
				}
			}
		})
	}
}

// TestISO9660PathTables looks at what no reader of today needs.
func TestISO9660PathTables(t *testing.T) {
	image, err := os.ReadFile(write(t, ISO9660))
	if err != nil {
		t.Fatal(err)
	}
	for _, descriptor := range []int{primarySector, jolietSector} {
		b := image[descriptor*sector:]
		root := binary.LittleEndian.Uint32(b[156+2:]) // the extent in the root's record
		size := binary.LittleEndian.Uint32(b[132:])
		for at, order := range map[int]binary.AppendByteOrder{140: binary.LittleEndian, 148: binary.BigEndian} {
			start := order.(binary.ByteOrder).Uint32(b[at:]) * sector
			want := order.AppendUint32([]byte{1, 0}, root) // length of the name and of attributes, extent
			want = append(order.AppendUint16(want, 1), 0, 0)
			if diff := cmp.Diff(want, image[start:start+size]); diff != "" {
				t.Errorf("path table of descriptor %d, %v (-want +got):\n%s", descriptor, order, diff)
			}
		}
	}
}

func TestISO9660IsFlawless(t *testing.T) {
	path := write(t, ISO9660)
	out := t.TempDir()
	// -abort_on takes the notes of libisofs on what it finds odd.
	got := run(t, "xorriso", "xorriso", "-abort_on", "WARNING", "-return_with", "WARNING", "32",
		"-indev", path, "-osirrox", "on", "-find", "/", "-exec", "report_lba", "--", "-extract", "/", out)
	for _, f := range files {
		data, err := os.ReadFile(filepath.Join(out, f.Name))
		if err != nil || !bytes.Equal(data, f.Data) {
			t.Errorf("%s on the drive has %d bytes, %v, want the %d of the file\n%s", f.Name, len(data), err, len(f.Data), got)
		}
		if info, err := os.Stat(filepath.Join(out, f.Name)); err == nil && info.Mode() != 0o400 {
			t.Errorf("%s has mode %v, want that only root reads it", f.Name, info.Mode())
		}
	}
}

func TestSameFilesGiveSameBytes(t *testing.T) {
	for _, format := range []Format{ISO9660, VFAT} {
		t.Run(string(format), func(t *testing.T) {
			read := func() []byte {
				b, err := os.ReadFile(write(t, format))
				if err != nil {
					t.Fatal(err)
				}
				return b
			}
			t.Setenv("SOURCE_DATE_EPOCH", "1000000000")
			one := read()
			t.Setenv("SOURCE_DATE_EPOCH", "1500000000")
			t.Setenv("TZ", "Asia/Tokyo")
			if !bytes.Equal(one, read()) {
				t.Error("two drives of the same files differ")
			}
		})
	}
}

func TestOtherFilesGiveAnotherSerial(t *testing.T) {
	serial := func(content string) string {
		path := filepath.Join(t.TempDir(), "drive")
		if err := Write(path, VFAT, []File{{"user-data", []byte(content)}}); err != nil {
			t.Fatal(err)
		}
		return run(t, "util-linux", "blkid", "--probe", "--output", "value", "--match-tag", "UUID", path)
	}
	if serial("one") == serial("two") {
		t.Errorf("two drives have the serial %s", serial("one"))
	}
}

func TestWriteReplacesWhole(t *testing.T) {
	path := write(t, ISO9660)
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := info.Mode(); got != 0o600 {
		t.Errorf("mode %v, want 0600: the drive carries keys", got)
	}
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var many []File
	for i := range 20 {
		many = append(many, File{fmt.Sprintf("file-%d", i), []byte("x")})
	}
	for name, tt := range map[string]struct {
		format Format
		files  []File
		want   string
	}{
		"unknown format":       {"ext4", files, `format "ext4"; want iso or vfat`},
		"empty file":           {ISO9660, []File{{"user-data", nil}}, `file "user-data": empty`},
		"upper case":           {ISO9660, []File{{"User", []byte("x")}}, `file "User": want a name`},
		"a path":               {VFAT, []File{{"a/b", []byte("x")}}, `file "a/b": want a name`},
		"no name":              {VFAT, []File{{"", []byte("x")}}, `file "": want a name`},
		"twice":                {VFAT, []File{files[0], files[0]}, `file "user-data": there twice`},
		"more than one sector": {ISO9660, many, "20 files need a directory of"},
	} {
		t.Run(name, func(t *testing.T) {
			err := Write(path, tt.format, tt.files)
			if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), path) {
				t.Errorf("error %v, want one with %q and the path", err, tt.want)
			}
			after, err := os.ReadFile(path)
			if err != nil || !bytes.Equal(before, after) {
				t.Errorf("what was there has changed, %v", err)
			}
			if left, err := os.ReadDir(filepath.Dir(path)); err != nil || len(left) != 1 {
				t.Errorf("left behind: %v, %v", left, err)
			}
		})
	}
}

func TestFormatOf(t *testing.T) {
	for path, want := range map[string]Format{"cidata.iso": ISO9660, "a.b/c.img": VFAT, "x.vfat": VFAT, "x.iso.gz": "", "cidata": "", "ISO": ""} {
		got, err := FormatOf(path)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("FormatOf(%q) = %q, %v, want %q", path, got, err, want)
		}
	}
}
