package torture

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func faults(rounds []Round) []Fault { return slices.Concat(rounds...) }

func TestScheduleDependsOnItsNumberAlone(t *testing.T) {
	want := Schedule(7, 100, 2)
	if diff := cmp.Diff(want, Schedule(7, 100, 2)); diff != "" {
		t.Errorf("the same again (-want +got):\n%s", diff)
	}
	if cmp.Equal(want, Schedule(8, 100, 2)) {
		t.Error("another number makes the same schedule")
	}
	for n := 1; n < 100; n++ {
		if diff := cmp.Diff(faults(want)[:n], faults(Schedule(7, n, 2))); diff != "" {
			t.Fatalf("the first %d (-want +got):\n%s", n, diff)
		}
	}
	first := Round{{Number: 1, Kind: paused, Lasts: 7076 * time.Millisecond}}
	if diff := cmp.Diff(first, Schedule(1, 100, 2)[0]); diff != "" {
		t.Errorf("numbers of earlier reports mean something else now (-want +got):\n%s", diff)
	}
}

func TestScheduleIsVaried(t *testing.T) {
	rounds := Schedule(1, 40*len(kinds), 2)
	for deck := range slices.Chunk(faults(rounds), len(kinds)) {
		seen := make(map[string]bool)
		for _, f := range deck {
			seen[f.Kind] = true
		}
		if len(seen) != len(kinds) {
			t.Fatalf("faults %d to %d are of %d kinds, want %d", deck[0].Number, deck[len(deck)-1].Number, len(seen), len(kinds))
		}
	}
	sizes, on := make(map[int]int), make(map[int]int)
	for _, r := range rounds {
		sizes[len(r)]++
		if r[0].Begin != 0 {
			t.Errorf("a round begins with %+v, want it at once", r[0])
		}
		for i, f := range r {
			on[f.On]++
			if !r[:i].takes(f) {
				t.Errorf("%+v is in one round with %+v", f, r[:i])
			}
			if k := kindOf(f.Kind); f.Lasts < k.lasts[0] || f.Lasts > k.lasts[1] || f.Begin >= overlap {
				t.Errorf("%+v is not within %v", f, k.lasts)
			}
		}
	}
	for size := 1; size <= together; size++ {
		if sizes[size] < len(rounds)/10 {
			t.Errorf("%d of %d rounds have %d faults, want more", sizes[size], len(rounds), size)
		}
	}
	if len(sizes) != together || len(on) != 2 || on[0] < on[1]/2 || on[1] < on[0]/2 {
		t.Errorf("rounds of sizes %v, and faults on %v, want up to %d, and even", sizes, on, together)
	}
}

func TestRoundTakes(t *testing.T) {
	for _, tt := range []struct {
		one, other Fault
		want       bool
	}{
		{Fault{Kind: workerKilled}, Fault{Kind: workerHangs}, false},
		{Fault{Kind: workerKilled}, Fault{Kind: workerHangs, On: 1}, true},
		{Fault{Kind: workerKilled}, Fault{Kind: childKilled}, true},
		{Fault{Kind: poweredOff}, Fault{Kind: clockJumps}, false},
		{Fault{Kind: poweredOff}, Fault{Kind: poweredOff, On: 1}, true},
		{Fault{Kind: proxyStopped}, Fault{Kind: unplugged}, false},
		{Fault{Kind: serverKilled}, Fault{Kind: serverHangs, On: 1}, false},
		{Fault{Kind: serverKilled}, Fault{Kind: noBackends}, true},
	} {
		if got := (Round{tt.one}).takes(tt.other); got != tt.want {
			t.Errorf("%+v goes with %+v: %v, want %v", tt.one, tt.other, got, tt.want)
		}
	}
}

func TestEveryKindCanHappen(t *testing.T) {
	for _, k := range kinds {
		d, ok := deeds[k.name]
		if !ok || d[0] == nil || (d[1] == nil) != (k.lasts == once) {
			t.Errorf("%q lasts %v, and it is %v that it begins, %v that it is mended", k.name, k.lasts, ok && d[0] != nil, d[1] != nil)
		}
	}
	if len(deeds) != len(kinds) {
		t.Errorf("%d kinds, and %d that can happen", len(kinds), len(deeds))
	}
}

func TestWriteSchedule(t *testing.T) {
	var b strings.Builder
	rounds := []Round{
		{{Number: 1, Kind: unplugged, Lasts: 2100 * time.Millisecond}, {Number: 2, Kind: serverHangs, On: 1, Begin: 300 * time.Millisecond, Lasts: time.Second}},
		{{Number: 3, Kind: clockJumps, On: 1, Lasts: time.Second, Amount: -time.Hour}},
	}
	if err := WriteSchedule(&b, rounds, []string{"lb-a", "lb-b"}, []string{"mysql1", "mysql2"}); err != nil {
		t.Fatal(err)
	}
	want := `round 1    0.000 s  fault 1: cable pulled, lb-a, for 2.1s
round 1    0.300 s  fault 2: a server hangs, mysql2, for 1s
round 2    0.000 s  fault 3: clock jumps, lb-b, for 1s, by -1h0m0s
`
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
