package doctest

import (
	"fmt"
	"os"
)

// Document is a Markdown file with its fenced blocks, in their order.
type Document struct {
	File   string
	Blocks []*Block

	lines []string
}

// Block is a fenced block and what the comments before it say.
type Block struct {
	Position           // of the fence
	Language string    // console, sh, or one of data
	Place    Place     // where it is run
	Status   int       // with which the last command ends; the others end with 0
	NotRun   string    // the reason, for one that is not run
	Commands []Command // none in data, one in sh
}

// Command is one that is run, or a whole script.
type Command struct {
	Position
	Script string   // for bash
	Output []string // the lines that the document shows, without blank ones at the end

	output span // of Output in the lines of the document
	indent string
}

// Position is a line of a file, from 1.
type Position struct {
	File string
	Line int
}

// String is file:line, as compilers print it.
func (p Position) String() string { return fmt.Sprintf("%s:%d", p.File, p.Line) }

// Place is where commands are run.
type Place string

const (
	Host Place = "host" // where the project is built
	Pair Place = "pair" // a client on the network of a pair that serves
)

const (
	console = "console"
	script  = "sh"
)

// data are the languages of blocks that nobody runs.
var data = []string{"cfg", "ini", "json", "sql", "text", "yaml"}

// Data tells whether the block has nothing to run.
func (b *Block) Data() bool { return b.Language != console && b.Language != script }

// span is from the first line to before the end, from 0.
type span struct{ first, end int }

// Read reads the document of a file. The error has every mistake, each with its line.
func Read(file string) (*Document, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read a document: %w", err)
	}
	return Parse(file, string(text))
}
