package torture

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"twinlb/qemu-tests/client"
)

var start = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// at is so many seconds after the start.
func at(seconds float64) time.Time { return start.Add(time.Duration(seconds * float64(time.Second))) }

// happened is a fault that begins and is mended at once at those times; 0 for the
// second is one that is over when it has begun.
func happened(kind string, on int, begun, mended float64) Happened {
	h := Happened{Fault: Fault{Kind: kind, On: on}, Changes: []time.Time{at(begun)}}
	if mended > 0 {
		h.Changes = append(h.Changes, at(mended))
	}
	return h
}

// from is when a node begins to claim the VIP, or stops doing so.
type claims [2][]float64

// seen is 40 s with an attempt each 20 ms that fails during the outage.
func seen(c claims, outage [2]float64, faults ...Happened) Seen {
	s := Seen{Faults: faults, Result: &client.Result{}}
	for now := at(0); now.Before(at(40)); now = now.Add(window) {
		claim := Claim{Begin: now, End: now.Add(window)}
		for node, times := range c {
			is := false
			for _, change := range times {
				if !now.Before(at(change)) {
					is = !is
				}
			}
			if is {
				claim.Nodes = append(claim.Nodes, node)
			}
		}
		s.Claims = append(s.Claims, claim)
	}
	for now := at(0); now.Before(at(40)); now = now.Add(20 * time.Millisecond) {
		a := client.Attempt{Begin: now, Took: time.Millisecond, Server: 1}
		if !now.Before(at(outage[0])) && now.Before(at(outage[1])) {
			a.Err = errors.New("refused")
		}
		s.Result.Attempts = append(s.Result.Attempts, a)
	}
	return s
}

var (
	onMaster = claims{{0}}
	none     = [2]float64{}
)

func TestJudge(t *testing.T) {
	both, nobody := "both nodes answered", "nobody answered"
	tests := []struct {
		name string
		seen Seen
		want string // "" is no breach
	}{
		{"nothing happens", seen(onMaster, none), ""},
		{"one after the other", seen(claims{{0, 10}, {10}}, none), ""},
		{"both for as long as it may take", seen(claims{{0}, {10, 12}}, none), ""},
		{"both for longer", seen(claims{{0}, {10, 13}}, none), both},
		{"both for longer, one of them not always in time", seen(claims{{0}, {10, 10.5, 10.7, 11, 11.2, 13}}, none), both},
		{"both in a split", seen(claims{{0}, {10, 21}}, none, happened(split, 0, 6, 20)), ""},
		{"both for too long after a split", seen(claims{{0}, {10, 24}}, none, happened(split, 0, 6, 20)), both},
		{"both while every third advert is lost", seen(claims{{0}, {10, 15}}, none, happened(lossy, 0, 6, 20)), ""},
		{"both for ever while every third advert is lost", seen(claims{{0}, {10, 19}}, none, happened(lossy, 0, 6, 20)), both},
		{"both before a split, too", seen(claims{{0}, {10, 19}}, none, happened(split, 0, 15, 20)), both},
		{"both during another fault", seen(claims{{0}, {10, 14}}, none, happened(duplicated, 0, 6, 20)), both},
		{"both during a fault that could not happen", seen(claims{{0}, {10, 14}}, none, Happened{Fault: Fault{Kind: split}, Changes: []time.Time{at(6), at(20)}, Missed: "x"}), both},

		{"nobody for as long as it may take", seen(onMaster, [2]float64{10, 14}, happened(poweredOff, 0, 10, 30)), ""},
		{"nobody for longer", seen(onMaster, [2]float64{10, 15}, happened(poweredOff, 0, 10, 30)), nobody},
		{"nobody, for no reason", seen(onMaster, [2]float64{10, 15}), nobody},
		{"nobody before it begins", seen(onMaster, [2]float64{5, 11}, happened(poweredOff, 0, 10, 30)), nobody},
		{"nobody, as nobody is able to", seen(onMaster, [2]float64{10, 30}, happened(poweredOff, 0, 10, 29), happened(poweredOff, 1, 10, 29)), ""},
		{"nobody, but one has been able to", seen(onMaster, [2]float64{10, 30}, happened(poweredOff, 0, 10, 29), happened(unplugged, 1, 10, 15)), nobody},
		{"nobody, but one is only just able to", seen(onMaster, [2]float64{10, 23}, happened(poweredOff, 0, 10, 29), happened(unplugged, 1, 10, 15)), ""},
		{"nobody, and what was done about it changes", seen(onMaster, [2]float64{10, 17}, happened(poweredOff, 0, 10, 29), happened(proxyHangs, 1, 13, 14)), ""},
		{"nobody for as long as lost backends may take", seen(onMaster, [2]float64{10, 19}, happened(noBackends, 0, 10, 20)), ""},
		{"nobody for longer than lost backends may take", seen(onMaster, [2]float64{10, 20}, happened(noBackends, 0, 10, 21)), nobody},
		{"nobody in a split", seen(onMaster, [2]float64{10, 20}, happened(split, 1, 10, 20)), ""},
		{"nobody, and somebody else is to be able to again", seen(onMaster, [2]float64{9, 14.5}, happened(workerKilled, 1, 1, 0)), nobody},
		{"nobody, although it was planned", seen(onMaster, [2]float64{10, 13}, happened(handedOver, 0, 10, 0)), nobody},
		{"nobody for a moment, when it was planned", seen(onMaster, [2]float64{10, 10.4}, happened(handedOver, 0, 10, 0)), ""},
		{"nobody, when it was planned and something else happened", seen(onMaster, [2]float64{10, 13}, happened(handedOver, 0, 10, 0), happened(proxyHangs, 1, 10, 14)), ""},
		{"nobody to the end", seen(onMaster, [2]float64{30, 50}), nobody},
	}
	for _, tt := range tests {
		got := Promised(time.Second).Judge(tt.seen)
		if (len(got) == 0) != (tt.want == "") || len(got) > 0 && !strings.Contains(got[0].What, tt.want) {
			t.Errorf("%s: breaches %+v, want %q", tt.name, got, tt.want)
		}
	}
}

// A host that starves the watcher starves the nodes.
func TestJudgeOnABusyHost(t *testing.T) {
	s := seen(onMaster, [2]float64{10, 15}, happened(poweredOff, 0, 10, 30))
	for i, c := range s.Claims {
		if c.Begin.Before(at(12)) && !c.End.Before(at(12)) {
			s.Claims[i].End = at(13)
		}
	}
	if got := Promised(time.Second).Judge(s); len(got) > 0 {
		t.Errorf("breaches %+v, want none", got)
	}
}

func TestBoth(t *testing.T) {
	s := seen(claims{{0, 10}, {8, 20, 20.2, 30}}, none)
	var got []time.Duration
	for _, both := range s.Both() {
		got = append(got, both.begin.Sub(start).Round(100*time.Millisecond), both.end.Sub(start).Round(100*time.Millisecond))
	}
	if diff := cmp.Diff([]time.Duration{8 * time.Second, 10 * time.Second}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
