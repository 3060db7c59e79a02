// Package beat makes all that PID 1 does again and again happen at the same
// moments, so that they wake the CPU once and not each in turn: on an idle node
// waking costs more than what is done then.
package beat

import "time"

// After is the first whole multiple of the period after t, on the wall clock. A
// clock that is set moves the beats, and none is missed for it.
func After(t time.Time, period time.Duration) time.Time {
	return t.Add(period - time.Duration(t.UnixNano())%period)
}

// Next is how long it is until the next beat: more than 0, at most the period.
func Next(period time.Duration) time.Duration {
	now := time.Now()
	return After(now, period).Sub(now)
}

// Every calls do at each beat of the period until done is closed. A call that
// takes longer than a period misses beats.
func Every(period time.Duration, done <-chan struct{}, do func()) {
	timer := time.NewTimer(Next(period))
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
			do()
			timer.Reset(Next(period))
		case <-done:
			return
		}
	}
}
