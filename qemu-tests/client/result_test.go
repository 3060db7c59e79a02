package client

import (
	"errors"
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var start = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// attempts makes one attempt each 20 ms: '.' answered, 'x' refused, 'o' open for
// 50 ms and then reset, 'h' reset in its handshake, 's' slow, 'r' saved by the SYN
// retry.
func attempts(pattern string) *Result {
	var r Result
	for i, c := range pattern {
		a := Attempt{Begin: start.Add(time.Duration(i) * interval), Took: 5 * time.Millisecond, Connected: true, Server: 1}
		switch c {
		case 'x':
			a.Err, a.Connected = errors.New("connection refused"), false
		case 'h':
			a.Err, a.Connected = fmt.Errorf("dial: %w", syscall.ECONNRESET), false
		case 's':
			a.Took = 300 * time.Millisecond
		case 'o':
			a.Err, a.Took = errors.New("connection reset by peer"), 50*time.Millisecond
		case 'r':
			a.Took, a.SYNRetried = 1010*time.Millisecond, true
		}
		r.Attempts = append(r.Attempts, a)
	}
	return &r
}

func TestOutages(t *testing.T) {
	at := func(i int) time.Time { return start.Add(time.Duration(i) * interval) }
	tests := []struct {
		pattern string
		want    []Outage
	}{
		{"", nil},
		{"....", nil},
		{".x..", []Outage{{Begin: at(1), Duration: 20 * time.Millisecond}}},
		{".xsr.", []Outage{{Begin: at(1), Duration: 60 * time.Millisecond}}},
		{"x.xx.", []Outage{{Begin: at(0), Duration: 20 * time.Millisecond}, {Begin: at(2), Duration: 40 * time.Millisecond}}},
		{"..xxx", []Outage{{Begin: at(2), Duration: 40 * time.Millisecond, Open: true}}},
	}
	for _, tt := range tests {
		if diff := cmp.Diff(tt.want, attempts(tt.pattern).Outages()); diff != "" {
			t.Errorf("outages of %q (-want +got):\n%s", tt.pattern, diff)
		}
	}
}

func TestResultString(t *testing.T) {
	for pattern, want := range map[string]string{
		"..":     "no outage; 0 of 2 attempts failed, 0 of them saved by the SYN retry; server 1 answered 2",
		".xrrs.": "outage 80ms; 4 of 6 attempts failed, 2 of them saved by the SYN retry; server 1 answered 2",
		".x":     "outage 0s without end; 1 of 2 attempts failed, 0 of them saved by the SYN retry; server 1 answered 1",
	} {
		if got := attempts(pattern).String(); got != want {
			t.Errorf("%q: got  %s\nwant %s", pattern, got, want)
		}
	}
}

func TestCut(t *testing.T) {
	for pattern, want := range map[string]int{
		"....":     0,
		"..ooo...": 0, // all open when the first was reset
		"..s.r...": 0,
		"..x..":    1,
		"..o...o.": 1, // begun after the reset
		"..oooo..": 1,
		"..oxo.":   1,
		"..h..":    0,
		"..ho..":   1, // begun after the reset of the other
	} {
		if got := attempts(pattern).Cut(); len(got) != want {
			t.Errorf("%q: %d attempts were cut, want %d: %+v", pattern, len(got), want, got)
		}
	}
}

func TestFirstAnswer(t *testing.T) {
	for pattern, want := range map[string]time.Duration{
		"xx..":  2*interval + 5*time.Millisecond,
		"xr.x.": 2*interval + 5*time.Millisecond, // begun later than the slow one, answered sooner
		"xs":    1*interval + 300*time.Millisecond,
	} {
		if when, ok := attempts(pattern).FirstAnswer(); !ok || when.Sub(start) != want {
			t.Errorf("%q: first answer after %v (%v), want %v", pattern, when.Sub(start), ok, want)
		}
	}
	if when, ok := attempts("xx").FirstAnswer(); ok {
		t.Errorf("first answer at %v where there is none", when)
	}
}
