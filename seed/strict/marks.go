package strict

import (
	"bytes"
	"strings"
)

// MaxMarks is how many lines and marks a file may have. YAML makes a node or two of
// what is between two marks, and a node is up to 2 KiB of memory, of which a
// machine has little: a file of full size and all commas would take 900 MiB.
const MaxMarks = 12 << 10

// crowded returns the position at which a text has more than MaxMarks. Marks are
// the characters that may begin or end an item or a key; comments have none.
func crowded(data []byte) (line, column int, found bool) {
	marks := 0
	for text := range bytes.Lines(data) {
		line, column = line+1, 0
		if marks++; marks > MaxMarks {
			return line, 1, true
		}
		if bytes.HasPrefix(bytes.TrimLeft(text, " \t"), []byte("#")) {
			continue
		}
		for at, r := range string(text) {
			column++
			if !strings.ContainsRune(",:[{?&*", r) && (r != '-' || !blankAt(text, at+1)) {
				continue
			}
			if marks++; marks > MaxMarks {
				return line, column, true
			}
		}
	}
	return 0, 0, false
}

// blankAt reports whether a line has a blank or nothing there, so that a hyphen
// before it begins an item.
func blankAt(line []byte, at int) bool {
	return at >= len(line) || strings.IndexByte(" \t\r\n", line[at]) >= 0
}
