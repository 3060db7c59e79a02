// Package licences knows what an image bundles and under which licence, and
// writes the text that travels with it. docs/licences.md says what follows from it.
//
// It owns the list of what is not a Go module, and the rule that a module without
// a known licence stays out. It fetches nothing: sources are the matter of
// image/sources, modules that of the go command.
package licences

import (
	"fmt"
	"io"
	"strings"
)

// Component is one bundled work.
type Component struct {
	Name    string
	Version string
	Licence string // SPDX licence expression, SPDX Specification 2.3, Annex D
	Source  string // where its source code comes from
	Texts   []Text
}

// Text is a licence, or a notice that a licence wants kept.
type Text struct {
	Name string // of a well-known licence, or the component's with its file
	Data []byte
}

// Names of the licences whose texts several components come with, each with line
// breaks and a postal address of its own. The first stands for all.
const (
	gpl2  = "GNU General Public License, version 2"
	gpl3  = "GNU General Public License, version 3"
	lgpl2 = "GNU Lesser General Public License, version 2.1"
)

const preface = `What this image bundles, and under which licences

The kernel, HAProxy, keepalived, init and the boot loaders are separate programs on
one medium, an aggregate in the words of the GPL: each is under its own licence, and
none changes that of another.

Linux, HAProxy, keepalived, GRUB and systemd's EFI stub come with a right to their
source code. Whoever hands this image on hands on that too: the folder that
` + "`make sources`" + ` of twinlb's source tree wrote for this build, or a written offer of it.
`

var rule = strings.Repeat("=", 80)

// Write writes the components and all their texts, each text once.
func Write(w io.Writer, components []Component) error {
	var list, texts strings.Builder
	list.WriteString(preface)
	numbers := make(map[string]int)
	next := 1
	for _, c := range components {
		if c.Licence == "" || len(c.Texts) == 0 {
			return fmt.Errorf("list the licences: %s %s has licence %q and %d texts; want a licence and its text", c.Name, c.Version, c.Licence, len(c.Texts))
		}
		var own []string
		for _, t := range c.Texts {
			// Texts that differ in line breaks alone are one.
			content := strings.Join(strings.Fields(string(t.Data)), " ")
			if content == "" {
				return fmt.Errorf("list the licences: %s %s: %s is empty; want its text", c.Name, c.Version, t.Name)
			}
			number := max(numbers[t.Name], numbers[content])
			if number == 0 {
				number = next
				next++
				fmt.Fprintf(&texts, "\n%s\nText %d: %s\n%s\n\n%s\n", rule, number, t.Name, rule, strings.Trim(string(t.Data), "\n"))
			}
			numbers[t.Name], numbers[content] = number, number
			own = append(own, fmt.Sprint(number))
		}
		fmt.Fprintf(&list, "\n%s %s\n  licence  %s\n  source   %s\n  texts    %s\n", c.Name, c.Version, c.Licence, c.Source, strings.Join(own, ", "))
	}
	_, err := io.WriteString(w, list.String()+texts.String())
	return err
}
