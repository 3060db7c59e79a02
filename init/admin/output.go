package admin

import (
	"io"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// piece is how many bytes a client must be able to take in times.read.
const piece = 16 << 10

// output is a stream of a client. What stands in logs and in the answers of MySQL
// servers must not steer the terminal on which it is shown.
type output struct {
	to       io.Writer
	soon     func(func())
	terminal bool
}

// Write takes whole runes only.
func (o *output) Write(text []byte) (int, error) {
	shown := clean(string(text))
	if o.terminal {
		shown = strings.ReplaceAll(shown, "\n", "\r\n")
	}
	for len(shown) > 0 {
		now := shown[:min(piece, len(shown))]
		shown = shown[len(now):]
		var err error
		o.soon(func() { _, err = io.WriteString(o.to, now) })
		if err != nil {
			return 0, err
		}
	}
	return len(text), nil
}

// clean replaces what is not printable, except the ends of lines, by question
// marks, as ls(1) does.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n', unicode.IsPrint(r) && r != utf8.RuneError:
			return r
		case r == '\t':
			return ' '
		}
		return '?'
	}, s)
}

// quote shows what somebody sent, at most so many bytes of it.
func quote(s string, most int) string {
	if short := cut(s, most); short != s {
		return strconv.QuoteToASCII(short) + "..."
	}
	return strconv.QuoteToASCII(s)
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
