package network

import (
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// ear is a hearing with a fake link. Half an interval is 100 ms from begin.
type ear struct {
	frames     atomic.Int64
	neighbours atomic.Int64 // whose MAC address is known
	unknown    atomic.Int64 // the others
	answer     atomic.Bool  // neighbours answer when they are asked
	stall      atomic.Int64 // the next look takes so many nanoseconds
	broken     atomic.Bool  // the count cannot be read
	asked      atomic.Int64 // times
	looks      atomic.Int64
	backup     atomic.Bool // the VIP is elsewhere

	begin time.Time
	deaf  chan bool
}

func (e *ear) ReadAt(p []byte, off int64) (int, error) {
	if e.broken.Load() || off != 0 {
		return 0, errors.New("no such device")
	}
	e.looks.Add(1)
	time.Sleep(time.Duration(e.stall.Swap(0)))
	return copy(p, fmt.Sprintln(e.frames.Load())), nil
}

func (e *ear) holds() bool { return !e.backup.Load() }

func (e *ear) ask(unknownToo bool) int {
	n := e.neighbours.Load()
	if n == 0 && unknownToo {
		n = e.unknown.Load()
	}
	e.asked.Add(1)
	if e.answer.Load() {
		e.frames.Add(n)
	}
	return int(n)
}

// listen runs a test whose clock jumps ahead while it sleeps.
func listen(t *testing.T, test func(t *testing.T, e *ear)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		e := &ear{begin: time.Now(), deaf: make(chan bool, 1)}
		e.frames.Store(1000)
		e.neighbours.Store(2)
		done := make(chan struct{})
		defer close(done)
		h := hearing{poll: 100 * time.Millisecond, count: e, ask: e.ask, holds: e.holds, asked: remembered + 1}
		go func() {
			defer close(e.deaf)
			h.run(e.deaf, done)
		}()
		test(t, e)
	})
}

func (e *ear) expectAsked(t *testing.T, want int64) {
	t.Helper()
	if asked := e.asked.Load(); asked != want {
		t.Errorf("after %s it has asked %d times, want %d", time.Since(e.begin), asked, want)
	}
}

// until sleeps until that long after the beginning.
func (e *ear) until(d time.Duration) {
	time.Sleep(time.Until(e.begin.Add(d)))
	synctest.Wait()
}

func (e *ear) expectNothing(t *testing.T) {
	t.Helper()
	select {
	case deaf, ok := <-e.deaf:
		t.Errorf("after %s deaf = %t (channel open: %t), want no report", time.Since(e.begin), deaf, ok)
	default:
	}
}

func (e *ear) expect(t *testing.T, want bool) {
	t.Helper()
	select {
	case deaf, ok := <-e.deaf:
		if !ok || deaf != want {
			t.Errorf("after %s deaf = %t (channel open: %t), want %t", time.Since(e.begin), deaf, ok, want)
		}
	default:
		t.Errorf("after %s there is no report, want deaf = %t", time.Since(e.begin), want)
	}
}

func TestNodeThatHearsAdvertsAsksNobody(t *testing.T) {
	listen(t, func(t *testing.T, e *ear) {
		e.until(150 * time.Millisecond) // between two looks
		for range 100 {
			e.frames.Add(1)
			time.Sleep(200 * time.Millisecond)
		}
		e.expectNothing(t)
		e.expectAsked(t, 0)
	})
}

func TestBackupIsDeafAfterTwoIntervalsOfSilence(t *testing.T) {
	listen(t, func(t *testing.T, e *ear) {
		e.backup.Store(true)
		e.until(time.Millisecond) // just after a look
		e.frames.Add(1)
		e.until(299 * time.Millisecond)
		e.expectAsked(t, 0)
		e.until(301 * time.Millisecond)
		e.expectAsked(t, 1)
		e.until(399 * time.Millisecond)
		e.expectNothing(t)
		e.until(401 * time.Millisecond)
		e.expect(t, true)
		e.frames.Add(1)
		e.until(501 * time.Millisecond)
		e.expect(t, false)
	})
}

func TestMasterLooksOnceAnInterval(t *testing.T) {
	for _, tt := range []struct {
		name   string
		backup bool
		want   int64
	}{{"master", false, 50}, {"backup", true, 100}} {
		t.Run(tt.name, func(t *testing.T) {
			listen(t, func(t *testing.T, e *ear) {
				e.backup.Store(tt.backup)
				e.until(50 * time.Millisecond) // between two looks
				hear := func(frames int) {
					for range frames {
						e.frames.Add(1)
						time.Sleep(100 * time.Millisecond)
					}
				}
				hear(10)
				before := e.looks.Load()
				hear(100)
				if looks := e.looks.Load() - before; looks != tt.want {
					t.Errorf("%d looks in 50 intervals, want %d", looks, tt.want)
				}
			})
		})
	}
}

func TestBackupThatHearsAdvertsAsksNobody(t *testing.T) {
	listen(t, func(t *testing.T, e *ear) {
		e.backup.Store(true)
		e.until(50 * time.Millisecond) // between two looks
		for range 100 {
			e.frames.Add(1)
			time.Sleep(200 * time.Millisecond)
		}
		e.expectNothing(t)
		e.expectAsked(t, 0)
	})
}

