package services

import (
	"fmt"
	"net/netip"
	"strings"
)

// Text is a configuration file in the making. Its lines are literals of this
// program with values filled in, and a value is a single plain word, so that
// nothing from a seed can add a line, a keyword or a comment.
type Text struct {
	b   strings.Builder
	err error
}

// Literal is an address as it stands before a port: an IPv6 address in brackets
// (RFC 3986 §3.2.2).
type Literal netip.Addr

func (l Literal) String() string {
	if addr := netip.Addr(l); addr.Is6() {
		return "[" + addr.String() + "]"
	}
	return netip.Addr(l).String()
}

// Words are plain words with a blank between two.
type Words string

// Line adds a line. Args fill the verbs of format.
func (t *Text) Line(format string, args ...any) {
	for _, arg := range args {
		for _, word := range parts(arg) {
			if !plain(word) && t.err == nil {
				t.err = fmt.Errorf("render %q: value %q is not a plain word of letters, digits and . _ : / -", format, word)
			}
		}
	}
	fmt.Fprintf(&t.b, format, args...)
	t.b.WriteByte('\n')
}

// Bytes returns the text, or the first value that could not stand in it.
func (t *Text) Bytes() ([]byte, error) {
	if t.err != nil {
		return nil, t.err
	}
	return []byte(t.b.String()), nil
}

// parts are what must be plain of a value: all but the brackets and blanks that
// belong to its type.
func parts(arg any) []string {
	switch arg := arg.(type) {
	case Literal:
		return []string{netip.Addr(arg).String()}
	case netip.AddrPort:
		return []string{arg.Addr().String()}
	case Words:
		return strings.Split(string(arg), " ")
	}
	return []string{fmt.Sprint(arg)}
}

func plain(word string) bool {
	for _, c := range []byte(word) {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		case strings.IndexByte("._:/-", c) >= 0:
		default:
			return false
		}
	}
	return word != ""
}
