// Package timeline is the steps of a boot: it finds them in what a machine wrote
// to its serial console, and draws them.
//
// All times are since power-on, on the clock of the host.
package timeline

import (
	"encoding/json"
	"fmt"
	"math"
	"time"
)

// Group is what kind of step a span is; spans of a group have the same colour.
type Group string

// The groups, in the order of a boot.
const (
	Firmware Group = "firmware"
	Loader   Group = "boot loader"
	Kernel   Group = "kernel"
	Init     Group = "PID 1"
	Services Group = "services"
	Query    Group = "first query"
)

// Span is a step of a boot. One that ends when it begins is a moment.
type Span struct {
	Name       string
	Group      Group
	Begin, End time.Duration // since power-on
}

// Boot is one machine that comes up.
type Boot struct {
	Name  string `json:"name"`
	Spans []Span `json:"spans"`
}

// Mark adds a moment.
func (b *Boot) Mark(name string, group Group, at time.Duration) {
	b.Spans = append(b.Spans, Span{Name: name, Group: group, Begin: at, End: at})
}

type jsonSpan struct {
	Name  string  `json:"name"`
	Group Group   `json:"group"`
	Begin float64 `json:"begin_s"`
	End   float64 `json:"end_s"`
}

// MarshalJSON writes times as seconds.
func (s Span) MarshalJSON() ([]byte, error) {
	return json.Marshal(jsonSpan{s.Name, s.Group, s.Begin.Seconds(), s.End.Seconds()})
}

// UnmarshalJSON reads what MarshalJSON wrote, to the nanosecond.
func (s *Span) UnmarshalJSON(text []byte) error {
	var j jsonSpan
	if err := json.Unmarshal(text, &j); err != nil {
		return fmt.Errorf("read a step of a boot: %w", err)
	}
	*s = Span{Name: j.Name, Group: j.Group, Begin: inDuration(j.Begin), End: inDuration(j.End)}
	return nil
}

// longest is more than any boot takes; what a file or a console claims beyond it
// would overflow.
const longest = 30 * 24 * time.Hour

func inDuration(seconds float64) time.Duration {
	if math.IsNaN(seconds) {
		return 0
	}
	return time.Duration(math.Round(max(-longest.Seconds(), min(longest.Seconds(), seconds)) * float64(time.Second)))
}