func TestNodeIsDeafBeforeThreeIntervalsOfSilence(t *testing.T) {
	listen(t, func(t *testing.T, e *ear) {
		e.until(time.Millisecond) // just after a look
		e.frames.Add(1)
		e.until(399 * time.Millisecond)
		e.expectAsked(t, 0)
		e.until(401 * time.Millisecond)
		e.expectAsked(t, 1)
		e.until(599 * time.Millisecond)
		e.expectNothing(t)
		e.until(601 * time.Millisecond)
		e.expect(t, true)
		e.until(time.Minute)
		e.expectNothing(t)
		e.expectAsked(t, 1)

		e.frames.Add(1)
		e.until(time.Minute + 101*time.Millisecond)
		e.expect(t, false)
		e.until(time.Minute + 601*time.Millisecond)
		e.expect(t, true)
	})
}

func TestNodeWhoseNeighboursAnswerIsNeverDeaf(t *testing.T) {
	listen(t, func(t *testing.T, e *ear) {
		e.answer.Store(true)
		e.until(2050 * time.Millisecond)
		e.expectNothing(t)
		// After a whole interval; the answer is seen half an interval later. From
		// then on the looks are at whole intervals again, the first of them sooner.
		e.expectAsked(t, 7)
	})
}

func TestAnswerToTheSecondRequestIsInTime(t *testing.T) {
	listen(t, func(t *testing.T, e *ear) {
		e.until(350 * time.Millisecond)
		e.expectAsked(t, 1)
		e.frames.Add(1)
		e.until(450 * time.Millisecond)
		e.expectNothing(t)
	})
}

func TestNodeThatHasNobodyToAskIsNotDeaf(t *testing.T) {
	listen(t, func(t *testing.T, e *ear) {
		e.neighbours.Store(0)
		e.unknown.Store(2)
		e.until(10050 * time.Millisecond)
		e.expectNothing(t)
		e.neighbours.Store(1)
		e.until(10250 * time.Millisecond)
		e.expectNothing(t)
		e.until(10350 * time.Millisecond)
		e.expect(t, true)
	})
}

func TestNodeThatNeverHeardAnythingIsDeafWhenItLooksForNeighbours(t *testing.T) {
	listen(t, func(t *testing.T, e *ear) {
		e.frames.Store(0)
		e.neighbours.Store(0)
		e.until(10050 * time.Millisecond)
		e.expectNothing(t)
		e.unknown.Store(2) // the checks of the backends have begun
		e.until(10350 * time.Millisecond)
		e.expect(t, true)
		e.frames.Add(1)
		e.until(20 * time.Second)
		e.expect(t, false)
		e.expectNothing(t)
	})
}

func TestQuietBeforeALateLookSaysNothing(t *testing.T) {
	listen(t, func(t *testing.T, e *ear) {
		e.until(150 * time.Millisecond)
		e.stall.Store(int64(5 * time.Second)) // in the look at 200 ms
		e.until(5450 * time.Millisecond)      // which is followed by one at 5300 ms
		e.expectNothing(t)
		e.expectAsked(t, 1)
		e.until(5650 * time.Millisecond)
		e.expectNothing(t)
		e.until(5750 * time.Millisecond)
		e.expect(t, true)
	})
}

func TestLateLookDoesNotUndoWhatIsKnown(t *testing.T) {
	listen(t, func(t *testing.T, e *ear) {
		e.until(250 * time.Millisecond)
		e.expectAsked(t, 1)
		e.neighbours.Store(0)             // the kernel has given them up
		e.stall.Store(int64(time.Second)) // in the look at 300 ms
		e.until(1750 * time.Millisecond)  // which is followed by one at 1400 ms
		e.expectNothing(t)
		e.until(1850 * time.Millisecond)
		e.expect(t, true)
		e.stall.Store(int64(time.Second))
		e.until(time.Minute)
		e.expectNothing(t)
	})
}

func TestSilenceThatBeginsBetweenQuestionAndAnswerIsHeard(t *testing.T) {
	listen(t, func(t *testing.T, e *ear) {
		e.until(201 * time.Millisecond)
		e.expectAsked(t, 1)
		e.frames.Add(1)       // not the answer, and the last
		e.neighbours.Store(0) // the kernel has given them up
		e.until(650 * time.Millisecond)
		e.expectNothing(t)
		e.until(750 * time.Millisecond)
		e.expect(t, true)

		e.frames.Add(1)
		e.until(850 * time.Millisecond)
		e.expect(t, false)
		e.until(time.Minute) // by now it is long ago that there was anybody
		e.expectNothing(t)
	})
}

func TestHearingEnds(t *testing.T) {
	listen(t, func(t *testing.T, e *ear) {
		e.until(250 * time.Millisecond)
		e.broken.Store(true)
		e.until(350 * time.Millisecond)
		select {
		case deaf, ok := <-e.deaf:
			if ok {
				t.Errorf("deaf = %t when the count cannot be read, want a closed channel", deaf)
			}
		default:
			t.Error("the channel is open though the count cannot be read")
		}
	})
	synctest.Test(t, func(t *testing.T) {
		e, deaf, done := &ear{}, make(chan bool), make(chan struct{})
		e.neighbours.Store(1)
		h := hearing{poll: 100 * time.Millisecond, count: e, ask: e.ask, holds: e.holds, asked: remembered + 1}
		go func() {
			defer close(deaf)
			h.run(deaf, done)
		}()
		time.Sleep(time.Second) // it is deaf, which nobody wants to know
		close(done)
		synctest.Wait()
		if _, ok := <-deaf; ok {
			t.Error("a report after the end, want a closed channel")
		}
	})
}
