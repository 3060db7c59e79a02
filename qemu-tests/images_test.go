//go:build vm

package qemutests

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"twinlb/image/disk"
	"twinlb/qemu-tests/client"
	"twinlb/qemu-tests/images"
	"twinlb/qemu-tests/sandbox"
	"twinlb/seed"
)

// baker makes the disks.
var baker *images.Baker

// operator may log in to the nodes of seeds made by withLogin.
var operator *client.Operator

func TestMain(m *testing.M) {
	sandbox.Enter()
	os.Exit(bakeAndRun(m))
}

func bakeAndRun(m *testing.M) int {
	dir, err := os.MkdirTemp("", "twinlb-images-")
	if err != nil {
		fmt.Fprintln(os.Stderr, "make a directory for images:", err)
		return 1
	}
	defer os.RemoveAll(dir)
	baker = &images.Baker{Project: "..", Dir: dir}
	if operator, err = client.NewOperator(dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
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
	seedText, err := images.Authorize([]byte(text), operator.AuthorizedKey)
	if err != nil {
		t.Fatal(err)
	}
	return string(seedText)
}

// calmSeed has adverts slow enough for two emulated CPUs on a busy machine, and
// a preempt that a test can wait for.
func calmSeed(t *testing.T) string {
	t.Helper()
	return exampleSeed(t, "advert_interval: 200ms", "advert_interval: 1s", "preempt: 30s", "preempt: 5s")
}
