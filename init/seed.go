package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"twinlb/seed"
)

// Patience for disks that the kernel is still looking for.
const (
	diskPatience = 5 * time.Second
	diskPoll     = 20 * time.Millisecond
)

// readSeed finds the seed's partition by its name, reads what the builder baked
// and resolves it to this node.
func (n *node) readSeed() error {
	device, err := findPartition(seed.PartitionName)
	if err != nil {
		return err
	}
	partition, err := os.Open(device)
	if err != nil {
		return fmt.Errorf("read the seed: %w", err)
	}
	defer partition.Close()
	if n.bundle, err = seed.DecodeBundle(partition); err != nil {
		return fmt.Errorf("read the seed on %s: %w", device, err)
	}
	if n.spec, err = n.bundle.Spec(); err != nil {
		return err
	}
	if err := os.WriteFile("/proc/sys/kernel/hostname", []byte(n.spec.Node.Name), 0); err != nil {
		return fmt.Errorf("set the host name: %w", err)
	}
	n.log("seed", "%s is the %s, from the seed %s on %s",
		n.spec.Node.Name, n.spec.Node.Role, seed.Digest(n.bundle.UserData), device)
	return nil
}

// findPartition waits for the one partition with that name in its GPT entry.
func findPartition(name string) (string, error) {
	deadline := time.Now().Add(diskPatience)
	for {
		found, disks := partitions(name)
		switch {
		case len(found) == 1:
			return found[0], nil
		case len(found) > 1:
			return "", fmt.Errorf("find the seed: %d partitions are named %s: %s; detach the disks of other nodes",
				len(found), name, strings.Join(found, ", "))
		case time.Now().After(deadline):
			if len(disks) == 0 {
				disks = []string{"none"}
			}
			return "", fmt.Errorf("find the seed: no partition is named %s within %s; the disks that the kernel sees: %s",
				name, diskPatience, strings.Join(disks, ", "))
		}
		time.Sleep(diskPoll)
	}
}

// partitions lists the devices of partitions with that name, and all disks.
func partitions(name string) (found, disks []string) {
	files, _ := filepath.Glob("/sys/class/block/*/uevent")
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		attributes := make(map[string]string)
		for _, line := range strings.Split(string(text), "\n") {
			key, value, _ := strings.Cut(line, "=")
			attributes[key] = value
		}
		if attributes["DEVTYPE"] == "disk" {
			disks = append(disks, attributes["DEVNAME"])
		}
		if attributes["PARTNAME"] == name {
			found = append(found, "/dev/"+attributes["DEVNAME"])
		}
	}
	return found, disks
}
