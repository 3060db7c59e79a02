package report

import (
	"fmt"
	"io"
	"strings"
)

// WriteMarkdown writes the same as WriteText as a table of GitHub's Markdown, for
// a README.
func (r *Report) WriteMarkdown(w io.Writer) error {
	v := r.view()
	var b strings.Builder
	head := append([]string{""}, v.columns...)
	if v.compared {
		head = append(head, "ratio")
	}
	markdownRow(&b, head)
	b.WriteString("|---" + strings.Repeat("|---:", len(head)-1) + "|\n")
	for _, s := range v.sections {
		title := make([]string, len(head))
		title[0] = "**" + escape(s.title) + "**"
		b.WriteString("| " + strings.Join(title, " | ") + " |\n")
		for _, row := range s.rows {
			cells := []string{row.name + row.mark}
			for _, c := range row.cells {
				cells = append(cells, c.sentence())
			}
			if v.compared {
				cells = append(cells, row.ratio)
			}
			markdownRow(&b, cells)
		}
	}
	fmt.Fprintf(&b, "\n%s.", escape(v.title))
	for _, f := range v.facts {
		fmt.Fprintf(&b, " *%s*: %s.", escape(f[0]), escape(f[1]))
	}
	b.WriteByte('\n')
	for i, note := range v.notes {
		fmt.Fprintf(&b, "\n%s %s\n", superscript(i+1), escape(note))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// sentence is a cell in one piece, such as "540 ms¹ (499–560), 27 failed".
func (c cellView) sentence() string {
	text := c.median + c.mark
	if c.spread != "" {
		text += " (" + c.spread + ")"
	}
	if c.failed != "" {
		text += ", " + c.failed + " failed"
	}
	return text
}

func markdownRow(b *strings.Builder, cells []string) {
	for _, cell := range cells {
		fmt.Fprintf(b, "| %s ", escape(cell))
	}
	b.WriteString("|\n")
}

// escape takes their meaning from the characters that Markdown gives one (GFM
// §6.1).
func escape(text string) string { return markdown.Replace(text) }

var markdown = strings.NewReplacer(
	`\`, `\\`, "|", `\|`, "`", "\\`", "*", `\*`, "_", `\_`, "[", `\[`, "]", `\]`, "<", "&lt;", ">", "&gt;", "&", "&amp;")
