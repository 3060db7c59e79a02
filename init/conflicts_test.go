package main

import (
	"errors"
	"strings"
	"testing"
	"time"

	"twinlb/init/rival"
	"twinlb/init/status"
)

func TestPanelTellsOfConflictsThatLast(t *testing.T) {
	got := panel(&status.Pair{Node: status.Node{Conflicts: []status.Conflict{
		{Kind: status.SplitBrain, By: "lb-b"},
		{Kind: status.SplitBrain, By: "lb-c", Over: true},
		{Kind: status.VIPClaimed, By: "52:54:00:00:00:99", Address: "192.0.2.60"},
		{Kind: status.ForeignAdverts, Ago: 59},
		{Kind: status.ForeignAdverts, By: "192.0.2.99", Ago: 61},
	}}})
	want := `  conflict lb-b                   split brain
  conflict 52:54:00:00:00:99      VIP claimed 192.0.2.60
  conflict somebody               foreign adverts
`
	if !strings.HasSuffix(got, want) {
		t.Errorf("got:\n%s\nwant it to end with:\n%s", got, want)
	}
}

func TestSplitBrainInWords(t *testing.T) {
	for _, tt := range []struct {
		event rival.Event
		want  string
	}{
		{rival.Event{Peer: "lb-b", Began: true}, "SPLIT BRAIN: lb-b has held the VIP beside this node"},
		{rival.Event{Peer: "lb-b", Began: true, Lasted: 3 * time.Second}, "SPLIT BRAIN: lb-b has held the VIP beside this node for 3.0 s"},
		{rival.Event{Peer: "lb-b", Over: true, Ours: true, Lasted: 3 * time.Second},
			"the split brain is over: lb-b had held the VIP beside this node for 3.0 s, and has let it go; everybody is told that it is here"},
		{rival.Event{Peer: "lb-a", Over: true}, "the split brain is over: this node had held the VIP beside lb-a, and has let it go"},
	} {
		if got := describe(tt.event); got != tt.want {
			t.Errorf("%+v: %q, want %q", tt.event, got, tt.want)
		}
	}
}

func TestScreenOfANodeWhoseAddressIsTaken(t *testing.T) {
	screen := failureScreen(&node{}, step{name: "services", remedy: "Write the image again."},
		taken{errors.New("192.0.2.53 is used by 52:54:00:00:00:99 already")})
	for _, want := range []string{"192.0.2.53 is used by 52:54:00:00:00:99 already", "starts again when the address is free"} {
		if !strings.Contains(screen, want) {
			t.Errorf("the screen does not say %q:\n%s", want, screen)
		}
	}
	if strings.Contains(screen, "Write the image") {
		t.Errorf("the screen says what does not help:\n%s", screen)
	}
}
