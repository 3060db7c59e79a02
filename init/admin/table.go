package admin

import (
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"twinlb/init/status"
)

// widest is how many characters a cell has but in the last column, and in the first
// one, which says what the others are about.
const (
	widest      = 44
	widestFirst = 96
)

// writeRows writes rows in columns, two blanks apart.
func writeRows(w io.Writer, rows [][]string) {
	var widths []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			// A row of one cell is a title, which may reach over the columns.
			if len(row) > 1 {
				widths[i] = max(widths[i], min(limit(i), utf8.RuneCountInString(cell)))
			}
		}
	}
	for _, row := range rows {
		var line strings.Builder
		for i, cell := range row {
			if i < len(row)-1 {
				cell = fmt.Sprintf("%-*s  ", widths[i], shorten(cell, limit(i)))
			}
			line.WriteString(cell)
		}
		fmt.Fprintln(w, strings.TrimRight(line.String(), " "))
	}
}

func limit(column int) int {
	if column == 0 {
		return widestFirst
	}
	return widest
}

func shorten(cell string, to int) string {
	if utf8.RuneCountInString(cell) <= to {
		return cell
	}
	return string([]rune(cell)[:to-3]) + "..."
}

// span is a time in its two largest units.
func span(s status.Seconds) string {
	d := s.Duration()
	const day = 24 * time.Hour
	switch {
	case d < 10*time.Second:
		return fmt.Sprintf("%.1f s", d.Seconds())
	case d < time.Minute:
		return fmt.Sprintf("%d s", d/time.Second)
	case d < time.Hour:
		return fmt.Sprintf("%d min %d s", d/time.Minute, d%time.Minute/time.Second)
	case d < day:
		return fmt.Sprintf("%d h %d min", d/time.Hour, d%time.Hour/time.Minute)
	}
	return fmt.Sprintf("%d d %d h", d/day, d%day/time.Hour)
}
