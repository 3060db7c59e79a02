package seed

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"twinlb/seed/strict"

	"gotest.tools/v3/golden"
)

// beside is the golden file of a seed.
func beside(seedFile string) string {
	inTestdata := strings.TrimPrefix(seedFile, "testdata/")
	return strings.TrimSuffix(inTestdata, ".yaml") + ".txt"
}

func seedFiles(t *testing.T, dir string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no seeds in %s: %v", dir, err)
	}
	return files
}

func TestBadSeeds(t *testing.T) {
	for _, file := range seedFiles(t, "testdata/bad") {
		t.Run(filepath.Base(file), func(t *testing.T) {
			pair, err := Load(file)
			var problems strict.Problems
			if !errors.As(err, &problems) || pair != nil {
				t.Fatalf("Load = %v, %v, want no pair and Problems", pair, err)
			}
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			checkPlaces(t, problems, data)
			golden.Assert(t, problems.Error()+"\n", beside(file))
		})
	}
}

// checkPlaces checks that all problems point into the text.
func checkPlaces(t *testing.T, problems strict.Problems, data []byte) {
	t.Helper()
	lines := strings.Split(string(data), "\n")
	for _, p := range problems {
		if p.Line < 1 || p.Line > len(lines) {
			t.Errorf("line %d of %d: %s", p.Line, len(lines), p.Message)
			continue
		}
		line := strings.TrimSuffix(lines[p.Line-1], "\r")
		if p.Column < 1 || p.Column > utf8.RuneCountInString(line)+1 {
			t.Errorf("column %d of line %d %q: %s", p.Column, p.Line, line, p.Message)
		}
		if p.Source != line && p.Source != "" { // what is no text at all is not shown
			t.Errorf("source of line %d = %q, want %q", p.Line, p.Source, line)
		}
	}
}

// TestCaretIsUnderValue finds the quoted value of every bad seed's message where the caret is.
func TestCaretIsUnderValue(t *testing.T) {
	checked := 0
	for _, file := range seedFiles(t, "testdata/bad") {
		_, err := Load(file)
		for _, p := range err.(strict.Problems) {
			_, rest, quoted := strings.Cut(p.Message, `: "`)
			value, _, _ := strings.Cut(rest, `"`)
			if !quoted {
				continue
			}
			checked++
			lines := strings.Split(p.String(), "\n")
			caret := strings.IndexByte(lines[2], '^')
			under := strings.TrimLeft(string([]rune(lines[1])[caret:]), `"'`)
			if !strings.HasPrefix(under, value) {
				t.Errorf("the caret of %q is under %q, want %q", p.Message, under, value)
			}
		}
	}
	if checked < 20 {
		t.Errorf("only %d problems name a value", checked)
	}
}

func TestExamples(t *testing.T) {
	for _, file := range seedFiles(t, "../examples") {
		pair, err := Load(file)
		if err != nil {
			t.Errorf("Load:\n%v", err)
			continue
		}
		if len(pair.Specs()) != 2 {
			t.Errorf("%s has %d nodes, want a pair", file, len(pair.Specs()))
		}
	}
}
