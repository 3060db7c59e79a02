// Package images bakes disks of pairs with the builder, build/twinlb, and takes
// them apart.
//
// It knows the builder's options and where things lie on a disk, and neither
// machines that run nor networks.
package images

import (
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"twinlb/boot/grub"
	"twinlb/image/disk"
	"twinlb/qemu-tests/lab"
	"twinlb/qemu-tests/vm"
)

// Image says what to bake. Two that are equal are baked once.
type Image struct {
	Seed   string // its text
	Node   string // name of the node; "" bakes no seed
	Format string // raw or qcow2; empty is raw
	Hook   bool   // a test build, which answers vm.VM.Hook
}

// Baker bakes into a folder.
type Baker struct {
	Project string // the root of the source tree
	Dir     string // for seeds, keys and disks
}

// Twinlb runs the builder and returns its standard output.
func (b *Baker) Twinlb(t lab.T, args ...string) string {
	t.Helper()
	project, err := filepath.Abs(b.Project)
	if err != nil {
		t.Fatalf("find the builder: %v", err)
	}
	cmd := exec.Command(filepath.Join(project, "build", "twinlb"), args...)
	cmd.Dir = project
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %v (`make vm` builds what is missing)\n%s%s", cmd, err, out, stderr.String())
	}
	return string(out)
}

// Disk returns the file of the disk.
func (b *Baker) Disk(t lab.T, i Image) string {
	t.Helper()
	if i.Format == "" {
		i.Format = "raw"
	}
	file := filepath.Join(b.folder(t, i.Seed), fmt.Sprintf("%s-hook-%v.%s", i.Node, i.Hook, i.Format))
	if _, err := os.Stat(file); err == nil {
		return file
	}
	args := []string{"image", "--format", i.Format, "--out", file}
	if i.Node == "" {
		args = append(args, "--role", "none")
	} else {
		args = append(args, "--seed", b.SeedFile(t, i.Seed), "--node", i.Node)
	}
	if i.Hook {
		args = append(args, "--test-hook")
	}
	b.Twinlb(t, args...)
	return file
}

// SeedFile returns a file with the text.
func (b *Baker) SeedFile(t lab.T, text string) string {
	t.Helper()
	file := filepath.Join(b.folder(t, text), "pair.yaml")
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatalf("write the seed of an image: %v", err)
	}
	return file
}

// KnownHosts returns the file with the host keys of the seed's nodes, which is
// there as soon as a disk of one is.
func (b *Baker) KnownHosts(t lab.T, text string) string {
	t.Helper()
	return filepath.Join(b.folder(t, text), "pair.keys", "known_hosts")
}

// ShareKeys lets the disks of another seed have the keys of the first, as one pair
// whose seed has changed.
func (b *Baker) ShareKeys(t lab.T, first, other string) {
	t.Helper()
	from, to := filepath.Dir(b.KnownHosts(t, first)), filepath.Dir(b.KnownHosts(t, other))
	secret, err := os.ReadFile(filepath.Join(from, "secret"))
	if err == nil {
		err = os.Mkdir(to, 0o700)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(to, "secret"), secret, 0o600)
	}
	if err != nil {
		t.Fatalf("use the keys of another seed: %v", err)
	}
}

// folder is where everything made from one seed lies.
func (b *Baker) folder(t lab.T, text string) string {
	t.Helper()
	dir := filepath.Join(b.Dir, fmt.Sprintf("%x", sha256.Sum256([]byte(text)))[:12])
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatalf("make a folder for images: %v", err)
	}
	return dir
}

// Direct adds to the configuration the kernel and initramfs that the disk would
// start, to be started without firmware. They go into files beside the disk.
func (b *Baker) Direct(t lab.T, file string, c vm.Config) vm.Config {
	t.Helper()
	content, err := disk.Read(file)
	if err != nil {
		t.Fatal(err)
	}
	commandLine, err := os.ReadFile(filepath.Join(b.Project, "boot", "cmdline"))
	if err != nil {
		t.Fatalf("start the kernel directly: %v", err)
	}
	c.Append = strings.TrimSpace(string(commandLine))
	c.Kernel, c.Initrd = file+".kernel", file+".initramfs"
	for _, f := range content.ESP {
		to := map[string]string{grub.Kernel: c.Kernel, grub.Initramfs: c.Initrd}[strings.ToLower(f.Path)]
		if to == "" {
			continue
		}
		if err := os.WriteFile(to, f.Data, 0o644); err != nil {
			t.Fatalf("start the kernel directly: %v", err)
		}
	}
	return c
}
