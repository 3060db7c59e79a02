package timeline

import (
	"strconv"
	"time"
)

// leastTick is how far ticks are apart at least, in pixels.
const leastTick = 64

// axis maps times to pixels from the left side of the picture.
type axis struct {
	left, right float64
	end         time.Duration // at right, above 0
}

func newAxis(boots []Boot, left, right float64) axis {
	a := axis{left: left, right: right}
	for _, b := range boots {
		for _, s := range b.Spans {
			a.end = max(a.end, s.within().End)
		}
	}
	if a.end == 0 {
		a.end = time.Second
	}
	return a
}

func (a axis) x(t time.Duration) float64 {
	return a.left + (a.right-a.left)*float64(t)/float64(a.end)
}

// step is the time between ticks: 1, 2 or 5 times a power of ten milliseconds.
func (a axis) step() time.Duration {
	for step := time.Millisecond; ; step *= 10 {
		for _, times := range []time.Duration{1, 2, 5} {
			if a.x(times*step)-a.left >= leastTick {
				return times * step
			}
		}
	}
}

// label is the time at a tick, with as many digits as the steps need.
func (a axis) label(t, step time.Duration) string {
	switch {
	case t == 0:
		return "0"
	case a.end < time.Second:
		return strconv.FormatInt(t.Milliseconds(), 10) + " ms"
	case step < 100*time.Millisecond:
		return strconv.FormatFloat(t.Seconds(), 'f', 2, 64) + " s"
	case step < time.Second:
		return strconv.FormatFloat(t.Seconds(), 'f', 1, 64) + " s"
	}
	return strconv.FormatFloat(t.Seconds(), 'f', 0, 64) + " s"
}

// within returns the span as it can be drawn: not before power-on, and not ending
// before it begins.
func (s Span) within() Span {
	s.Begin = max(0, min(longest, s.Begin))
	s.End = max(s.Begin, min(longest, s.End))
	return s
}
