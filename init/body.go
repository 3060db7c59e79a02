package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"

	"twinlb/init/change"
	"twinlb/init/drill"
	"twinlb/init/peer"
	"twinlb/init/status"
)

// mostSaid is how many bytes of JSON a node takes from a peer: the status of a node
// with some thousand backends.
const mostSaid = 1 << 20

var gzipped = []byte{0x1f, 0x8b} // RFC 1952 §2.3.1; JSON never begins so

// said is what a node tells the others: how it is, and how far it has come with a
// seed that is applied.
type said struct {
	status.Node
	Change *change.Part `json:"change,omitempty"`
	Drill  *drill.Part  `json:"drill,omitempty"`
}

// encode returns what a node says of itself as the body of a datagram: JSON, and
// only what would not fit is packed.
func encode(n *said) ([]byte, error) {
	body, err := json.Marshal(n)
	if err != nil || len(body) <= peer.MaxBody {
		return body, err
	}
	var packed bytes.Buffer
	w, err := gzip.NewWriterLevel(&packed, gzip.BestSpeed)
	if err != nil {
		return nil, err
	}
	_, _ = w.Write(body) // into memory
	if err := w.Close(); err != nil {
		return nil, err
	}
	return packed.Bytes(), nil
}

// decode is the reverse of encode, for what came from a peer.
func decode(body []byte) (*said, error) {
	if bytes.HasPrefix(body, gzipped) {
		r, err := gzip.NewReader(bytes.NewReader(body))
		if err != nil {
			return nil, err
		}
		if body, err = io.ReadAll(io.LimitReader(r, mostSaid+1)); err != nil {
			return nil, err
		}
		if len(body) > mostSaid {
			return nil, fmt.Errorf("it is more than %d bytes", mostSaid)
		}
	}
	var heard said
	if err := json.Unmarshal(body, &heard); err != nil {
		return nil, err
	}
	return &heard, nil
}
