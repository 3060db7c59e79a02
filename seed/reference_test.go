package seed

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"twinlb/seed/strict"

	"github.com/google/go-cmp/cmp"
	"gotest.tools/v3/golden"
)

// TestReference holds docs/seed.md to the tables: every key with what it takes,
// and every warning.
func TestReference(t *testing.T) {
	const path = "../docs/seed.md"
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	want := section(t, string(page), "keys", keyTable())
	want = section(t, want, "warnings", warningList(t))
	if want == string(page) {
		return
	}
	if golden.FlagUpdate() {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	t.Errorf("%s: (-is +should be, accept it with -update)\n%s", path, cmp.Diff(string(page), want))
}

// section replaces what stands between the comments of that name.
func section(t *testing.T, page, name, content string) string {
	t.Helper()
	parts := regexp.MustCompile(`(?s)(<!-- ` + name + `: [^>]* -->\n)(.*)(<!-- ` + name + `: end -->)`).FindStringSubmatchIndex(page)
	if parts == nil {
		t.Fatalf("the page has no section %s", name)
	}
	return page[:parts[3]] + content + page[parts[6]:]
}

func keyTable() string {
	var b strings.Builder
	b.WriteString("| key | takes | without it | meaning |\n|---|---|---|---|\n")
	eachKey(userDataShape(), "", func(path string, s *strict.Shape, required bool) {
		without := "–"
		switch {
		case required:
			without = "required"
		case s.Default != nil:
			without = fmt.Sprintf("`%v`", s.Default)
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", path, takes(s), without, meanings[path])
	})
	return b.String()
}

// takes tells what a value looks like.
func takes(s *strict.Shape) string {
	switch {
	case s.Ref != "":
		return takes(definitions[strings.TrimPrefix(s.Ref, "#/$defs/")])
	case len(s.Enum) > 0:
		var words []string
		for _, w := range s.Enum {
			if word := fmt.Sprintf("`%v`", w); !slices.Contains(words, word) {
				words = append(words, word)
			}
		}
		return strings.Join(words, ", ")
	case s.Type == "object":
		return "mapping"
	case s.Type == "array":
		return "list"
	case len(s.AnyOf) == 2 && s.AnyOf[1].Type == "array":
		return takes(&s.AnyOf[0]) + ", or a list"
	case len(s.AnyOf) > 0 && s.AnyOf[0].Type == "boolean":
		return "`true`, `false`"
	case len(s.AnyOf) > 0 && s.AnyOf[0].Minimum != nil:
		return fmt.Sprintf("%d–%d", *s.AnyOf[0].Minimum, *s.AnyOf[0].Maximum)
	case len(s.AnyOf) == 2 && len(s.AnyOf[1].Enum) > 0:
		return takes(&s.AnyOf[0]) + ", " + takes(&s.AnyOf[1])
	case len(s.AnyOf) > 0:
		return "word"
	}
	examples := make([]string, len(s.Examples))
	for i, e := range s.Examples {
		examples[i] = fmt.Sprintf("`%v`", e)
	}
	return strings.Join(examples, ", ")
}

// warningList has the warnings of the lint's golden files, each once.
func warningList(t *testing.T) string {
	t.Helper()
	position := regexp.MustCompile(`^[^ ]+: warning: `)
	folder := regexp.MustCompile(`testdata/[a-z0-9/-]+/`)
	var items []string
	for _, dir := range []string{"testdata/lint", "testdata/pairs"} {
		err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
			if err != nil || filepath.Ext(path) != ".txt" {
				return err
			}
			data, err := os.ReadFile(path)
			for line := range strings.Lines(string(data)) {
				if at := position.FindString(line); at != "" {
					items = append(items, "- "+folder.ReplaceAllString(strings.TrimSpace(line[len(at):]), ""))
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	slices.Sort(items)
	return strings.Join(slices.Compact(items), "\n") + "\n"
}
