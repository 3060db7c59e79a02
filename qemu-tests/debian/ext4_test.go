package debian

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// testOffset is where the file system of these tests begins in its file.
const testOffset = 1 << 20

// makeExt4 makes a file system with the folders.
func makeExt4(t *testing.T, folders ...string) (disk string) {
	t.Helper()
	dir := t.TempDir()
	for _, folder := range folders {
		if err := os.MkdirAll(filepath.Join(dir, "root", folder), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	disk = filepath.Join(dir, "disk.img")
	run(t, "e2fsprogs", "mke2fs", "-q", "-t", "ext4", "-d", filepath.Join(dir, "root"), "-E", fmt.Sprint("offset=", testOffset), disk, "8m")
	return disk
}

// run runs a foreign tool and returns what it prints; the test fails when the
// tool is missing or doesn't exit with 0.
func run(t *testing.T, debianPackage, tool string, args ...string) string {
	t.Helper()
	if _, err := exec.LookPath(tool); err != nil {
		t.Fatalf("%v: apt-get install %s", err, debianPackage)
	}
	out, err := exec.Command(tool, args...).Output()
	if err != nil {
		t.Errorf("%s %s: %v\n%s", tool, strings.Join(args, " "), err, out)
	}
	return string(out)
}

// inExt4 returns what debugfs(8) says to a request.
func inExt4(t *testing.T, disk string, offset int64, request string) string {
	t.Helper()
	return run(t, "e2fsprogs", "debugfs", "-R", request, fmt.Sprintf("%s?offset=%d", disk, offset))
}

func TestAddFiles(t *testing.T) {
	disk := makeExt4(t, "etc/ssh", "root")
	files := []file{
		{"etc/hostname", []byte("lb-a\n")},
		{"etc/ssh/ssh_host_ed25519_key", []byte("secret")},
		{"root/large", []byte(strings.Repeat("0123456789", 10_000))},
	}
	if err := addFiles(disk, testOffset, files); err != nil {
		t.Fatal(err)
	}
	for i, mode := range []string{"0644", "0600", "0600"} {
		if got := inExt4(t, disk, testOffset, "cat /"+files[i].path); got != string(files[i].content) {
			t.Errorf("/%s has %d bytes that differ from the %d written", files[i].path, len(got), len(files[i].content))
		}
		stat := inExt4(t, disk, testOffset, "stat /"+files[i].path)
		fields := strings.Join(strings.Fields(stat), " ")
		if !strings.Contains(fields, "Mode: "+mode) || !strings.Contains(fields, "User: 0 Group: 0") {
			t.Errorf("/%s: want mode %s and root as its owner:\n%s", files[i].path, mode, stat)
		}
	}
	fsck(t, disk, testOffset)
}

// fsck copies the file system, which e2fsck knows at the beginning of a file only.
func fsck(t *testing.T, disk string, offset int64) {
	t.Helper()
	data, err := os.ReadFile(disk)
	if err != nil {
		t.Fatal(err)
	}
	alone := filepath.Join(t.TempDir(), "ext4")
	if err := os.WriteFile(alone, data[offset:], 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, "e2fsprogs", "e2fsck", "-f", "-n", alone)
}

func TestAddFilesSaysWhatWentWrong(t *testing.T) {
	disk := makeExt4(t, "etc")
	if err := addFiles(disk, testOffset, []file{{"etc/hostname", []byte("lb-a")}}); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		disk, path, want string
	}{
		"no folder":      {disk, "var/lib/x", "File not found"},
		"file is there":  {disk, "etc/hostname", "already exists"},
		"no file system": {os.DevNull, "etc/x", "debugfs"},
		"no room":        {disk, "etc/large", "Could not allocate block"},
	} {
		f := file{tt.path, nil}
		if name == "no room" {
			f.content = make([]byte, 16<<20)
			for i := range f.content { // a block of zeros would be a hole
				f.content[i] = 1
			}
		}
		if err := addFiles(tt.disk, testOffset, []file{f}); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got error %v, want one with %q", name, err, tt.want)
		}
	}
}
