package strict

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
)

const gzipMagic = "\x1f\x8b" // RFC 1952 §2.3.1

// Unpack returns a text that is compressed with gzip as it was before, and any other
// as it is. What unfolds beyond the size of a file is not unpacked to the end.
func Unpack(name string, data []byte) ([]byte, Problems) {
	if len(data) > MaxSize || !bytes.HasPrefix(data, []byte(gzipMagic)) {
		return data, nil
	}
	packed, _ := NewSource(name, nil)
	text, err := gunzip(data)
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return nil, packed.Problems(1, 1, "the file is compressed with gzip and cut short: it ends too early")
	case err != nil:
		return nil, packed.Problems(1, 1, "the file is compressed with gzip and damaged: %v", err)
	case len(text) > MaxSize:
		return nil, packed.Problems(1, 1, "the file is compressed with gzip and too big: it unpacks to more than %d bytes", MaxSize)
	case bytes.HasPrefix(text, []byte(gzipMagic)):
		return nil, packed.Problems(1, 1, "the file is compressed with gzip twice; once is enough")
	}
	return text, nil
}

// gunzip unpacks no more than is needed to see that it is too much.
func gunzip(data []byte) ([]byte, error) {
	r, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(r, MaxSize+1))
}
