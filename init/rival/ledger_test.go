package rival

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"twinlb/init/status"

	"github.com/google/go-cmp/cmp"
)

func TestLedgerKeepsWhoWasSeen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l Ledger
		expect := func(when string, want ...status.Conflict) {
			t.Helper()
			if diff := cmp.Diff(want, l.Conflicts()); diff != "" {
				t.Errorf("%s (-want +got):\n%s", when, diff)
			}
		}
		expect("at the start")
		l.Saw(status.ForeignAdverts, "192.0.2.99", "", 3)
		time.Sleep(10 * time.Second)
		l.Saw(status.VIPClaimed, "52:54:00:00:00:01", "192.0.2.60", 1)
		time.Sleep(5 * time.Second)
		l.Saw(status.ForeignAdverts, "192.0.2.99", "", 2)
		time.Sleep(time.Second)
		adverts := status.Conflict{Kind: status.ForeignAdverts, By: "192.0.2.99", For: 15, Ago: 1, Times: 5}
		expect("after three sightings", adverts,
			status.Conflict{Kind: status.VIPClaimed, By: "52:54:00:00:00:01", Address: "192.0.2.60", Ago: 6, Times: 1})
		time.Sleep(time.Hour - 6*time.Second)
		adverts.Ago = 3595
		expect("an hour after one of them", adverts)
		time.Sleep(5 * time.Second)
		expect("an hour after all of them")
		if got := l.Total(status.ForeignAdverts); got != 5 {
			t.Errorf("%d foreign adverts in all, want 5", got)
		}
	})
}

func TestLedgerTellsSplitBrainsApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l Ledger
		l.Saw(status.SplitBrain, "lb-b", "", 1)
		time.Sleep(10 * time.Second)
		now := l.Conflicts()[0]
		if now.For != 10 || now.Ago != 0 || now.Over || !now.Misleads() {
			t.Errorf("while it lasts: %+v", now)
		}
		l.Ended("lb-b", 12*time.Second)
		time.Sleep(20 * time.Second)
		now = l.Conflicts()[0]
		if now.For != 12 || now.Ago != 20 || !now.Over || now.Misleads() {
			t.Errorf("when it is over: %+v", now)
		}
		l.Saw(status.SplitBrain, "lb-b", "", 1)
		if all := l.Conflicts(); len(all) != 1 || all[0].Times != 1 || all[0].Over || all[0].For != 0 {
			t.Errorf("the next one: %+v", all)
		}
	})
}

// Who forges addresses fills neither memory nor journal.
func TestLedgerIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l Ledger
		said := 0
		see := func(times int) {
			for i := range times {
				if l.Saw(status.ForeignAdverts, fmt.Sprint(i), "", 1) {
					said++
				}
				time.Sleep(time.Millisecond)
			}
		}
		see(1000)
		if said != burst {
			t.Errorf("%d messages about 1000 addresses, want %d", said, burst)
		}
		if n := len(l.Conflicts()); n != kept {
			t.Errorf("%d are kept, want %d", n, kept)
		}
		time.Sleep(time.Hour)
		said = 0
		see(1000)
		if said != burst {
			t.Errorf("%d messages an hour later, want %d", said, burst)
		}
	})
}

func TestLedgerRepeatsItselfOnceAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l Ledger
		said := 0
		for range 600 {
			if l.Saw(status.ForeignAdverts, "192.0.2.99", "", 1) {
				said++
			}
			time.Sleep(time.Second)
		}
		if said != 10 {
			t.Errorf("%d messages in 10 minutes, want 10", said)
		}
	})
}
