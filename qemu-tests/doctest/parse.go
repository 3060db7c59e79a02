package doctest

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

var (
	fence   = regexp.MustCompile("^(\\s*)(`{3,}|~{3,})\\s*([^`\\s]*)[^`]*$")
	comment = regexp.MustCompile(`^\s*<!--\s*(.*?)\s*-->\s*$`)
)

// parser goes through the lines of a document.
type parser struct {
	document *Document
	next     int      // the line to look at, from 0
	comments []remark // that may be about the next block
	mistakes []error
}

// remark is a comment with its place.
type remark struct {
	Position
	text string
}

// Parse reads a document whose name, for errors, is file. The error has every
// mistake, each with its line.
func Parse(file, text string) (*Document, error) {
	p := &parser{document: &Document{File: file, lines: strings.Split(text, "\n")}}
	for p.next < len(p.document.lines) {
		p.line()
	}
	p.dropComments()
	if err := errors.Join(p.mistakes...); err != nil {
		return nil, err
	}
	return p.document, nil
}

func (p *parser) line() {
	line := p.document.lines[p.next]
	here := p.position(p.next)
	p.next++
	open := fence.FindStringSubmatch(line)
	remarked := comment.FindStringSubmatch(line)
	switch {
	case open != nil:
		p.block(here, open[1], open[2], open[3])
	case remarked != nil:
		p.comments = append(p.comments, remark{here, remarked[1]})
	case strings.TrimSpace(line) == "":
	default:
		p.dropComments()
		// A block that is not seen would not be run, and nobody would know.
		if strings.Contains(line, "```") || strings.Contains(line, "~~~") {
			p.mistake(here, "a fence that is not alone on its line, as in a quotation, is not read: put it on a line of its own")
		}
	}
}

// block reads one whose opening fence was the line before.
func (p *parser) block(fence Position, indent, marks, language string) {
	body := span{first: p.next, end: p.next}
	for {
		if body.end == len(p.document.lines) {
			p.next = body.end
			p.mistake(fence, "the block does not end: close it with "+marks)
			return
		}
		end := strings.TrimSpace(p.document.lines[body.end])
		if strings.HasPrefix(end, marks) && strings.Trim(end, marks[:1]) == "" {
			break
		}
		body.end++
	}
	p.next = body.end + 1
	b := &Block{Position: fence, Language: language, Place: Host}
	p.document.Blocks = append(p.document.Blocks, b)
	p.direct(b)
	switch {
	case language == console:
		p.console(b, body, indent)
	case language == script:
		lines := p.text(body, indent)
		b.Commands = []Command{{Position: p.position(body.first), Script: strings.Join(lines, "\n")}}
	case !slices.Contains(data, language):
		p.mistake(fence, fmt.Sprintf("%q is no language of a block: name it %s or %s, which are run, or as data: %s",
			language, console, script, strings.Join(data, ", ")))
	}
}

// console divides a block into its commands and what they print.
func (p *parser) console(b *Block, body span, indent string) {
	for i, line := range p.text(body, indent) {
		at := body.first + i
		var c *Command
		if n := len(b.Commands); n > 0 {
			c = &b.Commands[n-1]
		}
		begin, isCommand := strings.CutPrefix(line, "$ ")
		more, isMore := strings.CutPrefix(line+" ", "> ")
		switch {
		case isCommand:
			b.Commands = append(b.Commands, Command{Position: p.position(at), Script: begin, output: span{at + 1, at + 1}, indent: indent})
		case c == nil:
			if strings.TrimSpace(line) != "" {
				p.mistake(p.position(at), "what a command prints stands before any command: begin commands with \"$ \"")
				return
			}
		case isMore && at == c.output.first:
			c.Script += "\n" + strings.TrimSuffix(more, " ")
			c.output = span{at + 1, at + 1}
		case strings.TrimSpace(line) != "":
			c.output.end = at + 1
		}
	}
	if len(b.Commands) == 0 {
		p.mistake(b.Position, "there is no command in it: begin each with \"$ \", or name it text")
	}
	for i := range b.Commands {
		c := &b.Commands[i]
		c.Output = p.text(c.output, indent)
		if strings.HasSuffix(c.Script, `\`) {
			p.mistake(c.Position, "the command goes on after \\: begin the next line of it with \"> \"")
		}
	}
}

// text returns lines without the indentation of their fence, as Markdown does.
func (p *parser) text(s span, indent string) []string {
	var lines []string
	for _, line := range p.document.lines[s.first:s.end] {
		lead := len(line) - len(strings.TrimLeft(line, " \t"))
		lines = append(lines, line[min(lead, len(indent)):])
	}
	return lines
}

func (p *parser) position(line int) Position { return Position{p.document.File, line + 1} }

func (p *parser) mistake(at Position, text string) {
	p.mistakes = append(p.mistakes, fmt.Errorf("%v: %s", at, text))
}
