package qcow2

import (
	"bytes"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// holes returns a disk of size bytes with data in every third of its first 50
// clusters and in its last byte.
func holes(t *testing.T, size int64) *os.File {
	t.Helper()
	f, err := os.Create(filepath.Join(t.TempDir(), "raw"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	random := rand.NewChaCha8([32]byte{1})
	data := make([]byte, 1000)
	for at := int64(0); at+1000 < min(size, 50*clusterSize); at += 3 * clusterSize {
		random.Read(data)
		if _, err := f.WriteAt(data, at); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := f.WriteAt([]byte{1}, size-1); err != nil {
		t.Fatal(err)
	}
	return f
}

func qcow2(t *testing.T, disk io.ReaderAt, size int64) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, disk, size); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestQemuReadsTheSameDisk(t *testing.T) {
	if _, err := exec.LookPath("qemu-img"); err != nil {
		t.Fatalf("%v: apt-get install qemu-utils", err)
	}
	tests := map[string]int64{
		"whole clusters":      40 * clusterSize,
		"part of a cluster":   7*clusterSize + 512,
		"less than a cluster": 512,
		"two L2 tables":       (l2Entries + 5) * clusterSize,
	}
	for name, size := range tests {
		t.Run(name, func(t *testing.T) {
			raw := holes(t, size)
			img := filepath.Join(t.TempDir(), "qcow2")
			if err := os.WriteFile(img, qcow2(t, raw, size), 0o600); err != nil {
				t.Fatal(err)
			}
			for _, args := range [][]string{
				{"check", "-f", "qcow2", img},
				{"compare", "-f", "raw", "-F", "qcow2", raw.Name(), img},
			} {
				if out, err := exec.Command("qemu-img", args...).CombinedOutput(); err != nil {
					t.Errorf("qemu-img %s: %v\n%s", strings.Join(args, " "), err, out)
				}
			}
		})
	}
}

func TestReadsBackWhatWasWritten(t *testing.T) {
	const size = 9*clusterSize + 512
	raw := holes(t, size)
	d, err := Open(bytes.NewReader(qcow2(t, raw, size)))
	if err != nil {
		t.Fatal(err)
	}
	want, got := make([]byte, size), make([]byte, size)
	if _, err := raw.ReadAt(want, 0); err != nil {
		t.Fatal(err)
	}
	if n, err := d.ReadAt(got, 0); n != size || err != nil || !bytes.Equal(got, want) {
		t.Errorf("ReadAt of the whole disk: got %d bytes, error %v; want the %d that were written", n, err, size)
	}
	if n, err := d.ReadAt(got[:1024], size-100); n != 100 || err != io.EOF || !bytes.Equal(got[:n], want[size-100:]) {
		t.Errorf("ReadAt 100 bytes before the end: got %d bytes, error %v; want 100, EOF", n, err)
	}
}

func TestHolesTakeNoRoom(t *testing.T) {
	const size = 1 << 30
	img := qcow2(t, bytes.NewReader(make([]byte, size)), size)
	if want := 4 * clusterSize; len(img) != want {
		t.Errorf("an empty disk takes %d bytes, want %d", len(img), want)
	}
}

func TestOpenRefuses(t *testing.T) {
	img := qcow2(t, holes(t, clusterSize), clusterSize)
	tests := map[string]struct {
		at   int // offset of the byte that is changed
		to   byte
		want string
	}{
		"other magic":          {0, 'X', "file begins with"},
		"version 2":            {7, 2, "want version 3"},
		"backing file":         {15, 8, "backing file"},
		"encryption":           {35, 1, "encryption 1"},
		"incompatible feature": {79, 1, "incompatible features 0x1"},
		"wrong L1 size":        {39, 9, "L1 table of 9 entries"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			b := bytes.Clone(img)
			b[tt.at] = tt.to
			_, err := Open(bytes.NewReader(b))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Open: got error %v, want one with %q", err, tt.want)
			}
		})
	}
	if _, err := Open(strings.NewReader("short")); err == nil {
		t.Error("Open of five bytes: got no error")
	}
	if err := Write(io.Discard, strings.NewReader("short"), 1000); err == nil {
		t.Error("Write of a disk shorter than its size: got no error")
	}
}
