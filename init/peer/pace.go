package peer

import (
	"math"
	"time"
)

// pace compares the clock of a peer with this node's. A machine that its hypervisor
// pauses has clocks that stand still, so that only others can tell it how long.
//
// What is compared is how much further the peer's clock is than this one's. Nothing
// but a pause of this node adds to that: a datagram that is late takes from it, and
// so does a pause of the peer. What waited for the end of the pause comes all at
// once, the oldest first, and would seem to be a clock that is merely fast: so
// the latest is compared with the most of the five seconds before, and of these the last
// is left out.
type pace struct {
	spans    [spans]time.Duration // the most in each of the latest spans, by number modulo spans
	latest   int64                // number of the span that is under way
	begun    bool
	reported time.Duration // of the pause that is still seen
}

const (
	span  = 500 * time.Millisecond
	spans = 10
	fresh = 2 // spans that are not compared with

	unknown = time.Duration(math.MinInt64)
	// more is by how much a pause must have been longer than was said, to be told again.
	more = 100 * time.Millisecond
)

// hear takes the clock of the peer's datagram that came at that time, and returns
// for how long this node must have been paused in the last seconds, if that is more
// than least and not known yet; else 0.
func (p *pace) hear(theirs, now, least time.Duration) time.Duration {
	number := int64(now / span)
	if !p.begun {
		p.begun, p.latest = true, number-spans
	}
	for n := max(p.latest, number-spans) + 1; n <= number; n++ {
		p.spans[(n+spans)%spans] = unknown
	}
	p.latest = number
	ahead := theirs - now
	current := &p.spans[number%spans]
	*current = max(*current, ahead)

	most := unknown
	for back := int64(fresh); back < spans; back++ {
		most = max(most, p.spans[(number-back+spans)%spans])
	}
	if most == unknown || *current-most <= least {
		p.reported = 0
		return 0
	}
	paused := *current - most
	if p.reported != 0 && paused < p.reported+more {
		return 0
	}
	p.reported = paused
	return paused
}
