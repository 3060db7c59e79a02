package status

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestTook(t *testing.T) {
	at := time.Date(2026, 10, 20, 3, 12, 44, 0, time.UTC)
	c := Change{At: at, From: "MASTER", To: "FAULT", Cut: 12}
	c.Set(VIPOff, at.Add(2*time.Millisecond))
	c.Set(Noticed, at.Add(-403*time.Millisecond))
	c.Set(Noticed, at.Add(time.Hour)) // the first stands
	want := "cause noticed 0.403 s before, VIP off the interface after 0.002 s, 12 connections were open"
	if got := c.Took(); got != want {
		t.Errorf("Took = %q\nwant   %q", got, want)
	}
	if got := (&Change{To: "BACKUP"}).Took(); got != "" {
		t.Errorf("Took of what is not known = %q, want nothing", got)
	}
}

func TestEvent(t *testing.T) {
	record := func(node string, ago Seconds, from, to string) Record {
		return Record{Node: node, Ago: ago, Change: Change{From: from, To: to}}
	}
	start := record("lb-b", 9000, "", "BACKUP")
	taken := record("lb-b", 599.9, "BACKUP", "MASTER")
	lost := record("lb-a", 600.2, "MASTER", "FAULT")
	back := record("lb-a", 596, "FAULT", "BACKUP")
	gone := record("lb-b", 60, "MASTER", "BACKUP")
	again := record("lb-a", 60.1, "BACKUP", "MASTER")
	later := record("lb-a", 5, "BACKUP", "FAULT")
	for _, tt := range []struct {
		name string
		in   []Record
		nth  int
		want []Record
	}{
		{"nothing", nil, 0, nil},
		{"no move", []Record{start, later}, 0, nil},
		{"the latest", []Record{start, taken, gone, lost, back, again, later}, 0, []Record{again, gone}},
		{"the one before", []Record{start, taken, gone, lost, back, again, later}, 1, []Record{lost, taken, back}},
		{"there are no more", []Record{start, taken, gone, lost, back, again, later}, 2, nil},
	} {
		if diff := cmp.Diff(tt.want, Event(tt.in, tt.nth)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}
