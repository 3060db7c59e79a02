package strict

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

// MaxSize is the size in bytes that a file may have.
const MaxSize = 1 << 20

// Source is the text of a file, for finding and showing what is wrong with it.
type Source struct {
	name  string
	Lines []string // without line ends, at least one
	last  int      // number of the last line that is not blank
}

// NewSource takes the text apart, or says why it is none.
func NewSource(name string, data []byte) (*Source, Problems) {
	s := &Source{name: name, Lines: []string{""}, last: 1}
	switch {
	case len(data) > MaxSize:
		return s, s.Problems(1, 1, "the file is too big: %d bytes, at most %d", len(data), MaxSize)
	case bytes.HasPrefix(data, []byte(gzipMagic)):
		return s, s.Problems(1, 1, "the file is compressed with gzip, which only user-data may be; unpack it first")
	case bytes.HasPrefix(data, []byte("\xff\xfe")), bytes.HasPrefix(data, []byte("\xfe\xff")):
		return s, s.Problems(1, 1, "the file is UTF-16; save it as UTF-8")
	case bytes.HasPrefix(data, []byte("\xef\xbb\xbf")):
		return s, s.Problems(1, 1, "the file starts with a byte order mark; save it as UTF-8 without BOM")
	}
	if line, column, found := crowded(data); found {
		p := s.Problems(1, 1, "the file has too many lines, keys and items; together at most %d are possible", MaxMarks)
		p[0].Line, p[0].Column = line, column
		return s, p
	}
	s.Lines = strings.Split(string(data), "\n")
	for i, line := range s.Lines {
		s.Lines[i] = strings.TrimSuffix(line, "\r")
		if strings.TrimSpace(line) != "" {
			s.last = i + 1
		}
	}
	return s, s.unfitCharacters()
}

// Blank reports whether the text has nothing but blanks.
func (s *Source) Blank() bool {
	return s.last == 1 && strings.TrimSpace(s.Lines[0]) == ""
}

// unfitCharacters finds, once a line, what is not UTF-8, what YAML does not
// allow and what YAML takes for the end of a line while editors don't, so that
// from here on all agree on line numbers.
func (s *Source) unfitCharacters() Problems {
	var ps Problems
	for i, line := range s.Lines {
		column := 0
		for at, r := range line {
			column++
			if r == utf8.RuneError && !strings.HasPrefix(line[at:], "\uFFFD") {
				ps = append(ps, s.Problems(i+1, column, `the byte \x%02x is not UTF-8`, line[at])...)
				break
			}
			if unfit(r) {
				ps = append(ps, s.Problems(i+1, column, "the control character %U is not allowed", r)...)
				break
			}
		}
	}
	return ps
}

func unfit(r rune) bool {
	switch {
	case r == '\t':
		return false
	case r < ' ', r >= 0x7f && r < 0xa0, r == 0x2028, r == 0x2029, r == 0xfeff, r == 0xfffe, r == 0xffff:
		return true
	}
	return false
}

// Problems returns one problem at a position, counted from 1. One beyond the last line
// with text goes to the end of that line: YAML finds out only there what it has missed.
func (s *Source) Problems(line, column int, format string, args ...any) Problems {
	if line > s.last {
		line, column = s.last, utf8.RuneCountInString(s.Lines[s.last-1])+1
	}
	return Problems{{
		File:    s.name,
		Line:    max(line, 1),
		Column:  max(column, 1),
		Message: fmt.Sprintf(format, args...),
		Source:  s.Lines[max(line, 1)-1],
	}}
}

// Root returns the one document of the text as a value. It has no Node when the text
// holds nothing but comments.
func (s *Source) Root() (Value, Problems) {
	node, problems := s.yaml()
	d := newDocument(s)
	if node == nil {
		return Value{Document: d}, problems
	}
	return d.Enter(node, ""), nil
}

func (s *Source) yaml() (*yaml.Node, Problems) {
	loader, err := yaml.NewLoader(strings.NewReader(strings.Join(s.Lines, "\n")))
	if err != nil {
		return nil, s.syntaxError(err)
	}
	var document, second yaml.Node
	if err := loader.Load(&document); errors.Is(err, io.EOF) {
		return nil, nil
	} else if err != nil {
		return nil, s.syntaxError(err)
	}
	if err := loader.Load(&second); err == nil {
		return nil, s.Problems(second.Line, second.Column, "a second YAML document begins here; a seed is one")
	} else if !errors.Is(err, io.EOF) {
		return nil, s.syntaxError(err)
	}
	return document.Content[0], nil
}

func (s *Source) syntaxError(err error) Problems {
	var load *yaml.LoadError
	if !errors.As(err, &load) {
		return s.Problems(1, 1, "YAML: %v", err)
	}
	p := s.Problems(load.Mark.Line, load.Mark.Column, "YAML: %s", load.Message)
	if at := p[0].Column - 1; characters(p[0].Source, at, at+1) == "\t" {
		p[0].Message = "YAML: a tab cannot indent; use spaces"
	} else if begin := load.ContextMark; begin.Line > 0 && begin != load.Mark {
		p[0].Message += fmt.Sprintf(" %s that begins on line %d", load.ContextMsg, begin.Line)
	}
	return p
}
