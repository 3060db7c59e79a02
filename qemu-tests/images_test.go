//go:build vm

package qemutests

import (
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"twinlb/boot/grub"
	"twinlb/image/disk"
	"twinlb/qemu-tests/client"
	"twinlb/qemu-tests/vm"
	"twinlb/seed"
)

// image says what to bake. Two that are equal are baked once.
type image struct {
	seed   string // its text
	role   seed.Role
	format string // raw or qcow2; empty is raw
	hook   bool   // a test build, which answers vm.VM.Hook
}

// images holds what was baked, and the seeds with their keys.
var images string

// operator may log in to the nodes of seeds made by withLogin.
var operator *client.Operator

func TestMain(m *testing.M) {
	os.Exit(bakeAndRun(m))
}

func bakeAndRun(m *testing.M) int {
	if os.Geteuid() != 0 {
		fmt.Fprintln(os.Stderr, "the VM tests make network namespaces: run them as root, with `make vm`")
		return 1
	}
	var err error
	if images, err = os.MkdirTemp("", "twinlb-images-"); err != nil {
		fmt.Fprintln(os.Stderr, "make a directory for images:", err)
		return 1
	}
	defer os.RemoveAll(images)
	if operator, err = client.NewOperator(images); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// twinlb runs the builder, of the folder TWINLB_BUILD or build, and returns its output.
func twinlb(t *testing.T, args ...string) string {
	t.Helper()
	build := os.Getenv("TWINLB_BUILD")
	if build == "" {
		build = "../build"
	}
	cmd := exec.Command(filepath.Join(build, "twinlb"), args...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %v (`make test` builds what is missing)\n%s%s", cmd, err, out, stderr.String())
	}
	return string(out)
}

// bake returns the disk.
func bake(t *testing.T, i image) string {
	t.Helper()
	if i.format == "" {
		i.format = "raw"
	}
	file := filepath.Join(seedDir(t, i.seed), fmt.Sprintf("%s-hook-%v.%s", i.role, i.hook, i.format))
	if _, err := os.Stat(file); err == nil {
		return file
	}
	args := []string{"image", "--seed", seedFile(t, i.seed), "--role", string(i.role), "--format", i.format, "--out", file}
	if i.hook {
		args = append(args, "--test-hook")
	}
	twinlb(t, args...)
	return file
}

// direct adds to the configuration the kernel and initramfs that the disk would
// start, to be started without firmware.
func direct(t *testing.T, file string, c vm.Config) vm.Config {
	t.Helper()
	content, err := disk.Read(file)
	if err != nil {
		t.Fatal(err)
	}
	commandLine, err := os.ReadFile("../boot/cmdline")
	if err != nil {
		t.Fatalf("start the kernel directly: %v", err)
	}
	dir := t.TempDir()
	c.Append = strings.TrimSpace(string(commandLine))
	c.Kernel, c.Initrd = filepath.Join(dir, "kernel"), filepath.Join(dir, "initramfs")
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

// reseed returns a copy of the disk with its seed edited, past the builder, which
// would refuse it. An edit to nothing makes the partition empty.
func reseed(t *testing.T, file string, edit func(userData string) string) string {
	t.Helper()
	content, err := disk.Read(file)
	if err != nil {
		t.Fatal(err)
	}
	bundle, err := seed.DecodeBundle(strings.NewReader(string(content.Seed)))
	if err != nil {
		t.Fatal(err)
	}
	partition := make([]byte, len(content.Seed))
	if bundle.UserData = []byte(edit(string(bundle.UserData))); len(bundle.UserData) > 0 {
		archive, err := bundle.Encode()
		if err != nil {
			t.Fatal(err)
		}
		copy(partition, archive)
	}
	all, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range content.Partitions {
		if p.Name == seed.PartitionName {
			copy(all[p.Offset:], partition)
		}
	}
	edited := filepath.Join(t.TempDir(), "edited.img")
	if err := os.WriteFile(edited, all, 0o600); err != nil {
		t.Fatal(err)
	}
	return edited
}

// seedDir is where everything made from one seed lies.
func seedDir(t *testing.T, text string) string {
	t.Helper()
	dir := filepath.Join(images, fmt.Sprintf("%x", sha256.Sum256([]byte(text)))[:12])
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatalf("make a directory for images: %v", err)
	}
	return dir
}

func seedFile(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(seedDir(t, text), "pair.yaml")
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatalf("write the seed of an image: %v", err)
	}
	return file
}

// exampleSeed is examples/pair.yaml, with each pair of old and new strings
// replaced. An old one that is not there is an error.
func exampleSeed(t *testing.T, oldnew ...string) string {
	t.Helper()
	example, err := os.ReadFile("../examples/pair.yaml")
	if err != nil {
		t.Fatalf("read the example seed: %v", err)
	}
	text := string(example)
	for i := 0; i < len(oldnew); i += 2 {
		if !strings.Contains(text, oldnew[i]) {
			t.Fatalf("change the example seed: %q is not in it", oldnew[i])
		}
		text = strings.ReplaceAll(text, oldnew[i], oldnew[i+1])
	}
	return text
}

// withLogin lets the operator log in to nodes of the seed.
func withLogin(t *testing.T, text string) string {
	t.Helper()
	const nobody = "ssh_authorized_keys: []"
	if !strings.Contains(text, nobody) {
		t.Fatalf("let the operator log in: %q is not in the seed", nobody)
	}
	return strings.Replace(text, nobody, "ssh_authorized_keys:\n  - "+operator.AuthorizedKey, 1)
}

// calmSeed has adverts slow enough for two emulated CPUs on a busy machine, and
// a preempt that a test can wait for.
func calmSeed(t *testing.T) string {
	t.Helper()
	return exampleSeed(t, "advert_interval: 200ms", "advert_interval: 1s", "preempt: 30s", "preempt: 5s")
}
