package initramfs

import (
	"bytes"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var node = []Entry{
	{Name: "init", Mode: 0o755, Data: []byte("#!")},
	{Name: "etc/passwd", Mode: 0o644, Data: []byte("root:x:0:0::/:\n")},
	{Name: "bin/haproxy", Mode: 0o755, Data: bytes.Repeat([]byte("haproxy"), 1000)},
	{Name: "bin/keepalived", Mode: fs.ModeSymlink | 0o777, Target: "../init"},
	{Name: "bin-old", Mode: 0o600},
	{Name: "run", Mode: fs.ModeDir | 0o700},
}

var nodeInOrder = []Entry{
	{Name: "bin", Mode: fs.ModeDir | 0o755},
	node[4],
	node[2],
	node[3],
	{Name: "etc", Mode: fs.ModeDir | 0o755},
	node[1],
	node[0],
	node[5],
}

func archive(t *testing.T, entries []Entry) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, entries); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestReadsBackWhatWasWritten(t *testing.T) {
	var plain bytes.Buffer
	if err := WriteCPIO(&plain, node); err != nil {
		t.Fatal(err)
	}
	plain.Write(make([]byte, 4096)) // as on a partition that is larger than its archive
	for name, b := range map[string][]byte{"zstd": archive(t, node), "plain": plain.Bytes()} {
		got, err := Read(bytes.NewReader(b))
		if err != nil {
			t.Errorf("%s: Read: %v", name, err)
		}
		if diff := cmp.Diff(nodeInOrder, got, cmp.Comparer(bytes.Equal)); diff != "" {
			t.Errorf("%s: entries (-want +got):\n%s", name, diff)
		}
	}
}

func TestSameEntriesGiveSameBytes(t *testing.T) {
	reversed := make([]Entry, 0, len(node))
	for _, e := range node {
		reversed = append([]Entry{e}, reversed...)
	}
	if !bytes.Equal(archive(t, node), archive(t, reversed)) {
		t.Error("the order in which entries are given changes the archive")
	}
}

func TestForeignToolsReadIt(t *testing.T) {
	dir := t.TempDir()
	img := filepath.Join(dir, "initramfs")
	if err := os.WriteFile(img, archive(t, node), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tool := range []string{"zstd", "cpio"} { // each in the Debian package of its name
		if _, err := exec.LookPath(tool); err != nil {
			t.Fatalf("%v: apt-get install %s", err, tool)
		}
	}
	out, err := exec.Command("sh", "-c", "zstd -dc "+img+" | LC_ALL=C TZ=UTC cpio -itv --quiet").CombinedOutput()
	if err != nil {
		t.Fatalf("zstd -dc | cpio -itv: %v\n%s", err, out)
	}
	var got []string
	for line := range strings.Lines(string(out)) {
		got = append(got, strings.Join(strings.Fields(line), " "))
	}
	want := []string{
		"drwxr-xr-x 2 root root 0 Jan 1 1970 bin",
		"-rw------- 1 root root 0 Jan 1 1970 bin-old",
		"-rwxr-xr-x 1 root root 7000 Jan 1 1970 bin/haproxy",
		"lrwxrwxrwx 1 root root 7 Jan 1 1970 bin/keepalived -> ../init",
		"drwxr-xr-x 2 root root 0 Jan 1 1970 etc",
		"-rw-r--r-- 1 root root 15 Jan 1 1970 etc/passwd",
		"-rwxr-xr-x 1 root root 2 Jan 1 1970 init",
		"drwx------ 2 root root 0 Jan 1 1970 run",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("cpio -itv (-want +got):\n%s", diff)
	}
}

func TestWriteRefuses(t *testing.T) {
	tests := []struct {
		name    string
		entries []Entry
		want    string
	}{
		{"absolute name", []Entry{{Name: "/init"}}, "without a leading slash"},
		{"name that climbs out", []Entry{{Name: "a/../../b"}}, "clean path"},
		{"root itself", []Entry{{Name: ".", Mode: fs.ModeDir}}, "clean path"},
		{"same name twice", []Entry{{Name: "init"}, {Name: "init"}}, "given twice"},
		{"file as parent", []Entry{{Name: "bin/sh"}, {Name: "bin"}}, `its parent "bin" is no directory`},
		{"symlink as parent", []Entry{{Name: "lib/a/b"}, {Name: "lib", Mode: fs.ModeSymlink, Target: "usr"}}, `its parent "lib"`},
		{"device", []Entry{{Name: "dev/console", Mode: fs.ModeDevice | fs.ModeCharDevice}}, "want a regular file"},
		{"setuid", []Entry{{Name: "bin/su", Mode: fs.ModeSetuid | 0o755}}, "no setuid"},
		{"directory with data", []Entry{{Name: "run", Mode: fs.ModeDir, Data: []byte("x")}}, "only a regular file has data"},
		{"symlink without target", []Entry{{Name: "sh", Mode: fs.ModeSymlink}}, "without a target"},
		{"file with target", []Entry{{Name: "sh", Target: "init"}}, "only a symbolic link has a target"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := Write(&bytes.Buffer{}, tt.entries)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Write: got error %v, want one with %q", err, tt.want)
			}
		})
	}
}

func TestReadRefusesWhatIsCutOff(t *testing.T) {
	whole := archive(t, node)
	if got, err := Read(bytes.NewReader(whole[:len(whole)/2])); err == nil {
		t.Errorf("Read of half an archive: got %d entries and no error", len(got))
	}
	if _, err := Read(strings.NewReader(strings.Repeat("no archive ", 20))); err == nil {
		t.Error("Read of text: got no error")
	}
}
