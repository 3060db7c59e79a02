package services

import (
	"fmt"
	"strings"
)

// Text is a configuration file in the making. Its lines are literals of this
// program with values filled in, and a value is a single plain word, so that
// nothing from a seed can add a line, a keyword or a comment.
type Text struct {
	b   strings.Builder
	err error
}

// Line adds a line. Args fill the verbs of format.
func (t *Text) Line(format string, args ...any) {
	for _, arg := range args {
		if word := fmt.Sprint(arg); !plain(word) && t.err == nil {
			t.err = fmt.Errorf("render %q: value %q is not a plain word of letters, digits and . _ : / -", format, word)
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
