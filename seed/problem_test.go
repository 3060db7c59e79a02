package seed

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
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
	got := strings.Split(ps.err().Error(), "\n")
	if len(got) != 51 || got[0] != "f:1:1: m" || got[49] != "f:50:1: m" || got[50] != "and 10 more" {
		t.Errorf("Error = %d lines, %q … %q, want 50 in order and then the rest as a number", len(got), got[0], got[len(got)-1])
	}
}

// TestCaretIsUnderValue finds the quoted value of every bad seed's message where the caret is.
func TestCaretIsUnderValue(t *testing.T) {
	checked := 0
	for _, file := range seedFiles(t, "testdata/bad") {
		_, err := Load(file)
		for _, p := range err.(Problems) {
			_, rest, quoted := strings.Cut(p.Message, `: "`)
			value, _, _ := strings.Cut(rest, `"`)
			if !quoted {
				continue
			}
			checked++
			lines := strings.Split(p.String(), "\n")
			caret := strings.IndexByte(lines[2], '^')
			under := strings.TrimLeft(characters(lines[1], caret, utf8.RuneCountInString(lines[1])), `"'`)
			if !strings.HasPrefix(under, value) {
				t.Errorf("the caret of %q is under %q, want %q", p.Message, under, value)
			}
		}
	}
	if checked < 20 {
		t.Errorf("only %d problems name a value", checked)
	}
}

func TestNearest(t *testing.T) {
	keys := []string{"name", "role", "address", "advert_interval", "virtual_router_id", "vips"}
	for text, want := range map[string]string{
		"nmae": "name", "adress": "address", "Role": "role", "advert-interval": "advert_interval",
		"virtual_routerid": "virtual_router_id", "vip": "vips", "weight": "", "": "", "xy": "",
		strings.Repeat("name", 1000): "",
	} {
		if got := nearest(text, keys); got != want {
			t.Errorf("nearest(%.20q) = %q, want %q", text, got, want)
		}
	}
}

// TestReasons spot-checks the list of cloud-config keys.
func TestReasons(t *testing.T) {
	for _, key := range []string{"packages", "runcmd", "users", "ntp", "timezone", "hostname", "write_files", "network", "mounts", "apt"} {
		if !strings.HasPrefix(notActedOn[key], "is not acted on: ") {
			t.Errorf("notActedOn[%q] = %q, want a reason", key, notActedOn[key])
		}
	}
	accepted := []string{"ssh_authorized_keys", "twinlb"}
	for key := range notActedOn {
		if slices.Contains(accepted, key) {
			t.Errorf("%s is acted on and yet listed", key)
		}
	}
}
