package timeline

import (
	"cmp"
	"slices"
)

// Sizes of the picture in pixels.
const (
	pictureWidth = 960.0
	margin       = 28.0 // of the picture to the card's border
	titleHeight  = 54.0
	legendHeight = 34.0
	axisHeight   = 24.0
	headHeight   = 34.0 // of a boot's name
	rowHeight    = 21.0
	barHeight    = 15.0
	leastBar     = 2.5 // what is shorter can still be seen
	bootGap      = 14.0
	padding      = 7.0 // between a bar and its label

	titleSize = 19.0
	headSize  = 14.0
	labelSize = 12.0
	bold      = 1.15 // is as much wider
)

// place is where a label stands relative to its bar.
type place int

const (
	afterBar place = iota
	beforeBar
	insideBar
)

// bar is one span as it is drawn.
type bar struct {
	Span
	moment        bool
	x, y, width   float64 // of the bar; a moment is a diamond around x
	name, amount  string
	place         place
	labelX        float64 // the label's beginning, or its end before the bar
	labelBaseline float64
}

// layoutBar puts a bar in its row, whose top is y, and its label where there is
// room. A row has one bar, so no label can meet another.
func (a axis) layoutBar(s Span, y float64) bar {
	s = s.within()
	b := bar{Span: s, moment: s.Begin == s.End, x: a.x(s.Begin), y: y + (rowHeight-barHeight)/2}
	b.width = a.x(s.End) - b.x
	b.labelBaseline = b.y + barHeight - 3.5
	b.name, b.amount = s.Name, amount(s.End-s.Begin)
	begin, end := b.x, b.x+b.width
	if b.moment {
		b.amount = amount(s.End)
		begin, end = b.x-barHeight/2, b.x+barHeight/2
	} else if b.width < leastBar {
		b.width = leastBar
		end = begin + leastBar
	}
	size := labelSize
	if b.moment {
		size *= bold
	}
	// With a third of the width at most, a label that fits neither before nor after
	// its bar fits inside.
	rest := textWidth("  "+b.amount, size)
	b.name = elide(b.name, size, (a.right-a.left)/3-rest-2*padding)
	need := textWidth(b.name, size) + rest
	switch {
	case !b.moment && need+2*padding <= b.width:
		b.place, b.labelX = insideBar, begin+padding
	case end+padding+need <= a.right:
		b.place, b.labelX = afterBar, end+padding
	default:
		b.place, b.labelX = beforeBar, begin-padding
	}
	return b
}

func inOrder(spans []Span) []Span {
	return slices.SortedStableFunc(slices.Values(spans), func(a, b Span) int {
		return cmp.Compare(a.within().Begin, b.within().Begin)
	})
}
