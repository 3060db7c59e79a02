package debian

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"twinlb/image/component"
	"twinlb/image/progress"
)

// testSystem is a disk like Debian's with folders and next to nothing in them.
func testSystem(t *testing.T) *System {
	t.Helper()
	root := t.TempDir()
	templates, err := files(node)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range templates {
		if err := os.MkdirAll(filepath.Join(root, filepath.Dir(f.path)), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	silent, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { silent.Close() })
	b := &component.Build{Work: t.TempDir(), Out: t.TempDir(), Log: silent, Step: progress.New(silent, false).Start("debian", "test")}
	t.Cleanup(func() { b.Step.Done("tested") })
	if err := writeDisk(b, root); err != nil {
		t.Fatal(err)
	}
	return &System{dir: b.Out}
}

func TestDiskHasItsPartitions(t *testing.T) {
	path := filepath.Join(testSystem(t).dir, diskFile)
	if out := run(t, "gdisk", "sgdisk", "-v", path); !strings.Contains(out, "No problems found.") {
		t.Errorf("sgdisk -v:\n%s", out)
	}
	want := []string{
		"1 34 2047 1007.0 KiB EF02 TWINLB-BIOS",
		"2 2048 69631 33.0 MiB EF00 TWINLB-ESP",
		"3 69632 1380351 640.0 MiB 8300 root",
	}
	for i, line := range strings.Split(strings.TrimSpace(run(t, "gdisk", "sgdisk", "-p", path)), "\n")[10:] {
		if got := strings.Join(strings.Fields(line), " "); got != want[i] {
			t.Errorf("partition %d is %q, want %q", i+1, got, want[i])
		}
	}
}

func TestWriteDisk(t *testing.T) {
	s := testSystem(t)
	path := filepath.Join(t.TempDir(), "lb-b.img")
	if err := os.WriteFile(path, []byte("an older disk"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := s.WriteDisk(path, load(t, "pair"), "lb-b", access); err != nil {
		t.Fatal(err)
	}
	offset, err := rootOffset(path)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"/etc/hostname":              "lb-b\n",
		"/root/.ssh/authorized_keys": access.AuthorizedKeys,
	} {
		if got := inExt4(t, path, offset, "cat "+name); got != want {
			t.Errorf("%s on the disk is %q, want %q", name, got, want)
		}
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := info.Mode(); got != 0o600 {
		t.Errorf("mode %v, want 0600: the disk carries a host key", got)
	}

	bad := access
	bad.HostKey = nil
	if err := s.WriteDisk(path, load(t, "pair"), "lb-b", bad); err == nil || !strings.Contains(err.Error(), "Debian's disk of lb-b: SSH host key") {
		t.Errorf("without a host key: got error %v, want one that names the node and the key", err)
	}
}

// GRUB judges the syntax, and the kernel gets the same either way.
func TestBootLoaderConfiguration(t *testing.T) {
	config, err := system.ReadFile("system/boot/grub/grub.cfg")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(config), "linux /vmlinuz "+CommandLine+"\n") {
		t.Errorf("grub.cfg does not give the kernel the command line %q:\n%s", CommandLine, config)
	}
	check := exec.Command("grub-script-check")
	check.Stdin = strings.NewReader(string(config))
	if out, err := check.CombinedOutput(); err != nil {
		t.Errorf("grub-script-check (package grub-common): %v\n%s", err, out)
	}
}
