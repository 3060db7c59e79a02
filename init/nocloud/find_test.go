package nocloud

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"twinlb/init/disks"
)

// machine makes files that stand for disks, and their partitions.
func machine(t *testing.T, content map[string][]byte, partitions map[string]string) []disks.Device {
	t.Helper()
	dir := t.TempDir()
	var all []disks.Device
	for name, data := range content {
		d := disks.Device{Path: filepath.Join(dir, name)}
		d.Disk = d.Path
		if disk := partitions[name]; disk != "" {
			d.Disk = filepath.Join(dir, disk)
		}
		if err := os.WriteFile(d.Path, data, 0o644); err != nil {
			t.Fatal(err)
		}
		all = append(all, d)
	}
	return all
}

func TestFind(t *testing.T) {
	iso, fat, other := wholeISO(tinyISO(true)), tinyFAT(12), make([]byte, 1<<16)
	broken := tinyFAT(12)
	put16(broken[2*512:], 2*dirEntry+26, 0) // user-data begins nowhere
	for _, tt := range []struct {
		name       string
		content    map[string][]byte
		partitions map[string]string
		want       string // name of the device
		err        []string
	}{
		{name: "none", content: map[string][]byte{"vda": other, "sr0": nil}},
		{name: "a CD", content: map[string][]byte{"vda": other, "vda1": other, "sr0": iso},
			partitions: map[string]string{"vda1": "vda"}, want: "sr0"},
		{name: "a partition", content: map[string][]byte{"vda": other, "vda1": other, "vda2": fat},
			partitions: map[string]string{"vda1": "vda", "vda2": "vda"}, want: "vda2"},
		{name: "an ISO with partitions of the same", content: map[string][]byte{"sda": iso, "sda1": iso, "sda2": fat},
			partitions: map[string]string{"sda1": "sda", "sda2": "sda"}, want: "sda"},
		{name: "two", content: map[string][]byte{"sr0": iso, "vdb": fat}, want: "",
			err: []string{"2 drives are labelled cidata: ", "sr0 (iso9660, cidata), ", "vdb (vfat, CIDATA); detach"}},
		{name: "two partitions", content: map[string][]byte{"sda": other, "sda1": iso, "sda2": fat},
			partitions: map[string]string{"sda1": "sda", "sda2": "sda"}, want: "", err: []string{"2 drives are labelled"}},
		{name: "one that is broken", content: map[string][]byte{"vda": other, "vdb": broken}, want: "vdb",
			err: []string{"vdb (vfat, CIDATA): user-data: the chain"}},
		{name: "two, one of them broken", content: map[string][]byte{"sr0": iso, "vdb": broken}, err: []string{"2 drives are labelled"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			found, err := Find(machine(t, tt.content, tt.partitions), time.Minute)
			if len(tt.err) > 0 {
				expectError(t, err, tt.err...)
			} else if err != nil {
				t.Fatal(err)
			}
			got := ""
			if found.Drive != nil {
				got = filepath.Base(found.Drive.Device)
			}
			if got != tt.want || len(found.PassedBy) > 0 {
				t.Errorf("found %q, passed by %v; want %q", got, found.PassedBy, tt.want)
			}
		})
	}
}

func TestDiskThatDoesNotAnswer(t *testing.T) {
	devices := machine(t, map[string][]byte{"sda": nil, "sr0": wholeISO(tinyISO(true))}, nil)
	release := make(chan struct{})
	defer close(release)
	found, err := find(devices, 50*time.Millisecond, func(path string) (*Drive, error) {
		if filepath.Base(path) == "sda" {
			<-release
		}
		return readDevice(path)
	})
	if err != nil || found.Drive == nil {
		t.Fatalf("found %v, error %v; want the drive that answers", found.Drive, err)
	}
	if len(found.PassedBy) != 1 {
		t.Fatalf("passed by %v, want what does not answer", found.PassedBy)
	}
	expectError(t, found.PassedBy[0], "sda: it has not answered for 50ms")
}

func TestDeviceThatIsGone(t *testing.T) {
	found, err := Find([]disks.Device{{Path: "/dev/none/such", Disk: "/dev/none/such"}}, time.Minute)
	if err != nil || found.Drive != nil || len(found.PassedBy) != 1 {
		t.Errorf("found %+v, error %v; want to pass it by", found, err)
	}
}
