package rival

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

const interval = 200 * time.Millisecond

// pairOf runs a test of a node whose clock jumps ahead while it sleeps.
func pairOf(t *testing.T, test func(t *testing.T, s *Split)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { test(t, &Split{Interval: interval}) })
}

func expect(t *testing.T, when string, got []Event, want ...Event) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", when, diff)
	}
}

// look lets so many intervals pass in each of which the number of adverts is that
// much higher.
func look(s *Split, adverts *uint64, more uint64, intervals int) (events []Event) {
	for range intervals {
		*adverts += more
		events = append(events, s.Look(*adverts, "lb-b")...)
		time.Sleep(interval)
	}
	return events
}

// The node that survives hears another of lower priority, which stops as soon as it
// hears this one.
func TestMasterThatHearsAdvertsHasARival(t *testing.T) {
	pairOf(t, func(t *testing.T, s *Split) {
		var adverts uint64
		s.Elected(true)
		expect(t, "alone", look(s, &adverts, 0, 10))
		expect(t, "an advert", look(s, &adverts, 1, 1))
		expect(t, "an interval after it", look(s, &adverts, 0, 1), Event{Peer: "lb-b", Began: true, Ours: true})
		expect(t, "two intervals after it", look(s, &adverts, 0, 2))
		if got := s.Rivals(); len(got) != 1 {
			t.Errorf("rivals are %v, want lb-b", got)
		}
		expect(t, "when it has stopped", look(s, &adverts, 0, 3), Event{Peer: "lb-b", Lasted: 800 * time.Millisecond, Over: true, Ours: true})
		expect(t, "long after", look(s, &adverts, 0, 100))
	})
}

// Its advert and its word that it has let go may come in the same interval.
func TestRivalThatHasLetGoAlready(t *testing.T) {
	pairOf(t, func(t *testing.T, s *Split) {
		var adverts uint64
		s.Elected(true)
		look(s, &adverts, 0, 10)
		expect(t, "an advert", look(s, &adverts, 1, 1))
		expect(t, "its word", s.Said("lb-b", false, 0))
		expect(t, "an interval later", look(s, &adverts, 0, 1), Event{Peer: "lb-b", Ours: true})
		expect(t, "how long it was", s.Told("lb-b", 6*time.Second, interval), Event{Peer: "lb-b", Lasted: 6 * time.Second, Began: true, Over: true, Ours: true})
		expect(t, "its next word", s.Told("lb-b", 6*time.Second, interval))
		expect(t, "long after", look(s, &adverts, 0, 100))

		s.Claimed("lb-b")
		look(s, &adverts, 0, 3)
		adverts++ // in the same interval
		expect(t, "its word", s.Said("lb-b", false, 0), Event{Peer: "lb-b", Lasted: 3 * interval, Over: true, Ours: true})
		expect(t, "long after", look(s, &adverts, 0, 20))
	})
}

func TestRivalThatGoesOnIsToldOnce(t *testing.T) {
	pairOf(t, func(t *testing.T, s *Split) {
		var adverts uint64
		s.Elected(true)
		look(s, &adverts, 0, 5)
		expect(t, "one way only", look(s, &adverts, 1, 100), Event{Peer: "lb-b", Began: true, Ours: true})
	})
}

func TestHandoverIsNoSplitBrain(t *testing.T) {
	pairOf(t, func(t *testing.T, s *Split) {
		var adverts uint64
		// As a backup it hears the master. Becoming master itself, it may hear the last
		// advert of that, and what the peer said before.
		expect(t, "as backup", look(s, &adverts, 1, 10))
		s.Elected(true)
		expect(t, "the old master's word", s.Said("lb-b", true, time.Hour))
		expect(t, "the old master's last announcement", s.Claimed("lb-b"))
		expect(t, "the old master's last advert", look(s, &adverts, 1, 2))
		expect(t, "the peer lets go", s.Said("lb-b", false, 0))
		expect(t, "from then on", look(s, &adverts, 0, 10))

		// Back: an advert of the new master, its announcement, and this node's end.
		adverts++
		s.Look(adverts, "lb-b")
		expect(t, "the new master's announcement", s.Claimed("lb-b"))
		time.Sleep(interval / 10)
		expect(t, "the election", s.Elected(false))
		time.Sleep(interval)
		expect(t, "the new master's word", s.Said("lb-b", true, interval+interval/2))
		expect(t, "as backup again", look(s, &adverts, 1, 10))
	})
}

