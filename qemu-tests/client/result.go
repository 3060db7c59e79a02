package client

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"syscall"
	"time"
)

// Result is what became of the attempts of a meter, in the order they began.
type Result struct {
	Attempts []Attempt
}

// Attempt is one connection: TCP, login, one query.
type Attempt struct {
	Begin      time.Time
	Took       time.Duration // to the end of the query or to the error
	Connected  bool          // TCP was established, whatever came then
	SYNRetried bool          // only the kernel's second SYN was answered
	Server     int           // the server_id that answered
	Err        error
}

// Outage is a time without service.
type Outage struct {
	Begin    time.Time     // of the first attempt that failed
	Duration time.Duration // to the begin of the first after it that succeeded
	Open     bool          // none after it succeeded; Duration is to the last attempt
}

// Failed tells whether the query was not answered within 250 ms.
func (a Attempt) Failed() bool { return a.Err != nil || a.Took > limit }

// Saved tells whether an attempt that failed would have become a slow
// connection instead for a client with more patience, by its kernel's SYN retry.
func (a Attempt) Saved() bool { return a.Failed() && a.Err == nil && a.SYNRetried }

// Outages returns each time without service, in order; none is an empty slice.
func (r *Result) Outages() []Outage {
	var outages []Outage
	var failing bool
	for _, a := range r.Attempts {
		if a.Failed() && !failing {
			outages = append(outages, Outage{Begin: a.Begin, Open: true})
		}
		if n := len(outages); n > 0 && outages[n-1].Open {
			outages[n-1].Duration = a.Begin.Sub(outages[n-1].Begin)
			outages[n-1].Open = a.Failed()
		}
		failing = a.Failed()
	}
	return outages
}

// Broken returns the attempts that ended with an error. One that was only answered
// late, which on a busy host many are at once, is none of them.
func (r *Result) Broken() []Attempt {
	return slices.DeleteFunc(slices.Clone(r.Attempts), func(a Attempt) bool { return a.Err == nil })
}

// Failed returns the attempts that failed.
func (r *Result) Failed() []Attempt {
	return slices.DeleteFunc(slices.Clone(r.Attempts), func(a Attempt) bool { return !a.Failed() })
}

// Cut returns the attempts that ended with an error although a hand-over that
// breaks nothing but what is open at that moment would have spared them: those that
// were refused or not answered, and those begun after the first of the others was
// reset. A connection half of whose handshake went to each node is reset, too. An
// attempt that was answered late is none of them.
func (r *Result) Cut() []Attempt {
	var cut []Attempt
	var handOver time.Time
	for _, a := range r.Attempts {
		open := a.Connected || errors.Is(a.Err, syscall.ECONNRESET)
		switch {
		case a.Err == nil:
		case !open || !handOver.IsZero() && a.Begin.After(handOver):
			cut = append(cut, a)
		case handOver.IsZero():
			handOver = a.Begin.Add(a.Took)
		}
	}
	return cut
}

// SYNRetries returns how many attempts were connected by a second SYN only.
func (r *Result) SYNRetries() int {
	n := 0
	for _, a := range r.Attempts {
		if a.SYNRetried {
			n++
		}
	}
	return n
}

// FirstAnswer returns when the first query was answered, in time or not.
func (r *Result) FirstAnswer() (when time.Time, ok bool) {
	for _, a := range r.Attempts {
		if end := a.Begin.Add(a.Took); a.Err == nil && (!ok || end.Before(when)) {
			when, ok = end, true
		}
	}
	return when, ok
}

// String is a line for a test's log, such as "outage 640ms; 33 of 512 attempts
// failed, 30 of them saved by the SYN retry; server 1 answered 240, server 2 239".
func (r *Result) String() string {
	var b strings.Builder
	outages := r.Outages()
	if len(outages) == 0 {
		b.WriteString("no outage")
	}
	for i, o := range outages {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "outage %v", o.Duration.Round(time.Millisecond))
		if o.Open {
			b.WriteString(" without end")
		}
	}
	saved, answered := 0, make(map[int]int)
	for _, a := range r.Attempts {
		if a.Saved() {
			saved++
		}
		if !a.Failed() {
			answered[a.Server]++
		}
	}
	fmt.Fprintf(&b, "; %d of %d attempts failed, %d of them saved by the SYN retry", len(r.Failed()), len(r.Attempts), saved)
	separator := "; "
	for _, id := range slices.Sorted(maps.Keys(answered)) {
		fmt.Fprintf(&b, "%sserver %d answered %d", separator, id, answered[id])
		separator = ", "
	}
	return b.String()
}
