package admin

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"
)

// How many connections there may be at once, and sessions in each.
const (
	connections = 16
	strangers   = 4 // of one address that have not logged in
	channels    = 4
)

// times are how long others are waited for.
type times struct {
	login  time.Duration // for a client, from connecting to being logged in
	idle   time.Duration // for a client, between commands
	read   time.Duration // for a client, until it takes a piece of output
	answer time.Duration // for PID 1, and for each further part of what it says
	step   time.Duration // the same, of a drill
	seed   time.Duration // for a seed to come whole
}

var standard = times{login: 10 * time.Second, idle: 30 * time.Second, read: 30 * time.Second, answer: 60 * time.Second, step: 5 * time.Minute, seed: 20 * time.Second}

// places are those for connections. All are free when it is zero.
type places struct {
	mu    sync.Mutex
	taken []*place // oldest first
}

// place is one connection's.
type place struct {
	conn     net.Conn
	from     netip.Addr
	loggedIn bool
}

// take gives a connection a place. When there is none, the oldest one that has not
// logged in is ended for it: otherwise a few that say nothing would lock all out.
func (p *places) take(conn net.Conn) (*place, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	taker := &place{conn: conn, from: address(conn)}
	stranger := func(t *place) bool { return !t.loggedIn }
	theirs := 0
	for _, t := range p.taken {
		if stranger(t) && t.from == taker.from {
			theirs++
		}
	}
	if theirs >= strangers {
		return nil, fmt.Errorf("it has %d connections that are not logged in", theirs)
	}
	if len(p.taken) >= connections {
		oldest := slices.IndexFunc(p.taken, stranger)
		if oldest < 0 {
			return nil, fmt.Errorf("there are %d connections", len(p.taken))
		}
		p.taken[oldest].conn.Close()
		p.taken = slices.Delete(p.taken, oldest, oldest+1)
	}
	p.taken = append(p.taken, taker)
	return taker, nil
}

func (p *places) logIn(t *place) {
	p.mu.Lock()
	defer p.mu.Unlock()
	t.loggedIn = true
}

func (p *places) leave(t *place) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.taken = slices.DeleteFunc(p.taken, func(other *place) bool { return other == t })
}

// awaitEmpty waits until those who are logged in have left, or for so long.
func (p *places) awaitEmpty(atMost time.Duration) {
	for end := time.Now().Add(atMost); p.loggedIn() && time.Now().Before(end); {
		time.Sleep(10 * time.Millisecond)
	}
}

func (p *places) loggedIn() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.ContainsFunc(p.taken, func(t *place) bool { return t.loggedIn })
}

// address is the source of a connection, the zero Addr when it is not TCP.
func address(conn net.Conn) netip.Addr {
	tcp, _ := conn.RemoteAddr().(*net.TCPAddr)
	return tcp.AddrPort().Addr().Unmap()
}

// ration lets so many lines pass at once and one each second after that.
type ration struct {
	mu       sync.Mutex
	spent    int
	since    time.Time
	withheld int
}

const burst = 10

// allow tells whether a line may pass now, and how many did not since the last.
func (r *ration) allow() (ok bool, withheld int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	if passed := int(now.Sub(r.since) / time.Second); passed > 0 {
		r.spent = max(0, r.spent-passed)
		r.since = now
	}
	if r.spent >= burst {
		r.withheld++
		return false, 0
	}
	r.spent++
	withheld, r.withheld = r.withheld, 0
	return true, withheld
}
