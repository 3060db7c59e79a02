package failover

import (
	"strings"
	"testing"
	"time"

	"twinlb/services/keepalived"
)

// watch lets time pass for a guard with adverts each 200 ms. In each step the
// count grows by so much; cause is what it said last.
func watch(g *Guard, now *time.Time, s Status, adverts *uint64, during time.Duration, more uint64) (cause string) {
	for end := now.Add(during); now.Before(end) && cause == ""; {
		*now = now.Add(g.Interval)
		*adverts += more
		cause = g.Look(*now, s, *adverts)
	}
	return cause
}

func TestGuard(t *testing.T) {
	var (
		master = Status{State: keepalived.StateMaster, Decision: Decision{Able: true}}
		backup = Status{State: keepalived.StateBackup, Decision: Decision{Able: true}}
		told   = Status{State: keepalived.StateMaster}
		unable = Status{State: keepalived.StateBackup}
		slower = Status{State: keepalived.StateBackup, Decision: Decision{Able: true}, Spacing: 10 * time.Second}
		fault  = Status{State: keepalived.StateFault}
		stuck  = Status{State: keepalived.StateFault, Decision: Decision{Able: true}}
	)
	for _, tt := range []struct {
		name   string
		status Status
		more   uint64
		during time.Duration
		cause  string
	}{
		{"a master that sends", master, 1, time.Hour, ""},
		{"a master that does not send", master, 0, 400 * time.Millisecond, "sent no advert for 400ms"},
		{"a master that does not send, for a short while", master, 0, 200 * time.Millisecond, ""},
		{"a master that keeps the VIP although it may not", told, 1, 2 * time.Second, "told to let it go"},
		{"a master that was just told to let the VIP go", told, 1, 800 * time.Millisecond, ""},
		{"a backup that hears the master", backup, 1, time.Hour, ""},
		{"a backup that hears nobody and does nothing", backup, 0, 3 * time.Second, "has not become master"},
		{"a backup that hears nobody, for as long as an election takes", backup, 0, 2 * time.Second, ""},
		{"a backup of a master whose adverts are 10 s apart", slower, 0, 80 * time.Second, ""},
		{"a backup of such a master, and it is gone", slower, 0, 82 * time.Second, "has not become master"},
		{"a backup that may not", unable, 0, time.Hour, ""},
		{"fault", fault, 0, time.Hour, ""},
		{"a fault that is over, for a short while", stuck, 0, 9 * time.Second, ""},
		{"a fault that is over, and adverts of the master", stuck, 1, 11 * time.Second, "taken no part in the election"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			g, now, adverts := &Guard{Interval: 200 * time.Millisecond}, time.Now(), new(uint64)
			watch(g, &now, tt.status, adverts, 200*time.Millisecond, 0)
			cause := watch(g, &now, tt.status, adverts, tt.during, tt.more)
			if (cause == "") != (tt.cause == "") || !strings.Contains(cause, tt.cause) {
				t.Errorf("Look = %q, want %q", cause, tt.cause)
			}
		})
	}
}

// A keepalived that hangs before it has said anything would never take the VIP over.
func TestGuardEndsAKeepalivedThatSaysNothing(t *testing.T) {
	for _, state := range []keepalived.State{"", keepalived.StateStopped} {
		silent := Status{State: state, Decision: Decision{Able: true}}
		g, now, adverts := &Guard{Interval: 200 * time.Millisecond}, time.Now(), new(uint64)
		if cause := watch(g, &now, silent, adverts, time.Hour, 1); cause != "" {
			t.Errorf("%q while none runs: Look = %q, want nothing", state, cause)
		}
		g.Started = now
		if cause := watch(g, &now, Status{State: state}, adverts, time.Hour, 1); cause != "" {
			t.Errorf("%q while the node may not hold the VIP: Look = %q, want nothing", state, cause)
		}
		g.Started = now
		if cause := watch(g, &now, silent, adverts, 9*time.Second, 1); cause != "" {
			t.Errorf("%q for 9 s after its start: Look = %q, want nothing", state, cause)
		}
		if cause := watch(g, &now, silent, adverts, 2*time.Second, 1); !strings.Contains(cause, "not told its state") {
			t.Errorf("%q for 11 s after its start: Look = %q, want that it has not told its state", state, cause)
		}
	}
}

func TestGuardThatWasLateBlamesNobody(t *testing.T) {
	master := Status{State: keepalived.StateMaster, Decision: Decision{Able: true}}
	g, now, adverts := &Guard{Interval: 200 * time.Millisecond}, time.Now(), new(uint64)
	for range 10 {
		now = now.Add(5 * time.Second) // the whole machine stood still
		if cause := watch(g, &now, master, adverts, 200*time.Millisecond, 0); cause != "" {
			t.Fatalf("Look = %q, want nothing: nobody could send", cause)
		}
	}
}

