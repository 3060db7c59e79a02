package torture

import (
	"slices"
	"time"
)

// affects is from when until when a fault may keep a node from doing its work.
func (h Happened) affects() span {
	return span{h.begun(), h.mended().Add(kindOf(h.Kind).back)}
}

func (s span) contains(t time.Time) bool { return !t.Before(s.begin) && t.Before(s.end) }

// affecting returns the faults that affect the pair at that time.
func (s Seen) affecting(t time.Time) []Happened {
	return slices.DeleteFunc(slices.Clone(s.Faults), func(h Happened) bool {
		return h.Missed != "" || !h.affects().contains(t)
	})
}

// able tells whether a node is able to answer, as far as the faults allow.
func (s Seen) able(t time.Time) bool {
	unable := make(map[int]bool)
	for _, h := range s.affecting(t) {
		switch kindOf(h.Kind).serves {
		case unclear:
			return false
		case fails:
			unable[h.On] = true
		}
	}
	return len(unable) < 2
}

// notice is how long the pair may need to see what goes wrong at that time.
func (s Seen) notice(t time.Time) (longest time.Duration) {
	for _, h := range s.affecting(t) {
		longest = max(longest, kindOf(h.Kind).notice)
	}
	return longest
}

// boundaries are when what can be expected changes within the time, in order.
func (s Seen) boundaries(within span) []time.Time {
	var all []time.Time
	for _, h := range s.Faults {
		if h.Missed == "" {
			all = append(append(all, h.Changes...), h.affects().end)
		}
	}
	all = slices.DeleteFunc(all, func(t time.Time) bool { return !t.After(within.begin) || !t.Before(within.end) })
	slices.SortFunc(all, time.Time.Compare)
	return all
}

// changes tells whether a fault begins or ends at that time.
func (s Seen) changes(t time.Time) bool {
	return slices.ContainsFunc(s.Faults, func(h Happened) bool {
		return slices.ContainsFunc(h.Changes, t.Equal)
	})
}

// without returns the pieces of the time during which no fault makes the nodes hear
// each other no better than that.
func (s Seen) without(time span, level hearing) []span {
	pieces := []span{time}
	for _, h := range s.Faults {
		if h.Missed != "" || kindOf(h.Kind).hears != level {
			continue
		}
		var rest []span
		for _, p := range pieces {
			for _, r := range []span{{p.begin, earlier(p.end, h.begun())}, {later(p.begin, h.mended()), p.end}} {
				if r.length() > 0 {
					rest = append(rest, r)
				}
			}
		}
		pieces = rest
	}
	return pieces
}
