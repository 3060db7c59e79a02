package torture

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// round has an outage from 10.1 s on, and both nodes with the VIP from 20.1 s on.
func round() Seen {
	one, other := happened(poweredOff, 0, 10, 20), happened(unplugged, 1, 2, 3)
	one.Number, other.Number = 7, 8
	return seen(claims{{0}, {20.1, 21.1}}, [2]float64{9.9, 10.9}, one, other)
}

func TestOutcomes(t *testing.T) {
	got := round().outcomes()
	for i := range got {
		got[i].Both = got[i].Both.Round(100 * time.Millisecond)
	}
	want := []Outcome{
		{Fault: Fault{Number: 7, Kind: poweredOff}, Outage: time.Second, Failed: 50, Both: time.Second},
		{Fault: Fault{Number: 8, Kind: unplugged, On: 1}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestReport(t *testing.T) {
	r := newReport(7, Promised(time.Second), []string{"lb-a", "lb-b"}, nil)
	lines := r.add(round(), []Breach{{at(1), "something\nin two lines"}})
	alone := happened(unplugged, 0, 1, 2)
	missed := happened(workerKilled, 0, 1, 0)
	missed.Missed = "haproxy-worker does not run\nmore"
	r.add(seen(onMaster, [2]float64{1, 1.5}, alone), nil)
	lines = append(lines, r.add(seen(onMaster, none, missed), nil)...)
	r.Commits, r.NotAcknowledged, r.End = 1000, 3, r.Begin.Add(time.Minute)
	wantLines := []string{
		"fault 7: powered off, lb-a: outage 1s, 50 connections failed, both nodes answered for 960ms",
		"fault 8: cable pulled, lb-b: outage 0s, 0 connections failed",
		"fault 0: haproxy's worker killed, lb-a: it could not happen: haproxy-worker does not run",
	}
	if diff := cmp.Diff(wantLines, lines); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
	dir := t.TempDir()
	if err := r.write(dir); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(dir, "torture.md"))
	if err != nil {
		t.Fatal(err)
	}
	want := `| fault | happened | alone | outage, median | worst | connections failed | on both nodes, worst |
|---|---:|---:|---:|---:|---:|---:|
| powered off | 1 | 0 | 1000 ms | 1000 ms | 50 | 960 ms |
| cable pulled | 2 | 1 | 0 ms | 500 ms | 25 | 0 ms |

3 faults in 3 rounds (seed 7), adverts each 1s, in 1m0s. 1000 commits were acknowledged, 3 transactions failed. Promises were broken 1 times:

- round 1, powered off + cable pulled: something
`
	if diff := cmp.Diff(want, string(text)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	data, err := os.ReadFile(filepath.Join(dir, "torture.json"))
	if err != nil {
		t.Fatal(err)
	}
	var read Report
	if err := json.Unmarshal(data, &read); err != nil || len(read.Faults) != 4 || len(read.Breaches) != 1 || !strings.Contains(read.Breaches[0], "two lines") {
		t.Errorf("torture.json has %+v, error %v", read, err)
	}
	r.Breaches = nil
	if got := r.Markdown(); !strings.Contains(got, "Every promise was kept.") {
		t.Errorf("a report without breaches says\n%s", got)
	}
}
