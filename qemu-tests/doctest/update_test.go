package doctest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestUpdate(t *testing.T) {
	runners := Runners{Host: fake{
		"table":        {output: "node  lb-a  \nup    12.3 s\nlast  line\n\n"},
		"greet":        {output: "hello\n"},
		"silent":       {},
		"fail":         {output: "no\n", status: 1},
		"command":      {output: "$ greet\nhello\n"},
		"fence":        {output: "```\nhello\n"},
		"continued":    {output: "> hello\n"},
		"set -e; a\nb": {output: "not shown\n"},
	}}
	for _, tt := range []struct {
		name           string
		document, want []string // want is nil for a document that stays as it is
		err            string
	}{
		{"what agrees stays", []string{"'''console", "$ table", "node  lb-a", "up    7.0 s", "last  line", "'''"}, nil, ""},
		{"what differs is replaced, and all lines are of one run",
			[]string{"# Title", "'''console", "$ table", "name lb-a", "up   7.0 s", "last line", "", "$ greet", "'''", "end"},
			[]string{"# Title", "'''console", "$ table", "node  lb-a", "up    12.3 s", "last  line", "", "$ greet", "hello", "'''", "end"}, ""},
		{"an ellipsis stays", []string{"'''console", "$ table", "node  …", "…", "lost  line", "'''"},
			[]string{"'''console", "$ table", "node  …", "…", "last  line", "'''"}, ""},
		{"an ellipsis that does not match goes", []string{"'''console", "$ greet", "bye…", "'''"},
			[]string{"'''console", "$ greet", "hello", "'''"}, ""},
		{"nothing is printed any more", []string{"'''console", "$ silent", "a", "b", "", "$ greet", "'''"},
			[]string{"'''console", "$ silent", "", "$ greet", "hello", "'''"}, ""},
		{"two blocks, one in a list", []string{"'''console", "$ greet", "a", "b", "'''", "- list", "  '''console", "  $ greet", "  '''"},
			[]string{"'''console", "$ greet", "hello", "'''", "- list", "  '''console", "  $ greet", "  hello", "  '''"}, ""},
		{"a failure is not written", []string{"'''console", "$ greet", "$ fail", "yes", "'''"},
			[]string{"'''console", "$ greet", "hello", "$ fail", "yes", "'''"}, "a.md:3: `fail` ends with status 1, want 0"},
		{"a place without runner", []string{"<!-- at: pair -->", "'''console", "$ greet", "'''"}, nil, ""},
		{"a script", []string{"'''sh", "a", "b", "'''"}, nil, ""},
		{"an output that looks like a command", []string{"'''console", "$ command", "'''"}, nil, "a.md:2: what `command` prints cannot be shown"},
		{"an output that looks like a fence", []string{"'''console", "$ fence", "'''"}, nil, "prints cannot be shown"},
		{"an output that looks like a continuation", []string{"'''console", "$ continued", "'''"}, nil, "a.md:2: what `continued` prints cannot be shown"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			before := markdown(tt.document...)
			if err := os.WriteFile("a.md", []byte(before), 0o600); err != nil {
				t.Fatal(err)
			}
			d, err := Read("a.md")
			if err != nil {
				t.Fatal(err)
			}
			err = d.Update(t.Context(), runners)
			if tt.err == "" && err != nil || tt.err != "" && (err == nil || !strings.Contains(err.Error(), tt.err)) {
				t.Errorf("Update = %v, want an error with %q", err, tt.err)
			}
			want := before
			if tt.want != nil {
				want = markdown(tt.want...)
			}
			got, err := os.ReadFile("a.md")
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, string(got)); diff != "" {
				t.Errorf("the document (-want +got):\n%s", diff)
			}
		})
	}
}

// What Update has written, Check accepts, with the blocks in their new places.
func TestUpdateTwice(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a.md")
	if err := os.WriteFile(file, []byte(markdown("'''console", "$ greet", "a", "b", "$ greet", "'''")), 0o600); err != nil {
		t.Fatal(err)
	}
	d, err := Read(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, output := range []string{"hello\n", "good\nmorning\n"} {
		runners := Runners{Host: fake{"greet": {output: output}}}
		if err := d.Update(t.Context(), runners); err != nil {
			t.Fatal(err)
		}
		if err := d.Blocks[0].Check(t.Context(), runners); err != nil {
			t.Errorf("after Update, Check = %v", err)
		}
	}
}

func TestReadNamesTheFile(t *testing.T) {
	if _, err := Read("nowhere.md"); err == nil || !strings.Contains(err.Error(), "nowhere.md") {
		t.Errorf("Read = %v, want an error that names the file", err)
	}
}
