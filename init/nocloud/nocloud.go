// Package nocloud finds the drive on which a seed is given at run time, by the
// convention of cloud-init's NoCloud data source, and reads its files.
//
// It reads the file systems itself, from the block device: nothing is mounted, so
// no damaged one ever meets a driver of the kernel. All that it reads was written by
// somebody else; every size, chain and count has a bound. What is in the files it
// does not know.
package nocloud

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Label is the volume label of a NoCloud drive, in any case.
const Label = "cidata"

// The files that are read, from the root directory; in any case, as neither file
// system tells one from the other. All but UserData may be missing.
const (
	UserData      = "user-data"
	MetaData      = "meta-data"
	NetworkConfig = "network-config"
	VendorData    = "vendor-data"
	Keys          = "twinlb-keys"
)

var names = []string{UserData, MetaData, NetworkConfig, VendorData, Keys}

// maxFile is how many bytes of a file are read: one more than a file of a seed may
// have, so that whoever parses it sees that it is too big.
const maxFile = 1<<20 + 1

// maxEntries is how many files the root directory may have.
const maxEntries = 4096

// Drive is a NoCloud drive.
type Drive struct {
	Device     string            // such as /dev/sr0
	FileSystem string            // iso9660 or vfat
	Label      string            // as it is written
	Files      map[string][]byte // those that are there
}

// String names the drive: /dev/sr0 (iso9660, cidata).
func (d *Drive) String() string {
	return fmt.Sprintf("%s (%s, %s)", d.Device, d.FileSystem, d.Label)
}

// fileSystem is one that has been recognized.
type fileSystem interface {
	root() ([]entry, error)
	// read returns the content of a file, at most limit bytes of it.
	read(e entry, limit int) ([]byte, error)
}

// entry is something in the root directory.
type entry struct {
	name  string
	unfit string // why it is no file that can be read, after its name; "" when it is
	start uint32 // first block or cluster
	size  uint32 // bytes
}

// systems are the file systems a seed can be on. Each function returns the label of
// the one that it recognizes; its error is of one with our label, or of a device
// that can't be read.
var systems = []struct {
	name string
	open func(io.ReaderAt) (fs fileSystem, label string, err error)
}{
	{"iso9660", openISO},
	{"vfat", openFAT},
}

// Read reads the drive, a whole device or a partition. The Drive is nil when it has
// no file system with our label; with one it is there even when the rest of it can't
// be read.
func Read(device string, r io.ReaderAt) (*Drive, error) {
	var unreadable error
	for _, system := range systems {
		fs, label, err := system.open(r)
		if !ours(label) {
			if err != nil {
				unreadable = fmt.Errorf("look for a seed on %s: %w", device, err)
			}
			continue
		}
		d := &Drive{Device: device, FileSystem: system.name, Label: label}
		if err == nil {
			d.Files, err = files(fs)
		}
		if err != nil {
			return d, fmt.Errorf("read the seed on %s: %w", d, err)
		}
		return d, nil
	}
	return nil, unreadable
}

func ours(label string) bool { return strings.EqualFold(label, Label) }

func files(fs fileSystem) (map[string][]byte, error) {
	entries, err := fs.root()
	if err != nil {
		return nil, fmt.Errorf("its root directory: %w", err)
	}
	all := make(map[string][]byte)
	for _, name := range names {
		is := func(e entry) bool { return strings.EqualFold(e.name, name) }
		i := slices.IndexFunc(entries, is)
		if i < 0 {
			continue
		}
		e := entries[i]
		if slices.ContainsFunc(entries[i+1:], is) {
			return nil, fmt.Errorf("%s is there twice", name)
		}
		if e.unfit != "" {
			return nil, fmt.Errorf("%s %s", name, e.unfit)
		}
		if all[name], err = fs.read(e, maxFile); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	if all[UserData] == nil {
		return nil, fmt.Errorf("there is no %s in its root directory; there is %s", UserData, listing(entries))
	}
	return all, nil
}

// listing names what is there instead. A drive without long names has USER_DAT.
func listing(entries []entry) string {
	const most = 8
	if len(entries) == 0 {
		return "nothing"
	}
	var text []string
	for _, e := range entries[:min(most, len(entries))] {
		text = append(text, fmt.Sprintf("%q", e.name))
	}
	if more := len(entries) - most; more > 0 {
		text = append(text, fmt.Sprintf("and %d more", more))
	}
	listed := strings.Join(text, ", ")
	if slices.ContainsFunc(entries, func(e entry) bool { return strings.HasPrefix(e.name, "USER_DAT") }) {
		listed += "; names were cut: write the drive with long ones, as genisoimage does with -joliet -rock"
	}
	return listed
}

// readAt reads exactly that many bytes.
func readAt(r io.ReaderAt, offset int64, size int) ([]byte, error) {
	b := make([]byte, size)
	n, err := r.ReadAt(b, offset)
	if n == size {
		return b, nil
	}
	if errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("the drive ends at byte %d of those up to %d that it should have", offset+int64(n), offset+int64(size))
	}
	return nil, err
}

// beginning reads what says which file system there is; nil when the device is too small
// for it to have one.
func beginning(r io.ReaderAt, offset int64, size int) ([]byte, error) {
	b := make([]byte, size)
	n, err := r.ReadAt(b, offset)
	if n == size {
		return b, nil
	}
	if errors.Is(err, io.EOF) {
		return nil, nil
	}
	return nil, err
}
