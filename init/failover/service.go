package failover

import (
	"time"

	"twinlb/init/beat"
	"twinlb/services/haproxy"
)

// While a node that has just taken the VIP over waits for its first connection, it
// looks often at first: mostly it is a matter of milliseconds.
const (
	lookOften  = 20 * time.Millisecond
	oftenFor   = 2 * time.Second
	lookSeldom = 200 * time.Millisecond
)

// AwaitService returns when HAProxy has passed more connections of the VIP to
// backends than it had before, as Passed counts them, within lookOften; ok is false
// when that did not happen while a record is open, or until done is closed.
func AwaitService(socket string, before int, done <-chan struct{}) (at time.Time, ok bool) {
	runtime, err := haproxy.Dial(socket)
	if err != nil {
		return at, false
	}
	defer runtime.Close()
	began := time.Now()
	for time.Since(began) < completed {
		if err := runtime.Ask(haproxy.ShowServers); err != nil {
			return at, false
		}
		interval := lookOften
		if time.Since(began) > oftenFor {
			interval = lookSeldom
		}
		select {
		case <-time.After(beat.Next(interval)):
		case <-done:
			return at, false
		}
		answer, complete, err := runtime.Answer()
		if err != nil {
			return at, false
		}
		if !complete {
			continue // it is taken the next time, with that of the question after
		}
		servers, err := haproxy.ParseServers(answer)
		if err != nil {
			return at, false
		}
		now := Passed(servers)
		if now < before { // it was started again
			before = 0
		}
		if now > before {
			return time.Now(), true
		}
	}
	return at, false
}

// Passed is how many connections of the VIPs the servers have got since HAProxy's
// start.
func Passed(servers []haproxy.Server) int {
	n := 0
	for _, s := range servers {
		n += s.Passed
	}
	return n
}
