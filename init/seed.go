package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"twinlb/init/console"
	"twinlb/init/disks"
	"twinlb/init/nocloud"
	"twinlb/seed"
)

// Patience with disks. Drivers have found theirs before PID 1 starts, but for those of
// Hyper-V; and a CD may take a moment.
const (
	drivePatience = 3 * time.Second // after the start of the kernel, for a NoCloud drive
	diskPatience  = 5 * time.Second // after that of PID 1, for the disk of the node
	leastPatience = time.Second     // for disks to answer on a machine that started slowly
	diskPoll      = 50 * time.Millisecond
)

// seedOrigin is where the seed of a node came from.
type seedOrigin struct {
	device string // with its file system, if it is a drive
	baked  bool   // into the image, and not given on a drive
}

// readSeed finds the seed and resolves it to this node. One on a NoCloud drive
// replaces, whole, what the builder has baked.
func (n *node) readSeed() error {
	found, err := findSeed()
	for _, why := range found.passedBy {
		n.log("seed", "%v", why)
	}
	if err != nil {
		return err
	}
	if found.drive != nil {
		err = n.useDrive(found.drive, found.baked)
	} else {
		err = n.useBaked(found.baked)
	}
	if err != nil {
		return err
	}
	for _, w := range n.spec.Warnings {
		text, _, _ := strings.Cut(w.String(), "\n")
		n.log("seed", "%s", text)
	}
	if err := os.WriteFile("/proc/sys/kernel/hostname", []byte(n.spec.Node.Name), 0); err != nil {
		return fmt.Errorf("set the host name: %w", err)
	}
	return nil
}

func (n *node) useBaked(b *bakedSeed) error {
	if b.err != nil {
		return fmt.Errorf("read the seed on %s: %w", b.device, b.err)
	}
	n.origin = seedOrigin{device: b.device, baked: true}
	n.bundle = b.bundle
	var err error
	if n.spec, err = n.bundle.Spec(); err != nil {
		return fmt.Errorf("the seed on %s is wrong:\n%w", b.device, err)
	}
	n.log("seed", "%s is the %s, from the seed %s on %s",
		n.spec.Node.Name, n.spec.Node.Role, seed.Digest(n.bundle.UserData), b.device)
	return nil
}

// foundSeeds is what a search has led to: a drive, what is baked, or both.
type foundSeeds struct {
	drive    *nocloud.Drive
	baked    *bakedSeed
	passedBy []error // disks that can't be read
}

// findSeed looks until there is a seed, or patience is over.
func findSeed() (foundSeeds, error) {
	began := time.Now()
	for {
		devices := disks.List()
		search, err := nocloud.Find(devices, max(leastPatience, drivePatience-console.Uptime()))
		found := foundSeeds{drive: search.Drive, passedBy: search.PassedBy}
		if err != nil {
			return found, err
		}
		baked, err := readPartition(devices)
		if err != nil && found.drive == nil {
			return found, err
		}
		found.baked = baked
		switch {
		case found.drive != nil, baked != nil && !baked.empty:
			return found, nil
		case baked != nil && console.Uptime() > drivePatience:
			return found, fmt.Errorf("find the seed: no seed is baked into this image, and no drive labelled %s was found within %s; %s",
				nocloud.Label, drivePatience, sees(devices))
		case baked == nil && time.Since(began) > diskPatience:
			return found, fmt.Errorf("find the seed: no partition is named %s and no drive labelled %s, within %s; %s",
				seed.PartitionName, nocloud.Label, diskPatience, sees(devices))
		}
		time.Sleep(diskPoll)
	}
}

func sees(devices []disks.Device) string {
	wholes := disks.Wholes(devices)
	if len(wholes) == 0 {
		wholes = []string{"none"}
	}
	return "the disks that the kernel sees: " + strings.Join(wholes, ", ")
}

// bakedSeed is what the builder has written to the seed's partition.
type bakedSeed struct {
	device string
	bundle *seed.Bundle
	err    error // why there is no bundle
	empty  bool  // an image that is for any pair
}

// readPartition reads the one partition with the seed's name; nil when there is
// none yet.
func readPartition(devices []disks.Device) (*bakedSeed, error) {
	labelled := disks.Labelled(devices, seed.PartitionName)
	if len(labelled) == 0 {
		return nil, nil
	}
	if len(labelled) > 1 {
		var paths []string
		for _, d := range labelled {
			paths = append(paths, d.Path)
		}
		slices.Sort(paths)
		return nil, fmt.Errorf("find the seed: %d partitions are named %s: %s; detach the disks of other nodes",
			len(paths), seed.PartitionName, strings.Join(paths, ", "))
	}
	b := &bakedSeed{device: labelled[0].Path}
	partition, err := os.Open(b.device)
	if err != nil {
		b.err = err
		return b, nil
	}
	defer partition.Close()
	size, err := partition.Seek(0, io.SeekEnd)
	if err != nil {
		b.err = err
		return b, nil
	}
	begin := make([]byte, 512)
	if _, b.err = partition.ReadAt(begin, 0); b.err != nil {
		return b, nil
	}
	if b.empty = bytes.Equal(begin, make([]byte, len(begin))); b.empty {
		b.err = errors.New("no seed is baked into this image")
		return b, nil
	}
	b.bundle, b.err = seed.ReadSlots(partition, size)
	return b, nil
}

// String says which seed is baked, for whoever wonders why it is not used.
func (b *bakedSeed) String() string {
	switch {
	case b == nil || b.empty:
		return "no seed is baked into the image"
	case b.err != nil:
		return fmt.Sprintf("the baked seed can't be read: %v", b.err)
	}
	return fmt.Sprintf("the baked seed %s is not used", seed.Digest(b.bundle.UserData))
}

// role is the one that the image was built for; "" when nothing tells it.
func (b *bakedSeed) role() seed.Role {
	if b == nil || b.bundle == nil {
		return ""
	}
	spec, err := b.bundle.Spec()
	if err != nil {
		return ""
	}
	return spec.Node.Role
}
