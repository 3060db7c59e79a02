package doctest

import (
	"slices"
	"strings"
)

const ellipsis = "…"

// edit is a line of a comparison: one that agrees has both sides, one that is
// missing or too much one side, an ellipsis with what it stands for the first.
type edit struct {
	kind      editKind
	said, got string
}

type editKind int

const (
	agrees editKind = iota
	elided
	missing
	extra
)

// compare aligns what a document says with what a command printed, so that as few
// lines as possible differ.
func compare(said, got []string) []edit {
	maskedSaid, maskedGot := masked(said), masked(got)
	// least[i][j] is how many lines differ in said[i:] and got[j:].
	least := make([][]int, len(said)+1)
	for i := range least {
		least[i] = make([]int, len(got)+1)
	}
	for i := len(said); i >= 0; i-- {
		for j := len(got); j >= 0; j-- {
			switch {
			case i == len(said):
				least[i][j] = len(got) - j
			case isEllipsis(said[i]):
				least[i][j] = least[i+1][j]
				if j < len(got) {
					least[i][j] = min(least[i][j], least[i][j+1])
				}
			case j == len(got):
				least[i][j] = 1 + least[i+1][j]
			case matches(maskedSaid[i], maskedGot[j]):
				least[i][j] = least[i+1][j+1]
			default:
				least[i][j] = 1 + min(least[i+1][j+1], least[i+1][j], least[i][j+1])
			}
		}
	}
	var edits []edit
	for i, j := 0, 0; i < len(said) || j < len(got); {
		switch {
		case i == len(said):
			edits = append(edits, edit{kind: extra, got: got[j]})
			j++
		case isEllipsis(said[i]):
			if least[i][j] == least[i+1][j] {
				edits = append(edits, edit{kind: elided, said: said[i]})
				i++
			} else {
				j++
			}
		case j == len(got):
			edits = append(edits, edit{kind: missing, said: said[i]})
			i++
		case matches(maskedSaid[i], maskedGot[j]):
			edits = append(edits, edit{agrees, said[i], got[j]})
			i, j = i+1, j+1
		case least[i][j] == 1+least[i+1][j+1]:
			edits = append(edits, edit{kind: missing, said: said[i]}, edit{kind: extra, got: got[j]})
			i, j = i+1, j+1
		case least[i][j] == 1+least[i+1][j]:
			edits = append(edits, edit{kind: missing, said: said[i]})
			i++
		default:
			edits = append(edits, edit{kind: extra, got: got[j]})
			j++
		}
	}
	return edits
}

func differs(edits []edit) bool {
	return slices.ContainsFunc(edits, func(e edit) bool { return e.kind == missing || e.kind == extra })
}

// diff shows the edits: "-" before what only the document says, "+" before what
// was only printed, the former first where lines were replaced.
func diff(edits []edit) string {
	var b, extras strings.Builder
	for _, e := range edits {
		switch e.kind {
		case missing:
			b.WriteString("\t- " + e.said + "\n")
		case extra:
			extras.WriteString("\t+ " + e.got + "\n")
		default:
			b.WriteString(extras.String() + "\t  " + e.said + "\n")
			extras.Reset()
		}
	}
	return b.String() + extras.String()
}

func isEllipsis(line string) bool {
	text := strings.TrimSpace(line)
	return text == ellipsis || text == "..."
}

// matches tells whether the text is that of the pattern, in which an ellipsis
// stands for anything.
func matches(pattern, text string) bool {
	parts := strings.Split(pattern, ellipsis)
	text, found := strings.CutPrefix(text, parts[0])
	if len(parts) == 1 {
		return found && text == ""
	}
	last := len(parts) - 1
	for _, part := range parts[1:last] {
		_, after, ok := strings.Cut(text, part)
		text, found = after, found && ok
	}
	return found && strings.HasSuffix(text, parts[last])
}

func masked(lines []string) []string {
	all := make([]string, len(lines))
	for i, line := range lines {
		all[i] = mask(line)
	}
	return all
}
