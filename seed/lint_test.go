package seed

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"twinlb/seed/strict"

	"gotest.tools/v3/golden"
)

// TestLint has a good seed for each warning.
func TestLint(t *testing.T) {
	for _, file := range seedFiles(t, "testdata/lint") {
		t.Run(filepath.Base(file), func(t *testing.T) {
			pair, err := Load(file)
			if err != nil {
				t.Fatalf("Load:\n%v\nwant warnings only", err)
			}
			if len(pair.Warnings) == 0 || pair.Warnings.Errors() {
				t.Fatalf("Warnings:\n%v\nwant some, and no error", pair.Warnings)
			}
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			checkPlaces(t, pair.Warnings, data)
			golden.Assert(t, pair.Warnings.Error()+"\n", beside(file))
		})
	}
}

// TestCheckAll has folders of seeds that are checked together.
func TestCheckAll(t *testing.T) {
	entries, err := os.ReadDir("testdata/pairs")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.IsDir() {
			t.Run(e.Name(), func(t *testing.T) {
				dir := filepath.Join("testdata/pairs", e.Name())
				golden.Assert(t, checkFolder(t, dir), beside(dir))
			})
		}
	}
}

// checkFolder returns what CheckAll says of the seeds in a folder: files and folders.
func checkFolder(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var paths []string
	for _, e := range entries {
		paths = append(paths, filepath.Join(dir, e.Name()))
	}
	var b strings.Builder
	for _, c := range CheckAll(paths...) {
		verdict := "good"
		if c.Problems.Errors() {
			verdict = "bad"
		}
		if (c.Pair == nil) != c.Problems.Errors() {
			t.Errorf("%s: pair %v with %v", c.Path, c.Pair, c.Problems)
		}
		b.WriteString(c.Path + " is " + verdict + "\n")
		if len(c.Problems) > 0 {
			b.WriteString(c.Problems.Error() + "\n")
		}
	}
	return b.String()
}

func TestCheckAllMissing(t *testing.T) {
	got := CheckAll("testdata/none.yaml")
	if len(got) != 1 || got[0].Pair != nil || !strings.HasPrefix(got[0].Problems.Error(), "testdata/none.yaml: read seed: ") {
		t.Errorf("CheckAll of no file = %+v", got)
	}
}

// TestErrorsHideWarnings: who has errors to mend is not told of lesser things.
func TestErrorsHideWarnings(t *testing.T) {
	_, err := Parse("x", change(t, "virtual_router_id: 7, advert_interval: 1s", "virtual_router_id: 0, advert_interval: 50ms"))
	var problems strict.Problems
	if !errors.As(err, &problems) || len(problems) != 1 || problems[0].Warning {
		t.Errorf("Parse:\n%v\nwant the virtual router ID alone", err)
	}
}
