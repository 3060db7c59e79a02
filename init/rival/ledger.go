// Package rival keeps who else acts as if it had what is the pair's: another master
// beside this one, a machine with one of the addresses, a foreign router.
//
// It hears nothing itself, and stops nobody. Packages conflict and firewall hear, and
// keepalived elects.
package rival

import (
	"slices"
	"sync"
	"time"

	"twinlb/init/status"
)

const (
	kept   = 16          // rivals, however many addresses one forges
	memory = time.Hour   // since a rival was seen last
	apart  = time.Minute // between two messages about the same one
	burst  = 6           // messages about any, of which one comes back each apart/burst
)

// Ledger is who was seen as what, and when. Its zero value is empty. Its methods may
// be called from any goroutine.
type Ledger struct {
	mu     sync.Mutex
	all    []*sighting // the one that was seen last at the end
	total  map[status.ConflictKind]uint64
	tokens int // messages that were given out and have not come back
	since  time.Time
}

type sighting struct {
	status.Conflict
	first, last, told time.Time
	lasts             bool // until Ended says otherwise
}

// Saw notes that a rival was seen so many times more, and tells whether that is worth
// a message: the first time, once a minute after that, and never as often as a
// forger would like.
func (l *Ledger) Saw(kind status.ConflictKind, by, address string, times uint64) (news bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	if l.total == nil {
		l.total = make(map[status.ConflictKind]uint64)
	}
	l.total[kind] += times
	s := l.take(kind, by, address, now)
	s.last = now
	s.Times += times
	s.lasts, s.Over = kind == status.SplitBrain, false
	l.all = append(l.all, s)
	if !s.told.IsZero() && now.Sub(s.told) < apart || !l.allow(now) {
		return false
	}
	s.told = now
	return true
}

// take takes a sighting out of the list, or makes one.
func (l *Ledger) take(kind status.ConflictKind, by, address string, now time.Time) *sighting {
	for i, s := range l.all {
		if s.Kind == kind && s.By == by && s.Address == address {
			l.all = slices.Delete(l.all, i, i+1)
			if now.Sub(s.last) < memory && !s.Over {
				return s
			}
			return &sighting{Conflict: status.Conflict{Kind: kind, By: by, Address: address}, first: now}
		}
	}
	if len(l.all) == kept {
		l.all = slices.Delete(l.all, 0, 1)
	}
	return &sighting{Conflict: status.Conflict{Kind: kind, By: by, Address: address}, first: now}
}

func (l *Ledger) allow(now time.Time) bool {
	if back := int(now.Sub(l.since) / (apart / burst)); back > 0 {
		l.tokens, l.since = max(0, l.tokens-back), now
	}
	if l.tokens >= burst {
		return false
	}
	l.tokens++
	return true
}

// Ended notes that a split brain with the peer is over, after so long.
func (l *Ledger) Ended(peer string, lasted time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range l.all {
		if s.Kind == status.SplitBrain && s.By == peer {
			s.last, s.lasts, s.Over = time.Now(), false, true
			s.first = s.last.Add(-lasted)
		}
	}
}

// Conflicts returns those of the last hour, the latest first.
func (l *Ledger) Conflicts() []status.Conflict {
	l.mu.Lock()
	defer l.mu.Unlock()
	var all []status.Conflict
	for _, s := range slices.Backward(l.all) {
		if s.lasts {
			s.last = time.Now()
		}
		if since := time.Since(s.last); since < memory {
			c := s.Conflict
			c.For, c.Ago = status.InSeconds(s.last.Sub(s.first)), status.InSeconds(since)
			all = append(all, c)
		}
	}
	return all
}

// Total is how many times rivals of the kind were seen since the start.
func (l *Ledger) Total(kind status.ConflictKind) uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.total[kind]
}
