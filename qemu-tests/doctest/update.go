package doctest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
)

// Update runs the commands of the document, at the places that have a runner, and
// writes into its file what they print where Check would find a difference. There
// a line with an ellipsis stays when it still matches. A command with a wrong
// status is an error and its output stays as it was.
func (d *Document) Update(ctx context.Context, runners Runners) error {
	var failed []error
	said := make(map[*Command][]string)
	for _, b := range d.Blocks {
		if _, ok := runners[b.Place]; !ok {
			continue
		}
		failed = append(failed, b.run(ctx, runners, func(c *Command, got []string) {
			if edits := compare(c.Output, got); differs(edits) {
				said[c] = corrected(edits)
			}
		}))
	}
	if len(said) > 0 {
		failed = append(failed, d.write(said))
	}
	return errors.Join(failed...)
}

// corrected is what a document shall say. All lines are those of one run, so that
// the columns of a table agree.
func corrected(edits []edit) []string {
	var lines []string
	for _, e := range edits {
		switch {
		case e.kind == elided || e.kind == agrees && strings.Contains(e.said, ellipsis):
			lines = append(lines, e.said)
		case e.kind != missing:
			lines = append(lines, strings.TrimRight(e.got, " \t"))
		}
	}
	return lines
}

// write replaces what commands print, in the file and in the document.
func (d *Document) write(said map[*Command][]string) error {
	text := slices.Clone(d.lines)
	// From the end, so that the places of those before stay.
	for _, b := range slices.Backward(d.Blocks) {
		for i := range slices.Backward(b.Commands) {
			c := &b.Commands[i]
			lines, ok := said[c]
			if !ok {
				continue
			}
			text = slices.Replace(text, c.output.first, c.output.end, indented(lines, c.indent)...)
		}
	}
	written := strings.Join(text, "\n")
	update, err := Parse(d.File, written)
	if err != nil {
		return fmt.Errorf("correct %s: what a command prints cannot be shown in a block: %w", d.File, err)
	}
	if err := d.expect(update, said); err != nil {
		return err
	}
	if err := os.WriteFile(d.File, []byte(written), 0o644); err != nil {
		return fmt.Errorf("correct a document: %w", err)
	}
	*d = *update
	return nil
}

// expect wants a document that reads as what was written into it: a line of an
// output may look like a command or like the end of its block.
func (d *Document) expect(update *Document, said map[*Command][]string) error {
	for i, b := range d.Blocks {
		for j := range b.Commands {
			c := &b.Commands[j]
			want, ok := said[c]
			if !ok {
				want = c.Output
			}
			if i >= len(update.Blocks) || j >= len(update.Blocks[i].Commands) ||
				update.Blocks[i].Commands[j].Script != c.Script || !slices.Equal(update.Blocks[i].Commands[j].Output, want) {
				return fmt.Errorf("%v: what %s prints cannot be shown in a block, because a line of it looks like Markdown or a command:\n\t%s",
					c.Position, c, strings.Join(want, "\n\t"))
			}
		}
	}
	return nil
}

func indented(lines []string, indent string) []string {
	var all []string
	for _, line := range lines {
		if line != "" {
			line = indent + line
		}
		all = append(all, line)
	}
	return all
}
