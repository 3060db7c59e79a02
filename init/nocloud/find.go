package nocloud

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"twinlb/init/disks"

	"golang.org/x/sys/unix"
)

// Found is what a search has led to.
type Found struct {
	Drive *Drive // nil when there is none
	// PassedBy says which devices could not be read, and might have been one.
	PassedBy []error
}

// Find looks for the one NoCloud drive. A disk that has not answered within the
// patience is passed by: its driver may wait for minutes. The error is of a drive
// that has the label and can't be read, when Drive says which, or of several that
// have it.
func Find(devices []disks.Device, patience time.Duration) (Found, error) {
	return find(devices, patience, readDevice)
}

func find(devices []disks.Device, patience time.Duration, read reader) (Found, error) {
	waiting := make(map[string][]disks.Device) // by disk
	for _, d := range devices {
		waiting[d.Disk] = append(waiting[d.Disk], d)
	}
	answers := make(chan answer, len(waiting))
	for disk, parts := range waiting {
		go func() { answers <- look(disk, parts, read) }()
	}
	var drives []drive
	var found Found
	late := time.After(patience)
	for len(waiting) > 0 {
		select {
		case a := <-answers:
			delete(waiting, a.disk)
			drives = append(drives, a.drives...)
			if a.err != nil {
				found.PassedBy = append(found.PassedBy, a.err)
			}
		case <-late:
			for disk := range waiting {
				found.PassedBy = append(found.PassedBy, fmt.Errorf("look for a seed on %s: it has not answered for %s", disk, patience))
			}
			clear(waiting)
		}
	}
	switch len(drives) {
	case 0:
		return found, nil
	case 1:
		found.Drive = drives[0].Drive
		return found, drives[0].err
	}
	var labelled []string
	for _, d := range drives {
		labelled = append(labelled, d.String())
	}
	slices.Sort(labelled)
	return found, fmt.Errorf("find the seed: %d drives are labelled %s: %s; detach all but that of this node",
		len(drives), Label, strings.Join(labelled, ", "))
}

// reader is Read of the device with that path.
type reader func(path string) (*Drive, error)

// answer is what has been read of a disk.
type answer struct {
	disk   string
	drives []drive
	err    error // of what could not be read
}

type drive struct {
	*Drive
	err error
}

// look reads a disk and then its partitions. Those of one that is a NoCloud drive
// itself show the same once more: many an ISO is made to start from a disk as well.
func look(disk string, devices []disks.Device, read reader) answer {
	a := answer{disk: disk}
	slices.SortStableFunc(devices, func(x, y disks.Device) int { return cmp.Compare(len(x.Path), len(y.Path)) })
	for _, d := range devices {
		found, err := read(d.Path)
		if found != nil {
			a.drives = append(a.drives, drive{found, err})
			if d.Whole() {
				break
			}
		} else {
			a.err = errors.Join(a.err, err)
		}
	}
	return a
}

// noMedium is the size in bytes that Linux guesses of a CD drive without a CD
// (drivers/scsi/sr.c), and no CD can have.
const noMedium = 0x1fffff * 512

// readDevice does not wait for a medium. An empty CD drive would take 0.1 s to say
// so; it still takes half of that.
func readDevice(path string) (*Drive, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, fmt.Errorf("look for a seed: %w", err)
	}
	defer f.Close()
	if size, err := f.Seek(0, io.SeekEnd); err != nil || size == 0 || size == noMedium {
		return nil, err
	}
	return Read(path, f)
}
