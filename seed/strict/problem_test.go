package strict

import (
	"fmt"
	"strings"
	"testing"
)

func TestProblemString(t *testing.T) {
	long := strings.Repeat("x", 99) + "V" + strings.Repeat("y", 99)
	for _, test := range []struct {
		name   string
		source string
		column int
		want   string // line and caret, without indentation
	}{
		{"plain", "key: value", 6, "key: value\n     ^"},
		{"after the end", "key:", 5, "key:\n    ^"},
		{"far beyond the end", "key:", 50, "key:\n    ^"},
		{"not ASCII", "clé: été", 6, "clé: été\n     ^"},
		{"tab", "\tkey: value", 7, "\\tkey: value\n       ^"},
		{"escape sequence", "\x1b[2J: value", 7, "\\x1b[2J: value\n         ^"},
		{"not UTF-8", "\xff\xfe: value", 5, "\\xff\\xfe: value\n          ^"},
		{"right-to-left override", "\u202eab", 2, "\\u202eab\n      ^"},
		{"long line", long, 100, "…" + strings.Repeat("x", 50) + "V" + strings.Repeat("y", 49) + "…\n" + strings.Repeat(" ", 51) + "^"},
		{"long line, begin", long, 1, strings.Repeat("x", 99) + "V…\n^"},
		{"long line, end", long, 199, "…V" + strings.Repeat("y", 99) + "\n" + strings.Repeat(" ", 100) + "^"},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := Problem{File: "f", Line: 3, Column: test.column, Message: "m", Source: test.source}
			want := fmt.Sprintf("f:3:%d: m\n", test.column)
			for i, line := range strings.Split(test.want, "\n") {
				if i > 0 {
					want += "\n"
				}
				want += "    " + line
			}
			if got := p.String(); got != want {
				t.Errorf("String =\n%s\nwant\n%s", got, want)
			}
		})
	}
}

func TestProblemWithoutSource(t *testing.T) {
	p := Problem{File: "a\nb", Line: 1, Column: 1, Message: "empty\x07"}
	if got, want := p.String(), `a\nb:1:1: empty\a`; got != want {
		t.Errorf("String = %q, want %q", got, want)
	}
}

func TestProblemsAreBounded(t *testing.T) {
	var ps Problems
	for i := range 60 {
		ps = append(ps, Problem{File: "f", Line: 60 - i, Column: 1, Message: "m"})
	}
	ps.Sort()
	got := strings.Split(ps.Error(), "\n")
	if len(got) != 51 || got[0] != "f:1:1: m" || got[49] != "f:50:1: m" || got[50] != "and 10 more" {
		t.Errorf("Error = %d lines, %q … %q, want 50 in order and then the rest as a number", len(got), got[0], got[len(got)-1])
	}
}
