package change

import (
	"bytes"
	"compress/gzip"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"twinlb/seed"
)

// Part is what a node tells the others of the latest change it knows.
type Part struct {
	ID     string        `json:"id"`
	Leader string        `json:"leader"` // name of the node that was asked
	By     string        `json:"by"`     // who asked it
	Seed   string        `json:"seed"`   // seed.Digest of the new one
	Nodes  []string      `json:"nodes"`  // that take part besides the leader
	Within time.Duration `json:"within"`
	Phase  Phase         `json:"phase"`
	Left   time.Duration `json:"left,omitempty"`   // until it is undone, while applying or applied
	Packed []byte        `json:"packed,omitempty"` // the seed, see Pack; from the leader while it offers
	Did    []string      `json:"did,omitempty"`    // what applying took
	Why    string        `json:"why,omitempty"`    // it was refused or reverted, or what went wrong
}

// Limits of a Part. A packed seed and a node's status share a body of the exchange.
const (
	MaxPacked   = 16 << 10
	MaxUnpacked = 1 << 20
	MaxWithin   = time.Hour
	MinWithin   = 10 * time.Second
	longest     = 256     // bytes of a name or a sentence
	longestWhy  = 4 << 10 // the problems of a seed have several lines
	sentences   = 64
)

// idSize is the length of an ID in hexadecimal digits.
const idSize = 16

// NewID names a change.
func NewID() string {
	id := make([]byte, idSize/2)
	_, _ = rand.Read(id) // never fails, see its documentation
	return hex.EncodeToString(id)
}

// Check says what no node tells. What it lets through can stand in a journal.
func (p *Part) Check() error {
	if id, err := hex.DecodeString(p.ID); err != nil || len(id) != idSize/2 {
		return fmt.Errorf("a change has the ID %.40q, want %d hexadecimal digits", p.ID, idSize)
	}
	if !slices.Contains([]Phase{Offered, Checked, Applying, Applied, Confirmed, Refused, Reverted}, p.Phase) {
		return fmt.Errorf("a change is in the unknown phase %.40q", p.Phase)
	}
	if p.Within < MinWithin || p.Within > MaxWithin || p.Left < 0 || p.Left > MaxWithin {
		return fmt.Errorf("a change is undone within %s, %s from now, want %s to %s", p.Within, p.Left, MinWithin, MaxWithin)
	}
	if len(p.Nodes) >= seed.MaxNodes || len(p.Did) > sentences || len(p.Packed) > MaxPacked || len(p.Why) > longestWhy {
		return fmt.Errorf("a change has %d nodes, %d sentences, a seed of %d bytes and a reason of %d bytes: one of them is too much",
			len(p.Nodes), len(p.Did), len(p.Packed), len(p.Why))
	}
	for _, text := range slices.Concat([]string{p.Leader, p.By, p.Seed}, p.Nodes, p.Did, strings.Split(p.Why, "\n")) {
		if len(text) > longest || strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) {
			return errors.New("a change has text that is too long or not printable")
		}
	}
	return nil
}

// same tells whether two parts say the same, whenever.
func (p *Part) same(q Part) bool {
	return p.ID == q.ID && p.Phase == q.Phase && p.Why == q.Why && len(p.Packed) == len(q.Packed)
}

// summary is the part in a sentence.
func (p *Part) summary() string {
	var text string
	switch p.Phase {
	case "":
		return "no seed was applied since the start"
	case Offered:
		text = "is being checked"
	case Checked:
		text = "can run here"
	case Applying:
		text = "is about to run"
	case Applied:
		text = fmt.Sprintf("runs, and is undone within %s unless it is confirmed", p.Within)
	case Confirmed:
		text = "is confirmed: this node starts with it from now on"
	case Refused:
		text = "is refused"
	case Reverted:
		text = "is undone"
	}
	text = fmt.Sprintf("the seed %s of %s %s", p.Seed, p.By, text)
	if p.Why != "" {
		text += ": " + p.Why
	}
	return text
}

// Pack compresses user-data for the exchange.
func Pack(userData []byte) ([]byte, error) {
	var packed bytes.Buffer
	w, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err == nil {
		_, err = w.Write(userData)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		return nil, fmt.Errorf("pack the seed: %w", err)
	}
	if packed.Len() > MaxPacked {
		return nil, fmt.Errorf("the seed has %d bytes when it is compressed, and the nodes can tell each other %d; write images with it", packed.Len(), MaxPacked)
	}
	return packed.Bytes(), nil
}

// Unpack is the reverse of Pack, of what anybody has packed.
func Unpack(packed []byte) ([]byte, error) {
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, fmt.Errorf("unpack the seed: %w", err)
	}
	userData, err := io.ReadAll(io.LimitReader(r, MaxUnpacked+1))
	if err != nil {
		return nil, fmt.Errorf("unpack the seed: %w", err)
	}
	if len(userData) > MaxUnpacked {
		return nil, fmt.Errorf("unpack the seed: it has more than %d bytes", MaxUnpacked)
	}
	return userData, nil
}

// printable replaces what is not by a question mark.
func printable(r rune) rune {
	if unicode.IsPrint(r) {
		return r
	}
	return '?'
}

// cut shortens a text to so many bytes, between runes.
func cut(s string, most int) string {
	if len(s) <= most {
		return s
	}
	for most > 0 && !utf8.RuneStart(s[most]) {
		most--
	}
	return s[:most]
}
