package doctest

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestMatches(t *testing.T) {
	for _, tt := range []struct {
		pattern, text string
		want          bool
	}{
		{"a", "a", true},
		{"a", "ab", false},
		{"", "", true},
		{"", "a", false},
		{"a…c", "abc", true},
		{"a…c", "ac", true},
		{"a…c", "abcd", false},
		{"a…c", "xac", false},
		{"…b…", "abc", true},
		{"…b…", "acc", false},
		{"a…b…", "xab", false},
		{"…b…b", "ab", false},
		{"…b…b", "abb", true},
		{"ab…bc", "abc", false},
		{"a...c", "abc", false},
	} {
		if got := matches(tt.pattern, tt.text); got != tt.want {
			t.Errorf("matches(%q, %q) = %t, want %t", tt.pattern, tt.text, got, tt.want)
		}
	}
}

func TestCompare(t *testing.T) {
	for _, tt := range []struct{ name, said, got, want string }{ // lines, parted by /
		{"nothing", "", "", ""},
		{"the same", "a/b", "a/b", "  a/  b"},
		{"what varies", "up  7.9 s", "up 1 min 2 s", "  up  7.9 s"},
		{"another word", "a/up 1 s/c", "a/down 1 s/c", "  a/- up 1 s/+ down 1 s/  c"},
		{"a missing line", "a/b/c", "a/c", "  a/- b/  c"},
		{"one too much", "a/c", "a/b/c", "  a/+ b/  c"},
		{"one too much at the end", "a", "a/b", "  a/+ b"},
		{"nothing printed", "a", "", "- a"},
		{"nothing said", "", "a", "+ a"},
		{"lines replaced", "a/b/c", "x/y/c", "- a/- b/+ x/+ y/  c"},
		{"a blank line", "a//b", "a/b", "  a/- /  b"},
		{"any lines", "a/…/c", "a/x/y/c", "  a/  …/  c"},
		{"any lines, of ASCII", "a/  .../c", "a/x/y/c", "  a/    .../  c"},
		{"no lines", "…/a/…", "a", "  …/  a/  …"},
		{"any lines before what comes twice", "…/c", "c/x/c", "  …/  c"},
		{"any lines do not hide the line after them", "a/…/c", "a/x/y/d", "  a/  …/- c/+ d"},
		{"any lines do not hide the line before them", "a/…/c", "b/x/y/c", "- a/+ b/  …/  c"},
		{"any text", "a … c", "a b c", "  a … c"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			edits := compare(splitLines(tt.said), splitLines(tt.got))
			shown := strings.ReplaceAll(strings.TrimSuffix(strings.TrimPrefix(diff(edits), "\t"), "\n"), "\n\t", "/")
			if diff := cmp.Diff(tt.want, shown); diff != "" {
				t.Errorf("compare (-want +got):\n%s", diff)
			}
			if got, want := differs(edits), strings.ContainsAny(tt.want, "-+"); got != want {
				t.Errorf("differs = %t, want %t", got, want)
			}
		})
	}
}

func splitLines(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, "/")
}
