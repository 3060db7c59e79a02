package strict

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Problem is one thing that is wrong with a file, and where.
type Problem struct {
	File   string
	Line   int // from 1; 0 when the file as a whole is meant
	Column int // from 1, in characters, not bytes; 0 with line 0
	// Warning marks what works, but not as its writer may think, or not for long.
	Warning bool
	// Message names the value by its path and tells what would be right.
	Message string
	Source  string // the line as it stands in the file
}

// Problems is everything that is wrong with a file, or several.
type Problems []Problem

const (
	maxProblems = 50  // shown; a console that has scrolled away helps nobody
	maxSource   = 100 // characters of a source line that are shown
	indent      = "    "
)

// Error shows the problems as a compiler would, each with its source line and
// a caret under the value.
func (ps Problems) Error() string {
	var b strings.Builder
	for i, p := range ps {
		if i == maxProblems {
			fmt.Fprintf(&b, "\nand %d more", len(ps)-i)
			break
		}
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(p.String())
	}
	return b.String()
}

// String returns "file:line:column: message", of a warning with "warning: " before
// the message, and below it the source line with a caret. Whatever could disturb
// a terminal is escaped.
func (p Problem) String() string {
	head := printable(p.File) + ": "
	if p.Line > 0 {
		head = fmt.Sprintf("%s:%d:%d: ", printable(p.File), p.Line, p.Column)
	}
	if p.Warning {
		head += "warning: "
	}
	head += printable(p.Message)
	if strings.TrimSpace(p.Source) == "" {
		return head
	}
	line, caret := excerpt(p.Source, p.Column-1)
	return head + "\n" + indent + line + "\n" + indent + strings.Repeat(" ", caret) + "^"
}

// excerpt returns the printable part of a source line around its n-th character,
// and at which character of that part the n-th now stands.
func excerpt(source string, n int) (line string, caret int) {
	length := utf8.RuneCountInString(source)
	n = min(max(n, 0), length)
	start := min(max(n-maxSource/2, 0), max(length-maxSource, 0))
	end := min(start+maxSource, length)

	before := printable(characters(source, start, n))
	line = before + printable(characters(source, n, end))
	caret = utf8.RuneCountInString(before)
	if start > 0 {
		line, caret = "…"+line, caret+1
	}
	if end < length {
		line += "…"
	}
	return line, caret
}

// characters returns the characters of s from start up to end.
func characters(s string, start, end int) string {
	n, from, to := 0, len(s), len(s)
	for at := range s {
		if n == start {
			from = at
		}
		if n == end {
			to = at
			break
		}
		n++
	}
	return s[from:to]
}

// printable returns s with a Go escape sequence for whatever is not printable.
// A tab is escaped too: YAML refuses it as indentation, so it has to be seen.
func printable(s string) string {
	var b strings.Builder
	for len(s) > 0 {
		r, size := utf8.DecodeRuneInString(s)
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, s[0])
		case strconv.IsPrint(r):
			b.WriteString(s[:size])
		default:
			b.WriteString(strings.Trim(strconv.QuoteRune(r), "'"))
		}
		s = s[size:]
	}
	return b.String()
}

// Quote returns s in double quotes, cut to what a message can hold.
func Quote(s string) string {
	return strconv.Quote(short(s))
}

func short(s string) string {
	const longest = 60
	if head := characters(s, 0, longest); head != s {
		return head + "…"
	}
	return s
}

// Sort puts the problems of a file in the order of the file.
func (ps Problems) Sort() {
	slices.SortStableFunc(ps, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
}

// Errors reports whether any of the problems is more than a warning.
func (ps Problems) Errors() bool {
	return slices.ContainsFunc(ps, func(p Problem) bool { return !p.Warning })
}

// MarshalJSON returns an object for editors and CI. Its keys stay as they are;
// there may be more of them one day.
func (p Problem) MarshalJSON() ([]byte, error) {
	severity := "error"
	if p.Warning {
		severity = "warning"
	}
	return json.Marshal(struct {
		File     string `json:"file"`
		Line     int    `json:"line"`
		Column   int    `json:"column"`
		Severity string `json:"severity"`
		Message  string `json:"message"`
		Source   string `json:"source"`
	}{p.File, p.Line, p.Column, severity, p.Message, p.Source})
}
