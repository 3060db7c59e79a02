package seed

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
)

const gzipMagic = "\x1f\x8b" // RFC 1952 §2.3.1

// unpack returns user-data that is compressed with gzip as it was before, and any
// other as it is. What unfolds beyond the size of a file is not unpacked to the end.
func unpack(name string, data []byte) ([]byte, Problems) {
	if len(data) > maxSize || !bytes.HasPrefix(data, []byte(gzipMagic)) {
		return data, nil
	}
	packed, _ := newSource(name, nil)
	text, err := gunzip(data)
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return nil, packed.problem(1, 1, "the file is compressed with gzip and cut short: it ends too early")
	case err != nil:
		return nil, packed.problem(1, 1, "the file is compressed with gzip and damaged: %v", err)
	case len(text) > maxSize:
		return nil, packed.problem(1, 1, "the file is compressed with gzip and too big: it unpacks to more than %d bytes", maxSize)
	case bytes.HasPrefix(text, []byte(gzipMagic)):
		return nil, packed.problem(1, 1, "the file is compressed with gzip twice; once is enough")
	}
	return text, nil
}

// gunzip unpacks no more than is needed to see that it is too much.
func gunzip(data []byte) ([]byte, error) {
	r, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(r, maxSize+1))
}
