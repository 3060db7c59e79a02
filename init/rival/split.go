package rival

import (
	"sync"
	"time"
)

// How long a sign of another master counts. keepalived repeats its gratuitous ARP
// every 10 s, and peers tell how they are every 5 s.
const (
	advertCounts = 3 // advert intervals
	claimCounts  = 25 * time.Second
	wordCounts   = 12 * time.Second
)

// Split notices that another node is master beside this one: split brain. That both
// are for a moment is how the VIP moves without a gap, and no split brain.
//
// Its methods may be called from any goroutine. Each that learns something returns it,
// for the caller to say and to act on.
type Split struct {
	Interval time.Duration // of the adverts

	mu      sync.Mutex
	master  time.Time            // since when this node is; zero when it is not
	was     period               // when it was before that
	adverts uint64               // of peers, when they were last looked at
	looked  bool                 // adverts are from this time as master
	pending bool                 // a peer advertised in the interval before the last look
	claimed map[string]time.Time // since when a peer claims the VIP, which may be to take it over
	rivals  map[string]*rivalry
	ended   map[string]ended     // of each peer
	letGo   map[string]time.Time // when each peer said last that it is not master; zero when it said that it is
}

// period is from when to when this node was master.
type period struct {
	from, to time.Time
	judged   map[string]bool // those of whom it is known whether they were, too
}

// rivalry is with one node that is master too.
type rivalry struct{ since, until time.Time }

// ended is when it was last learned that a split brain is over, how long it had lasted
// as far as was known, and whether that was long enough to be one.
type ended struct {
	at      time.Time
	lasted  time.Duration
	counted bool
}

// Event is what was learned about a split brain. One that neither Began nor is Over
// was too short to be one.
type Event struct {
	Peer   string
	Lasted time.Duration // so far, or in all when it is Over; 0 when it is not known
	Began  bool          // nothing was said of it before
	Over   bool
	// Ours is whether the VIP belongs here: the other node has let it go, or will as
	// soon as it hears this one. All others should be told the VIP's MAC address.
	Ours bool
}

// shortest is the overlap of two masters from which on it is none of a hand-over.
func (s *Split) shortest() time.Duration { return max(2*s.Interval, 300*time.Millisecond) }

// Retime takes another interval of the adverts.
func (s *Split) Retime(interval time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.Interval = interval
}

// Elected takes whether this node is master now.
func (s *Split) Elected(master bool) []Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	if master == !s.master.IsZero() {
		return nil
	}
	s.looked, s.pending, s.claimed = false, false, nil
	if master {
		s.master = now
		return nil
	}
	s.was = period{from: s.master, to: now, judged: make(map[string]bool)}
	s.master = time.Time{}
	var events []Event
	for peer, r := range s.rivals {
		s.was.judged[peer] = true
		events = append(events, s.over(now, Event{Peer: peer, Lasted: now.Sub(r.since)}))
	}
	s.rivals = nil
	return events
}

// Look takes how many adverts of peers there have been. It wants to be called each
// advert interval. The peer is the one that may have sent them. Who hears a master of
// lower priority stays one; so what is heard counts when this node is still master an
// interval later.
func (s *Split) Look(adverts uint64, peer string) []Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	more := s.looked && adverts > s.adverts
	settled := !s.master.IsZero() && now.Sub(s.master) >= s.shortest()
	s.adverts, s.looked = adverts, settled
	sure := s.pending && settled
	s.pending = more && settled
	var events []Event
	switch {
	case sure && s.rivals[peer] == nil && now.Sub(s.letGo[peer]) < advertCounts*s.Interval:
		events = []Event{s.over(now, Event{Peer: peer, Began: true, Ours: true})}
	case sure:
		events = s.seen(now, peer, now, advertCounts*s.Interval, true)
	}
	for peer, since := range s.claimed {
		if now.Sub(since) >= s.shortest() {
			delete(s.claimed, peer)
			events = append(events, s.seen(now, peer, since, claimCounts, false)...)
		}
	}
	return append(events, s.expire(now)...)
}

