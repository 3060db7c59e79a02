package initramfs

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/cavaliergopher/cpio"
	"github.com/klauspost/compress/zstd"
)

// zstdMagic begins a zstd frame (RFC 8878 §3.1.1).
var zstdMagic = []byte{0x28, 0xb5, 0x2f, 0xfd}

// Read returns the entries of one archive, compressed or not, in its order.
// What follows the archive's trailer is ignored.
func Read(r io.Reader) ([]Entry, error) {
	buffered := bufio.NewReader(r)
	if magic, _ := buffered.Peek(len(zstdMagic)); !bytes.Equal(magic, zstdMagic) {
		return readCPIO(buffered)
	}
	z, err := zstd.NewReader(buffered, zstd.WithDecoderConcurrency(1))
	if err != nil {
		return nil, fmt.Errorf("read initramfs: %w", err)
	}
	defer z.Close()
	return readCPIO(z)
}

func readCPIO(r io.Reader) ([]Entry, error) {
	var entries []Entry
	c := cpio.NewReader(r)
	for {
		h, err := c.Next()
		if errors.Is(err, io.EOF) {
			return entries, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read cpio: after %d entries: %w", len(entries), err)
		}
		e := Entry{Name: h.Name, Mode: fs.FileMode(h.Mode.Perm()), Target: h.Linkname}
		switch h.Mode & cpio.ModeType {
		case cpio.TypeReg:
			e.Data = make([]byte, h.Size)
			if _, err := io.ReadFull(c, e.Data); err != nil {
				return nil, fmt.Errorf("read cpio: entry %q: %w", h.Name, err)
			}
		case cpio.TypeDir:
			e.Mode |= fs.ModeDir
		case cpio.TypeSymlink:
			e.Mode |= fs.ModeSymlink
		default:
			return nil, fmt.Errorf("read cpio: entry %q: mode %v; want a regular file, a directory or a symbolic link", h.Name, h.Mode)
		}
		entries = append(entries, e)
	}
}
