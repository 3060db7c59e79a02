package doctest

import (
	"fmt"
	"strconv"
	"strings"
)

// direct applies the comments before a block. One that says nothing here is a
// mistake: it may be a directive with a slip.
func (p *parser) direct(b *Block) {
	for _, c := range p.comments {
		if err := b.direct(c.text); err != nil {
			p.mistake(c.Position, err.Error())
		}
	}
	p.comments = nil
}

// dropComments forgets comments that no block follows.
func (p *parser) dropComments() {
	for _, c := range p.comments {
		if new(Block).direct(c.text) == nil {
			p.mistake(c.Position, fmt.Sprintf("%q stands before no block", c.text))
		}
	}
	p.comments = nil
}

func (b *Block) direct(text string) error {
	if b.Language != "" && b.Data() {
		return fmt.Errorf("%q before a block of %s, which is not run anyway: remove it", text, b.Language)
	}
	place, isPlace := strings.CutPrefix(text, "at: ")
	status, isStatus := strings.CutPrefix(text, "exits ")
	reason, isReason := strings.CutPrefix(text, "not run:")
	switch {
	case isPlace:
		b.Place = Place(place)
		if b.Place != Host && b.Place != Pair {
			return fmt.Errorf("%q is no place: want %s or %s", place, Host, Pair)
		}
	case isStatus:
		n, err := strconv.ParseUint(status, 10, 8)
		if err != nil {
			return fmt.Errorf("%q is no exit status: want 0 to 255", status)
		}
		b.Status = int(n)
	case isReason:
		b.NotRun = strings.TrimSpace(reason)
		if b.NotRun == "" {
			return fmt.Errorf("say why it is not run: <!-- not run: needs … -->")
		}
	default:
		return fmt.Errorf("%q says nothing about the block: want at: PLACE, exits STATUS or not run: REASON", text)
	}
	return nil
}