// Claimed takes that a peer claims the VIP by ARP or neighbour discovery. Who takes
// over does so as well, a moment before this node hears of it; so a claim counts when
// this node is still master at a later Look.
func (s *Split) Claimed(peer string) []Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	switch {
	case s.master.IsZero(), now.Sub(s.master) < s.shortest():
	case s.rivals[peer] != nil:
		return s.seen(now, peer, now, claimCounts, false)
	case s.claimed[peer].IsZero():
		if s.claimed == nil {
			s.claimed = make(map[string]time.Time)
		}
		s.claimed[peer] = now
	}
	return nil
}

// Said takes the word of a peer: whether it is master and for how long.
func (s *Split) Said(peer string, master bool, lasted time.Duration) []Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	since := now.Add(-lasted)
	if s.letGo == nil {
		s.letGo = make(map[string]time.Time)
	}
	if master {
		delete(s.letGo, peer)
	} else {
		s.letGo[peer] = now
		delete(s.claimed, peer)
	}
	switch {
	case !s.master.IsZero() && !master:
		return s.end(now, peer)
	case !s.master.IsZero():
		if from := later(s.master, since); now.Sub(from) >= s.shortest() {
			return s.seen(now, peer, from, wordCounts, false)
		}
	case master && s.was.judged != nil && !s.was.judged[peer]:
		s.was.judged[peer] = true
		if overlap := s.was.to.Sub(later(s.was.from, since)); overlap >= s.shortest() {
			return []Event{s.over(now, Event{Peer: peer, Lasted: overlap, Began: true})}
		}
	}
	return nil
}

// Told takes the word of a peer that it was master beside this node for so long, and
// let go so long ago. The peer may say so again and again, and may know better than
// this node for how long there were two.
func (s *Split) Told(peer string, lasted, ago time.Duration) []Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	known := s.rivals[peer] != nil
	was := s.ended[peer]
	same := now.Add(-ago - lasted).Before(was.at) // it began before the last one was over
	if s.master.IsZero() || !known && same && lasted <= was.lasted+s.shortest() {
		return nil
	}
	delete(s.rivals, peer)
	return []Event{s.over(now, Event{Peer: peer, Lasted: lasted, Began: !known && !(same && was.counted), Ours: true})}
}

// handOver is for how long two nodes may be master while one takes over from the other
// on a slow host.
const handOver = time.Second

func (s *Split) over(now time.Time, e Event) Event {
	if s.ended == nil {
		s.ended = make(map[string]ended)
	}
	e.Over = !e.Began || e.Lasted >= handOver
	e.Began = e.Began && e.Over
	s.ended[e.Peer] = ended{now, e.Lasted, e.Over}
	s.looked, s.pending = false, false // what was heard until now was of this one
	return e
}

// seen notes a sign of another master that counts for a while.
func (s *Split) seen(now time.Time, peer string, since time.Time, counts time.Duration, ours bool) []Event {
	r := s.rivals[peer]
	isNew := r == nil
	if isNew {
		if s.rivals == nil {
			s.rivals = make(map[string]*rivalry)
		}
		r = &rivalry{since: since}
		s.rivals[peer] = r
	}
	if since.Before(r.since) {
		r.since = since
	}
	r.until = later(r.until, now.Add(counts))
	if !isNew {
		return nil
	}
	return []Event{{Peer: peer, Lasted: now.Sub(r.since), Began: true, Ours: ours}}
}

// expire ends those of whom there was no sign any more.
func (s *Split) expire(now time.Time) []Event {
	var events []Event
	for peer, r := range s.rivals {
		if now.After(r.until) {
			events = append(events, s.end(now, peer)...)
		}
	}
	return events
}

func (s *Split) end(now time.Time, peer string) []Event {
	r := s.rivals[peer]
	if r == nil {
		return nil
	}
	delete(s.rivals, peer)
	return []Event{s.over(now, Event{Peer: peer, Lasted: now.Sub(r.since), Ours: true})}
}

// Rivals are those that are master beside this node at present.
func (s *Split) Rivals() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []string
	for peer := range s.rivals {
		all = append(all, peer)
	}
	return all
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
