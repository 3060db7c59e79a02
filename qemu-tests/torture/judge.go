package torture

import (
	"fmt"
	"slices"
	"time"

	"twinlb/qemu-tests/client"
)

// Happened is a fault as it was.
type Happened struct {
	Fault
	// Changes are when it was about to begin and had begun, and, unless it mends
	// itself, when it was about to be mended and was. None when it could not happen.
	Changes []time.Time
	Missed  string // why it could not
}

func (h Happened) begun() time.Time  { return h.Changes[0] }
func (h Happened) mended() time.Time { return h.Changes[len(h.Changes)-1] }

// Claim is what was seen when somebody asked who has the VIP.
type Claim struct {
	Begin, End time.Time
	Nodes      []int // that claim it, in the order of the seed
}

// Seen is what clients and the segment have seen of a round.
type Seen struct {
	Faults []Happened
	Claims []Claim
	Result *client.Result
}

// Breach is a promise that was not kept.
type Breach struct {
	Begin time.Time
	What  string
}

// span is a time with a begin and an end.
type span struct{ begin, end time.Time }

func (s span) length() time.Duration { return s.end.Sub(s.begin) }

// Judge returns the breaches of what a client may expect and the segment must not
// see. A piece of an outage counts from the latest change of a fault on.
func (p Promise) Judge(s Seen) []Breach {
	var breaches []Breach
	for _, both := range s.Both() {
		breaches = append(breaches, p.judgeBoth(s, both)...)
	}
	harmless := len(s.Faults) == 1 && kindOf(s.Faults[0].Kind).harmless
	for _, o := range s.Result.Outages() {
		outage := span{o.Begin, o.Begin.Add(o.Duration)}
		if limit := p.Blip + s.late(outage); harmless && o.Duration > limit {
			breaches = append(breaches, Breach{o.Begin, fmt.Sprintf("nobody answered for %v, and nothing has happened that is to cost that: want at most %v", rounded(o.Duration), rounded(limit))})
			continue
		}
		breaches = append(breaches, p.judgeOutage(s, outage)...)
	}
	return breaches
}

// judgeBoth looks at the pieces during which the nodes hear each other.
func (p Promise) judgeBoth(s Seen, both span) []Breach {
	var breaches []Breach
	for _, piece := range s.without(both, deaf) {
		limit := p.Heal
		if half := s.without(piece, halfHears); len(half) != 1 || half[0] != piece {
			limit *= 3
		}
		if limit += s.late(piece); piece.length() > limit {
			breaches = append(breaches, Breach{piece.begin, fmt.Sprintf(
				"both nodes answered for the VIP for %v while they could hear each other, want at most %v", rounded(piece.length()), rounded(limit))})
		}
	}
	return breaches
}

func (p Promise) judgeOutage(s Seen, outage span) []Breach {
	begin := outage.begin // of what the pair is to blame for
	from := outage.begin  // of a time during which no more was or became possible
	for _, to := range append(s.boundaries(outage), outage.end) {
		if !s.able(from) {
			begin, from = to, to
			continue
		}
		piece := span{begin, to}
		if limit := p.TakeOver + s.notice(from) + s.late(piece); piece.length() > limit {
			return []Breach{{begin, fmt.Sprintf("nobody answered for %v although a node was able to, want at most %v", rounded(piece.length()), rounded(limit))}}
		}
		if from = to; s.changes(to) {
			begin = to
		}
	}
	return nil
}

// late is how much longer than asked for the watcher itself took within the time:
// a host that starves it starves the nodes as well.
func (s Seen) late(during span) time.Duration {
	var late time.Duration
	for _, c := range s.Claims {
		if c.End.After(during.begin) && c.Begin.Before(during.end) {
			late += max(0, c.End.Sub(c.Begin)-window)
		}
	}
	return late
}

// Both returns the times during which both nodes have claimed the VIP.
func (s Seen) Both() []span {
	var both []span
	for _, a := range s.holds(0) {
		for _, b := range s.holds(1) {
			common := span{later(a.begin, b.begin), earlier(a.end, b.end)}
			if common.end.After(common.begin) {
				both = append(both, common)
			}
		}
	}
	return both
}

// missed is for how long a node may not have answered and yet counts as one that
// held the VIP all the time: a busy machine may be late to answer.
const missed = 4 * window

// holds returns from when to when the node has claimed the VIP.
func (s Seen) holds(node int) []span {
	var spans []span
	for _, c := range s.Claims {
		if !slices.Contains(c.Nodes, node) {
			continue
		}
		if n := len(spans); n > 0 && c.Begin.Sub(spans[n-1].end) < missed {
			spans[n-1].end = c.End
		} else {
			spans = append(spans, span{c.Begin, c.End})
		}
	}
	return spans
}

func rounded(d time.Duration) time.Duration { return d.Round(time.Millisecond) }

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
