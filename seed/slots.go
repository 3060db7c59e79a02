package seed

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// The seed partition has two slots, each half of it: a bundle's archive from the
// beginning, and in the last sector its seal. The builder writes the first slot and
// no seal; a node writes the slot that it did not start from. So the loss of power
// at any moment leaves the other one whole.
//
//	offset  bytes  content of a seal; numbers are big-endian
//	0       8      "twinlb" and the version of this format, 0 1
//	8       8      generation: 1 or more, and the higher one counts
//	16      8      bytes of the archive
//	24      32     SHA-256 of the archive
//	56      32     SHA-256 of all before it
const (
	sealMagic  = "twinlb\x00\x01"
	sealSize   = 8 + 8 + 8 + sha256.Size + sha256.Size
	sectorSize = 512
)

// Partition is a seed partition. Sync returns when what was written is on the disk,
// and makes later reads come from there.
type Partition interface {
	io.ReaderAt
	io.WriterAt
	Sync() error
}

// ReadSlots returns the bundle that counts in a partition of so many bytes.
func ReadSlots(p io.ReaderAt, size int64) (*Bundle, error) {
	bundle, _, err := newestSlot(p, size)
	return bundle, err
}

// WriteSlot makes a bundle the one that counts. After an error the one from before
// counts, or the new one if just the look at what was written has failed.
func WriteSlot(p Partition, size int64, b *Bundle) error {
	archive, err := b.Encode()
	if err != nil {
		return err
	}
	room := slotSize(size) - sectorSize
	if int64(len(archive)) > room {
		return fmt.Errorf("write the seed partition: the seed takes %d bytes, and there is room for %d", len(archive), room)
	}
	target, err := spareSlot(p, size)
	if err != nil {
		return err
	}
	base := int64(target.index) * slotSize(size)
	// In this order: a seal never stands behind an archive that is not its own.
	for _, part := range []struct {
		at   int64
		data []byte
	}{
		{base + room, make([]byte, sectorSize)},
		{base, archive},
		{base + room, seal(target.generation, archive)},
	} {
		_, err := p.WriteAt(part.data, part.at)
		if err := errors.Join(err, p.Sync()); err != nil {
			return fmt.Errorf("write the seed partition: %w", err)
		}
	}
	got, found, err := newestSlot(p, size)
	if err != nil {
		return fmt.Errorf("look at what was written: %w", err)
	}
	if again, err := got.Encode(); err != nil || found != target || !bytes.Equal(again, archive) {
		return errors.Join(fmt.Errorf("write the seed partition: another seed is read than was written; %s", damaged), err)
	}
	return nil
}

// slot is one of the two.
type slot struct {
	index      int
	generation uint64 // 0 is the builder's
}

func slotSize(size int64) int64 { return size / 2 / sectorSize * sectorSize }

// newestSlot reads the valid slot of the highest generation.
func newestSlot(p io.ReaderAt, size int64) (*Bundle, slot, error) {
	var best *Bundle
	var at slot
	for index := range 2 {
		bundle, generation := sealedSlot(p, size, index)
		if bundle != nil && (best == nil || generation > at.generation) {
			best, at = bundle, slot{index, generation}
		}
	}
	if best != nil {
		return best, at, nil
	}
	baked, err := DecodeBundle(io.NewSectionReader(p, 0, size))
	return baked, slot{}, err
}

// sealedSlot returns nil when the slot has no seal that fits its archive.
func sealedSlot(p io.ReaderAt, size int64, index int) (*Bundle, uint64) {
	base, room := int64(index)*slotSize(size), slotSize(size)-sectorSize
	if room <= 0 {
		return nil, 0
	}
	sealed := make([]byte, sealSize)
	if _, err := p.ReadAt(sealed, base+room); err != nil || !bytes.HasPrefix(sealed, []byte(sealMagic)) {
		return nil, 0
	}
	generation, length := binary.BigEndian.Uint64(sealed[8:]), binary.BigEndian.Uint64(sealed[16:])
	if length > uint64(min(room, maxBundle)) {
		return nil, 0
	}
	archive := make([]byte, length)
	if _, err := p.ReadAt(archive, base); err != nil || !bytes.Equal(seal(generation, archive), pad(sealed)) {
		return nil, 0
	}
	bundle, err := DecodeBundle(bytes.NewReader(archive))
	if err != nil {
		return nil, 0
	}
	return bundle, generation
}

// spareSlot is the slot that does not count, with the generation to be written.
func spareSlot(p io.ReaderAt, size int64) (slot, error) {
	bundle, newest, err := newestSlot(p, size)
	if err != nil {
		// Nothing that could be lost; the node runs from elsewhere.
		return slot{0, 1}, nil
	}
	if baked, err := bundle.Encode(); newest.generation == 0 && (err != nil || int64(len(baked)) > slotSize(size)) {
		return slot{}, errors.Join(fmt.Errorf("write the seed partition: the seed of the image takes more than half of it; write an image with the new seed"), err)
	}
	return slot{1 - newest.index, newest.generation + 1}, nil
}

// seal returns the last sector of a slot.
func seal(generation uint64, archive []byte) []byte {
	digest := sha256.Sum256(archive)
	s := []byte(sealMagic)
	s = binary.BigEndian.AppendUint64(s, generation)
	s = binary.BigEndian.AppendUint64(s, uint64(len(archive)))
	s = append(s, digest[:]...)
	all := sha256.Sum256(s)
	return pad(append(s, all[:]...))
}

func pad(s []byte) []byte { return append(s, make([]byte, sectorSize-len(s))...) }
