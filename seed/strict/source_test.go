package strict

import (
	"strings"
	"testing"
)

func TestSourceRefuses(t *testing.T) {
	for _, test := range []struct{ name, data, want string }{
		{"gzip", "\x1f\x8b\x08", "1:1: the file is compressed with gzip, which only user-data may be"},
		{"UTF-16", "\xff\xfe#\x00", "1:1: the file is UTF-16"},
		{"UTF-16, big-endian", "\xfe\xff\x00#", "1:1: the file is UTF-16"},
		{"a byte order mark", "\xef\xbb\xbfa: b\n", "1:1: the file starts with a byte order mark"},
		{"NUL", "a: \x00\n", "1:4: the control character U+0000 is not allowed"},
		{"a carriage return", "a: b\rc\n", "1:5: the control character U+000D is not allowed"},
		{"Latin-1", "a: é\xe9\n", `1:5: the byte \xe9 is not UTF-8`},
		{"size", strings.Repeat("#", MaxSize+1), "1:1: the file is too big: 1048577 bytes, at most 1048576"},
		{"marks, not those of comments", "# " + strings.Repeat("- ", MaxMarks) + "\n- " + strings.Repeat("x,", MaxMarks), "2:24574: the file has too many lines, keys and items"},
		{"an unknown anchor", "a: *x\n", "1:4: YAML: unknown anchor 'x' referenced"},
		{"a second document", "a: 1\n---\nb", "2:1: a second YAML document begins here"},
		{"a broken document after one", "a: 1\n...\nb: ]\n", "3:4: YAML: did not find expected node content"},
		{"depth", strings.Repeat("[", 11000), "1:10001: YAML: exceeded max depth"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s, problems := NewSource("x", []byte(test.data))
			if problems == nil {
				_, problems = s.Root()
			}
			if len(problems) != 1 || !strings.HasPrefix(problems.Error(), "x:"+test.want) {
				t.Errorf("NewSource, Root = %.200v\nwant x:%s…", problems, test.want)
			}
		})
	}
}

func TestRootOfComments(t *testing.T) {
	for _, text := range []string{"", "\n \n", "# a: b\n", "\n# a: b\n"} {
		s, problems := NewSource("x", []byte(text))
		if problems != nil {
			t.Fatal(problems)
		}
		if root, problems := s.Root(); root.Node != nil || problems != nil {
			t.Errorf("Root of %q = %v, %v, want no node", text, root.Node, problems)
		}
		if got, want := s.Blank(), strings.TrimSpace(text) == ""; got != want {
			t.Errorf("Blank of %q = %t, want %t", text, got, want)
		}
	}
}
