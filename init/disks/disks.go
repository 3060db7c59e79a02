// Package disks lists the block devices that the kernel sees, as sysfs(5) shows
// them. It reads none of them.
package disks

import (
	"os"
	"path/filepath"
	"strings"
)

// Device is a disk, a CD drive, or a partition of one.
type Device struct {
	Path  string // /dev/vda1
	Disk  string // Path of the whole; the same for a device that is no partition
	Label string // of a partition in a GPT, its name
}

// Whole tells whether the device is no partition.
func (d Device) Whole() bool { return d.Path == d.Disk }

// List returns the devices of the machine, each disk before its partitions.
func List() []Device { return list("/sys", "/dev") }

func list(sys, dev string) []Device {
	var all []Device
	files, _ := filepath.Glob(filepath.Join(sys, "class/block/*/uevent"))
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // gone meanwhile
		}
		attributes := make(map[string]string)
		for line := range strings.Lines(string(text)) {
			key, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
			attributes[key] = value
		}
		d := Device{Path: filepath.Join(dev, attributes["DEVNAME"]), Label: attributes["PARTNAME"]}
		d.Disk = d.Path
		if attributes["DEVTYPE"] == "partition" {
			// It lies in the folder of its disk: /sys/devices/…/block/vda/vda1.
			real, err := filepath.EvalSymlinks(filepath.Dir(file))
			if err != nil {
				continue
			}
			d.Disk = filepath.Join(dev, filepath.Base(filepath.Dir(real)))
		}
		all = append(all, d)
	}
	return all
}

// Wholes returns the paths of the devices that are no partitions.
func Wholes(devices []Device) []string {
	var paths []string
	for _, d := range devices {
		if d.Whole() {
			paths = append(paths, d.Path)
		}
	}
	return paths
}

// Labelled returns the partitions of that name.
func Labelled(devices []Device, name string) []Device {
	var found []Device
	for _, d := range devices {
		if d.Label == name {
			found = append(found, d)
		}
	}
	return found
}