func TestGuardBeginsAnewWithAState(t *testing.T) {
	g, now, adverts := &Guard{Interval: 200 * time.Millisecond}, time.Now(), new(uint64)
	for range 10 {
		for _, state := range []keepalived.State{keepalived.StateMaster, keepalived.StateBackup} {
			if cause := watch(g, &now, Status{State: state, Decision: Decision{Able: true}}, adverts, 200*time.Millisecond, 0); cause != "" {
				t.Fatalf("Look = %q, want nothing", cause)
			}
		}
	}
}

// A keepalived that has read a seed with quicker adverts has just sent slow ones.
func TestGuardBeginsAnewWithAnInterval(t *testing.T) {
	master := Status{State: keepalived.StateMaster, Decision: Decision{Able: true}}
	g, now, adverts := &Guard{Interval: 10 * time.Second}, time.Now(), new(uint64)
	watch(g, &now, master, adverts, 10*time.Second, 1)
	for range 25 { // it looks at the new pace already
		now = now.Add(200 * time.Millisecond)
		if cause := g.Look(now, master, *adverts); cause != "" {
			t.Fatalf("Look = %q, want nothing", cause)
		}
	}
	g.Interval = 200 * time.Millisecond
	if cause := watch(g, &now, master, adverts, 400*time.Millisecond, 0); cause != "" {
		t.Errorf("Look = %q, want nothing", cause)
	}
	if cause := watch(g, &now, master, adverts, 400*time.Millisecond, 0); !strings.Contains(cause, "sent no advert") {
		t.Errorf("Look = %q, want that no advert was sent", cause)
	}
}

func TestMasterLosesTheVIPBeforeThePeerTakesIt(t *testing.T) {
	for interval, want := range map[time.Duration]time.Duration{
		50 * time.Millisecond:  150 * time.Millisecond,
		150 * time.Millisecond: 400 * time.Millisecond,
		200 * time.Millisecond: 400 * time.Millisecond,
		time.Second:            2 * time.Second,
		10 * time.Second:       20 * time.Second,
	} {
		if got := withMaster(interval); got != want {
			t.Errorf("adverts each %v: %v without one, want %v", interval, got, want)
		}
	}
}

// A host that is busy for two or three intervals holds up PID 1 and keepalived, and
// either may be the first to go on.
func TestGuardThatWasHeldUpLooksAgain(t *testing.T) {
	master := Status{State: keepalived.StateMaster, Decision: Decision{Able: true}}
	for _, sends := range []bool{true, false} {
		g, now, adverts := &Guard{Interval: 200 * time.Millisecond}, time.Now(), new(uint64)
		watch(g, &now, master, adverts, time.Second, 1)
		now = now.Add(500 * time.Millisecond)
		if cause := g.Look(now, master, *adverts); cause != "" {
			t.Errorf("at once: %q, want it to wait", cause)
		}
		now = now.Add(350 * time.Millisecond) // late again
		if sends {
			*adverts++
		}
		if cause := g.Look(now, master, *adverts); (cause == "") != sends {
			t.Errorf("a look later, keepalived sends: %v: %q", sends, cause)
		}
	}
}

func TestStalled(t *testing.T) {
	state := func(s keepalived.State) Status { return Status{State: s, Decision: Decision{Able: true}} }
	master, backup := state(keepalived.StateMaster), state(keepalived.StateBackup)
	for _, tt := range []struct {
		name             string
		before, after    Status        // at the last look, and at the next
		since, gap, want time.Duration // the state at the next, and both looks
	}{
		{"a master", master, master, time.Minute, 5 * time.Second, 5 * time.Second},
		{"for less than a peer waits", master, master, time.Minute, 600 * time.Millisecond, 0},
		{"a backup", backup, backup, time.Minute, 5 * time.Second, 0},
		{"one that had just become master", backup, master, 4900 * time.Millisecond, 5 * time.Second, 5 * time.Second},
		{"a backup that becomes master when it goes on", backup, master, 100 * time.Millisecond, 5 * time.Second, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			g, now, adverts := &Guard{Interval: 200 * time.Millisecond}, time.Now(), new(uint64)
			if got := g.Stalled(now, tt.before); got != 0 {
				t.Errorf("before the first look it was held up for %v", got)
			}
			watch(g, &now, tt.before, adverts, time.Second, 1)
			now = now.Add(tt.gap)
			tt.after.Since = now.Add(-tt.since)
			if got := g.Stalled(now, tt.after); got != tt.want {
				t.Errorf("it was held up for %v, want %v", got, tt.want)
			}
		})
	}
}
