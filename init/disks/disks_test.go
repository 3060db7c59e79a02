package disks

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestList(t *testing.T) {
	sys := t.TempDir()
	for device, uevent := range map[string]string{
		"pci/virtio0/block/vda":      "MAJOR=253\nDEVNAME=vda\nDEVTYPE=disk\n",
		"pci/virtio0/block/vda/vda3": "DEVNAME=vda3\nDEVTYPE=partition\nPARTN=3\nPARTNAME=TWINLB-SEED\n",
		"pci/ata1/block/sr0":         "DEVNAME=sr0\nDEVTYPE=disk\n",
	} {
		dir := filepath.Join(sys, "devices", device)
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "uevent"), []byte(uevent), 0o644); err != nil {
			t.Fatal(err)
		}
		class := filepath.Join(sys, "class/block")
		if err := os.MkdirAll(class, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(dir, filepath.Join(class, filepath.Base(dir))); err != nil {
			t.Fatal(err)
		}
	}
	got := list(sys, "/dev")
	want := []Device{
		{Path: "/dev/sr0", Disk: "/dev/sr0"},
		{Path: "/dev/vda", Disk: "/dev/vda"},
		{Path: "/dev/vda3", Disk: "/dev/vda", Label: "TWINLB-SEED"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("devices (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"/dev/sr0", "/dev/vda"}, Wholes(got)); diff != "" {
		t.Errorf("whole devices (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want[2:], Labelled(got, "TWINLB-SEED")); diff != "" {
		t.Errorf("partitions of that name (-want +got):\n%s", diff)
	}
}
