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

// Line adds a line. Args fill the verbs of format.
func (t *Text) Line(format string, args ...any) {
	for _, arg := range args {
		if !plain(unbracketed(arg)) && t.err == nil {
			t.err = fmt.Errorf("render %q: value %q is not a plain word of letters, digits and . _ : / -", format, fmt.Sprint(arg))
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

// unbracketed is the text of a value without the brackets that belong to its type.
func unbracketed(arg any) string {
	switch arg := arg.(type) {
	case Literal:
		return netip.Addr(arg).String()
	case netip.AddrPort:
		return arg.Addr().String()
	}
	return fmt.Sprint(arg)
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
