package debian

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"twinlb/image/component"
)

func TestBuildNeedsRoot(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("is root")
	}
	if err := build(&component.Build{}); err == nil || !strings.Contains(err.Error(), "run it as root") {
		t.Errorf("got error %v, want one that says who may", err)
	}
}

func TestGeneralize(t *testing.T) {
	root := t.TempDir()
	write := func(path string) {
		path = filepath.Join(root, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("of the machine that built it"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	gone := []string{"etc/ssh/ssh_host_rsa_key", "etc/ssh/ssh_host_rsa_key.pub", "etc/resolv.conf", "etc/hostname",
		"etc/haproxy/haproxy.cfg", "etc/apt/apt.conf.d/99mmdebstrap"}
	kept := []string{"etc/ssh/ssh_config", "etc/haproxy/errors/503.http", "var/lib/dpkg/status"}
	for _, path := range append(gone, kept...) {
		write(path)
	}
	if err := generalize(root); err != nil {
		t.Fatal(err)
	}
	there := append(kept, "etc/.updated", "var/.updated", "root/.ssh", "etc/keepalived")
	for _, path := range there {
		if _, err := os.Stat(filepath.Join(root, path)); err != nil {
			t.Errorf("%s is missing: %v", path, err)
		}
	}
	for _, path := range gone {
		if _, err := os.Stat(filepath.Join(root, path)); err == nil {
			t.Errorf("%s is still there", path)
		}
	}
}

// What is installed is kept under a key of these.
func TestIngredients(t *testing.T) {
	text, err := ingredients()
	if err != nil {
		t.Fatal(err)
	}
	nothing := fmt.Sprintf(" %x\n", sha256.Sum256(nil))
	for path, whole := range map[string]bool{
		"install.go": true, "grub.go": true, "etc/fstab": true, "boot/grub/grub.cfg": true,
		"etc/haproxy/haproxy.cfg": false, "root/.ssh/authorized_keys": false,
	} {
		if !strings.Contains(text, path+" ") || strings.Contains(text, path+nothing) == whole {
			t.Errorf("%s: want its place, and its content: %v; got\n%s", path, whole, text)
		}
	}
}
