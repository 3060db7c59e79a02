package initramfs

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"os/exec"
	"time"

	"github.com/cavaliergopher/cpio"
)

// Compressor is the program that an archive is made with, and Debian's package of it.
// At its level 19 the archive is 9 % smaller than the best of its Go counterpart.
// The window, how far back it may refer, is 8 MiB then, the most that decoders are
// asked to accept (RFC 8878 §3.1.1.1.2).
const Compressor = "zstd"

// More than one thread would cut the input where the machine's load decides.
var compression = []string{"--quiet", "-19", "--single-thread", "--no-check"}

// Write writes the entries as a compressed archive. Directories that are only
// implied by a name are added with mode 0755. It refuses a name given twice, a
// parent that is no directory, and whatever an Entry can't be.
func Write(w io.Writer, entries []Entry) error {
	var archive, messages bytes.Buffer
	if err := WriteCPIO(&archive, entries); err != nil {
		return err
	}
	z := exec.Command(Compressor, compression...)
	z.Stdin, z.Stdout, z.Stderr = &archive, w, &messages
	if err := z.Run(); err != nil {
		return fmt.Errorf("write initramfs: compress with %s: %w\n%s", Compressor, err, &messages)
	}
	return nil
}

// WriteCPIO is Write without the compression.
func WriteCPIO(w io.Writer, entries []Entry) error {
	sorted, err := tree(entries)
	if err != nil {
		return fmt.Errorf("write cpio: %w", err)
	}
	c := cpio.NewWriter(w)
	for _, e := range sorted {
		if err := writeEntry(c, e); err != nil {
			return fmt.Errorf("write cpio: entry %q: %w", e.Name, err)
		}
	}
	if err := c.Close(); err != nil {
		return fmt.Errorf("write cpio: %w", err)
	}
	return nil
}

func writeEntry(w *cpio.Writer, e Entry) error {
	h := &cpio.Header{
		Name:    e.Name,
		Mode:    cpio.FileMode(e.Mode.Perm()),
		Links:   1,
		ModTime: time.Unix(Epoch, 0),
	}
	data := e.Data
	switch e.Mode.Type() {
	case fs.ModeDir:
		h.Mode |= cpio.TypeDir
		h.Links = 2
	case fs.ModeSymlink:
		h.Mode |= cpio.TypeSymlink
		data = []byte(e.Target) // the library has a field for it but doesn't write it
	default:
		h.Mode |= cpio.TypeReg
	}
	h.Size = int64(len(data))
	if err := w.WriteHeader(h); err != nil {
		return err
	}
	_, err := w.Write(data)
	return err
}
