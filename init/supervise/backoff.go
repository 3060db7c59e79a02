package supervise

import "time"

// Backoff is how long to wait before a process is started again: First after
// the first failure, twice as long after each further one, at most Most. A
// process that has run for ResetAfter starts the series anew.
type Backoff struct {
	First      time.Duration // 200 ms when zero
	Most       time.Duration // 30 s when zero
	ResetAfter time.Duration // 60 s when zero
}

func (b Backoff) delay(failures int) time.Duration {
	delay, most := orDefault(b.First, 200*time.Millisecond), orDefault(b.Most, 30*time.Second)
	for range failures {
		if delay *= 2; delay >= most {
			return most
		}
	}
	return min(delay, most)
}

func (b Backoff) resetAfter() time.Duration { return orDefault(b.ResetAfter, 60*time.Second) }

func orDefault(d, standard time.Duration) time.Duration {
	if d == 0 {
		return standard
	}
	return d
}
