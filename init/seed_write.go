package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"twinlb/seed"

	"golang.org/x/sys/unix"
)

// seedPartition is the one that a node starts from, open for writing.
type seedPartition struct{ *os.File }

// Sync also has the kernel forget what it knows of the disk, so that what is read
// after it comes from there (posix_fadvise(2)).
func (p seedPartition) Sync() error {
	return errors.Join(p.File.Sync(), unix.Fadvise(int(p.Fd()), 0, 0, unix.FADV_DONTNEED))
}

// writeSeed has the node start with a bundle from now on.
func writeSeed(device string, b *seed.Bundle) error {
	file, err := os.OpenFile(device, os.O_RDWR, 0)
	if err != nil {
		return fmt.Errorf("write the seed: %w", err)
	}
	defer file.Close()
	size, err := file.Seek(0, io.SeekEnd)
	if err != nil {
		return fmt.Errorf("write the seed: %w", err)
	}
	return seed.WriteSlot(seedPartition{file}, size, b)
}
