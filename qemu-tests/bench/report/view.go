package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
)

// view is a report as words, the same for every kind of table.
type view struct {
	title    string
	facts    [][2]string // name and text
	columns  []string
	compared bool // each row has a ratio
	sections []sectionView
	notes    []string // the first has the mark ¹
}

type sectionView struct {
	title string
	rows  []rowView
}

type rowView struct {
	name, mark string
	cells      []cellView // one per column
	ratio      string
}

// cellView is one cell; what it has not is "".
type cellView struct{ median, mark, spread, failed string }

func (r *Report) view() *view {
	v := &view{
		title:    "twinlb " + strings.TrimSpace(flat(r.Commit)+" measured "+r.Begin.UTC().Format("2006-01-02 15:04 UTC")),
		facts:    r.facts(),
		compared: len(r.Columns) == 2,
	}
	for _, c := range r.Columns {
		v.columns = append(v.columns, flat(c.Name))
	}
	for _, s := range r.Sections {
		v.sections = append(v.sections, v.section(s, r.Columns))
	}
	return v
}

func (r *Report) facts() [][2]string {
	m := r.Machine
	machine := listed(m.CPU, plural(m.Cores, "core"), mebibytes(m.MemoryMiB, "memory"), m.OS, prefixed("Linux ", m.Kernel), prefixed("QEMU ", m.QEMU), m.Accelerator)
	load := fmt.Sprintf("%.2f before, %.2f after %v", r.Load.Begin, r.Load.End, r.End.Sub(r.Begin).Round(time.Second))
	facts := [][2]string{{"machine", machine}, {"load", load}}
	for _, c := range r.Columns {
		facts = append(facts, [2]string{flat(c.Name), listed(mebibytes(c.MemoryMiB, "a node"), adverts(c.AdvertMilliseconds), c.About)})
	}
	return slices.DeleteFunc(facts, func(f [2]string) bool { return f[1] == "" })
}

func (v *view) section(s *Section, columns []*Column) sectionView {
	usual := s.runs()
	view := sectionView{title: flat(s.Name)}
	if usual > 1 || usual == 1 && !s.exact() {
		view.title += fmt.Sprintf(", n = %d", usual)
	}
	for _, row := range s.Rows {
		r := rowView{name: flat(row.Name), mark: v.mark(row.Note)}
		for _, c := range columns {
			r.cells = append(r.cells, v.cell(row.Cells[c.Name], row.Unit, usual))
		}
		if v.compared {
			a, _ := row.Cells[columns[0].Name].Median()
			b, _ := row.Cells[columns[1].Name].Median()
			r.ratio = ratio(a, b)
		}
		view.rows = append(view.rows, r)
	}
	return view
}

func (v *view) cell(c *Cell, unit Unit, usual int) cellView {
	if c == nil {
		return cellView{median: "–"}
	}
	var view cellView
	if c.NotMeasured != "" {
		head := "Not measured: "
		if len(c.Values) > 0 {
			head = "Not in all runs: "
		}
		view = cellView{median: "n/a", mark: v.mark(head + c.NotMeasured)}
	}
	if median, ok := c.Median(); ok {
		least, most, _ := c.Range()
		s := unit.scaleOf(most)
		view.median = s.number(median) + s.symbol
		var spread []string
		if low, high := s.number(least), s.number(most); low != high {
			spread = append(spread, low+"–"+high)
		}
		if n := len(c.Values); n != usual {
			spread = append(spread, fmt.Sprintf("n = %d", n))
		}
		view.spread = strings.Join(spread, ", ")
	}
	if failed, ok := c.FailedMedian(); ok {
		view.failed = Count.scaleOf(failed).number(failed)
	}
	if mark := v.mark(c.Note); mark != "" {
		view.mark = strings.TrimPrefix(view.mark+","+mark, ",")
	}
	view.median = cmp.Or(view.median, "–")
	return view
}

// mark is that of a footnote, the same for the same text.
func (v *view) mark(note string) string {
	note = flat(note)
	if note == "" {
		return ""
	}
	i := slices.Index(v.notes, note)
	if i < 0 {
		i = len(v.notes)
		v.notes = append(v.notes, note)
	}
	return superscript(i + 1)
}

func superscript(n int) string {
	return strings.Map(func(r rune) rune { return []rune("⁰¹²³⁴⁵⁶⁷⁸⁹")[r-'0'] }, fmt.Sprint(n))
}

// flat makes one line of a text that may be an error's, without anything that
// steers a terminal.
func flat(text string) string {
	return strings.Join(strings.FieldsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) }), " ")
}

func listed(parts ...string) string {
	return flat(strings.Join(slices.DeleteFunc(parts, func(p string) bool { return p == "" }), ", "))
}

func prefixed(prefix, text string) string {
	if text == "" {
		return ""
	}
	return prefix + text
}

func plural(n int, noun string) string {
	switch n {
	case 0:
		return ""
	case 1:
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

func adverts(milliseconds int) string {
	switch {
	case milliseconds == 0:
		return ""
	case milliseconds%1000 == 0:
		return fmt.Sprintf("adverts of %d s", milliseconds/1000)
	}
	return fmt.Sprintf("adverts of %d ms", milliseconds)
}

func mebibytes(n int, of string) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("%d MiB %s", n, of)
}