// The node that gives in learns from the other for how long there were two.
func TestOldMasterLearnsWhatItWas(t *testing.T) {
	pairOf(t, func(t *testing.T, s *Split) {
		s.Elected(true)
		time.Sleep(12 * time.Second)
		expect(t, "it gives in", s.Elected(false))
		time.Sleep(interval)
		want := Event{Peer: "lb-a", Lasted: 12 * time.Second, Began: true, Over: true}
		expect(t, "the survivor's word", s.Said("lb-a", true, time.Hour), want)
		expect(t, "its next word", s.Said("lb-a", true, time.Hour))
	})
}

func TestSurvivorIsToldWhatItCouldNotHear(t *testing.T) {
	pairOf(t, func(t *testing.T, s *Split) {
		expect(t, "as backup", s.Told("lb-b", 12*time.Second, 0))
		s.Elected(true)
		time.Sleep(time.Hour)
		expect(t, "as master", s.Told("lb-b", 12*time.Second, 0), Event{Peer: "lb-b", Lasted: 12 * time.Second, Began: true, Over: true, Ours: true})
		time.Sleep(5 * time.Second)
		expect(t, "told again", s.Told("lb-b", 12*time.Second, 5*time.Second))
		time.Sleep(8 * time.Second)
		expect(t, "told of another", s.Told("lb-b", 12*time.Second, 0), Event{Peer: "lb-b", Lasted: 12 * time.Second, Began: true, Over: true, Ours: true})
		expect(t, "told of a hand-over", s.Told("lb-b", 900*time.Millisecond, 0))
		time.Sleep(time.Minute)
		s.Said("lb-b", true, 10*time.Second)
		expect(t, "told of what it knows", s.Told("lb-b", 12*time.Second, 0), Event{Peer: "lb-b", Lasted: 12 * time.Second, Over: true, Ours: true})
	})
}

// Adverts may be filtered between two nodes that hear each other otherwise.
func TestMastersThatHearEachOtherOtherwise(t *testing.T) {
	pairOf(t, func(t *testing.T, s *Split) {
		s.Elected(true)
		time.Sleep(10 * time.Second)
		expect(t, "a peer's word", s.Said("lb-b", true, 3*time.Second), Event{Peer: "lb-b", Lasted: 3 * time.Second, Began: true})
		expect(t, "its announcement", s.Claimed("lb-b"))
		time.Sleep(5 * time.Second)
		expect(t, "its next word", s.Said("lb-b", true, 8*time.Second))
		expect(t, "it lets go", s.Said("lb-b", false, 0), Event{Peer: "lb-b", Lasted: 8 * time.Second, Over: true, Ours: true})

		var adverts uint64
		expect(t, "an announcement alone", s.Claimed("lb-b"))
		expect(t, "as master still", look(s, &adverts, 0, 3), Event{Peer: "lb-b", Lasted: 2 * interval, Began: true})
		time.Sleep(time.Second - 3*interval)
		expect(t, "this node lets go", s.Elected(false), Event{Peer: "lb-b", Lasted: time.Second, Over: true})
		expect(t, "what it knows already", s.Said("lb-b", true, time.Hour))
	})
}

func TestAnnouncementsThatStopAreTheEnd(t *testing.T) {
	pairOf(t, func(t *testing.T, s *Split) {
		var adverts uint64
		s.Elected(true)
		look(s, &adverts, 0, 5)
		s.Claimed("lb-b")
		look(s, &adverts, 0, 3)
		expect(t, "10 s later", look(s, &adverts, 0, 50))
		events := look(s, &adverts, 0, 100)
		if len(events) != 1 || !events[0].Over || !events[0].Ours {
			t.Errorf("30 s later: %+v, want one end", events)
		}
	})
}
