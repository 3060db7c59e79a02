package report

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// Widths in characters of what is written for a terminal.
const (
	terminal  = 120 // nothing is wider
	leastName = 24  // of a row; it is wrapped rather than cut
	indent    = 2
)

// WriteText writes the report for a terminal: what was measured where, the table,
// its footnotes.
func (r *Report) WriteText(w io.Writer) error {
	v := r.view()
	t := newTextTable(v)
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n", v.title)
	for _, f := range v.facts {
		paragraph(&b, fmt.Sprintf("%-*s  ", t.factWidth, f[0]), f[1])
	}
	b.WriteByte('\n')
	t.head(&b)
	for _, s := range v.sections {
		fmt.Fprintf(&b, "\n%s\n", s.title)
		for _, row := range s.rows {
			t.row(&b, row)
		}
	}
	if len(v.notes) > 0 {
		b.WriteByte('\n')
	}
	for i, note := range v.notes {
		paragraph(&b, superscript(i+1)+" ", note)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// textTable is the widths of a table's columns.
type textTable struct {
	view      *view
	name      int
	factWidth int
	cells     []cellWidths
}

// cellWidths are those of the parts of a cell, which stand below each other. A
// part that no cell has takes no room.
type cellWidths struct{ median, mark, spread, failed int }

func newTextTable(v *view) *textTable {
	t := &textTable{view: v, cells: make([]cellWidths, len(v.columns))}
	for _, f := range v.facts {
		t.factWidth = max(t.factWidth, width(f[0]))
	}
	for i := range t.cells {
		t.cells[i].median = width("median")
	}
	for _, s := range v.sections {
		for _, row := range s.rows {
			t.name = max(t.name, indent+width(row.name+row.mark))
			for i, c := range row.cells {
				t.cells[i].fit(c)
			}
		}
	}
	rest := 0
	for i := range t.cells {
		t.cells[i].fitTitles(v.columns[i])
		rest += gap + t.cells[i].total()
	}
	if v.compared {
		rest += gap + width("1.2× less")
	}
	t.name = min(t.name, max(leastName, terminal-rest))
	return t
}

// gap is between columns.
const gap = 3

func (c *cellWidths) fit(v cellView) {
	c.median = max(c.median, width(v.median))
	c.mark = max(c.mark, width(v.mark))
	c.spread = max(c.spread, width(v.spread))
	c.failed = max(c.failed, width(v.failed))
}

func (c *cellWidths) fitTitles(column string) {
	if c.spread > 0 {
		c.spread = max(c.spread, width("range"))
	}
	if c.failed > 0 {
		c.failed = max(c.failed, width("failed"))
	}
	c.median += max(0, width(column)-c.total())
}

func (c cellWidths) total() int {
	total := c.median + c.mark
	for _, part := range []int{c.spread, c.failed} {
		if part > 0 {
			total += 1 + part
		}
	}
	return total
}

// line writes the parts of a cell with blanks between.
func (c cellWidths) line(v cellView) string {
	text := left(v.median, c.median) + right(v.mark, c.mark)
	if c.spread > 0 {
		text += " " + right(v.spread, c.spread)
	}
	if c.failed > 0 {
		text += " " + left(v.failed, c.failed)
	}
	return text
}

func (t *textTable) head(b *strings.Builder) {
	names, parts := right("", t.name), right("", t.name)
	for i, c := range t.cells {
		// The column's name is above its figures, whose units end in one line.
		names += strings.Repeat(" ", gap) + right(left(t.view.columns[i], c.median), c.total())
		titles := cellView{median: "median"}
		if c.spread > 0 {
			titles.spread = "range"
		}
		if c.failed > 0 {
			titles.failed = "failed"
		}
		parts += strings.Repeat(" ", gap) + c.line(titles)
	}
	if t.view.compared {
		parts += strings.Repeat(" ", gap) + "ratio"
	}
	fmt.Fprintf(b, "%s\n%s\n", strings.TrimRight(names, " "), strings.TrimRight(parts, " "))
}

func (t *textTable) row(b *strings.Builder, row rowView) {
	lines := wrap(row.name+row.mark, t.name-indent)
	for _, line := range lines[:len(lines)-1] {
		fmt.Fprintf(b, "%*s%s\n", indent, "", line)
	}
	text := right(strings.Repeat(" ", indent)+lines[len(lines)-1], t.name)
	for i, c := range t.cells {
		text += strings.Repeat(" ", gap) + c.line(row.cells[i])
	}
	if t.view.compared {
		text += strings.Repeat(" ", gap) + row.ratio
	}
	fmt.Fprintf(b, "%s\n", strings.TrimRight(text, " "))
}

// paragraph writes a text of any length, indented below its head.
func paragraph(b *strings.Builder, head, text string) {
	for _, line := range wrap(text, terminal-width(head)) {
		fmt.Fprintf(b, "%s\n", strings.TrimRight(head+line, " "))
		head = strings.Repeat(" ", width(head))
	}
}

// wrap breaks a text into lines, at least one, between words where it can.
func wrap(text string, limit int) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && width(line)+1+width(word) > limit {
			lines, line = append(lines, line), ""
		}
		if line != "" {
			line += " "
		}
		line += word
		for width(line) > limit {
			runes := []rune(line)
			lines, line = append(lines, string(runes[:limit])), string(runes[limit:])
		}
	}
	return append(lines, line)
}

func width(text string) int { return utf8.RuneCountInString(text) }

func left(text string, n int) string { return strings.Repeat(" ", max(0, n-width(text))) + text }

func right(text string, n int) string { return text + strings.Repeat(" ", max(0, n-width(text))) }
