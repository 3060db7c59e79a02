package status

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestConflictsThatMisleadClientsAreProblems(t *testing.T) {
	for _, tt := range []struct {
		name     string
		conflict Conflict
		want     string // the problem; "" for none
	}{
		{"a split brain", Conflict{Kind: SplitBrain, By: "lb-b", For: 3}, "lb-a: lb-b holds the VIP too, for 3.0 s: split brain"},
		{"one that is over", Conflict{Kind: SplitBrain, By: "lb-b", For: 3, Ago: 5, Over: true}, ""},
		{"a stranger with the VIP", Conflict{Kind: VIPClaimed, By: "52:54:00:00:00:99", Address: "192.168.100.60", Ago: 59},
			"lb-a: 52:54:00:00:00:99, which is none of the nodes, says that it has the VIP 192.168.100.60: last 59 s ago"},
		{"one that was long silent", Conflict{Kind: VIPClaimed, By: "52:54:00:00:00:99", Address: "192.168.100.60", Ago: 60}, ""},
		{"a stranger with the node's address", Conflict{Kind: AddressClaimed, By: "52:54:00:00:00:99", Address: "192.168.100.53"},
			"lb-a: 52:54:00:00:00:99 says that it has this node's address 192.168.100.53: last 0 s ago"},
		{"a foreign router", Conflict{Kind: ForeignAdverts, By: "192.168.100.99", Times: 7}, ""},
	} {
		pair, _ := healthy()
		pair.Node.Conflicts = []Conflict{tt.conflict}
		pair.Judge()
		want, verdict := []string{}, Well
		if tt.want != "" {
			want, verdict = []string{tt.want}, Degraded
		}
		if diff := cmp.Diff(want, pair.Problems); diff != "" || pair.Verdict != verdict {
			t.Errorf("%s: %s, want %s; problems (-want +got):\n%s", tt.name, pair.Verdict, verdict, diff)
		}
	}
}

func TestConflictInWords(t *testing.T) {
	for _, tt := range []struct {
		conflict Conflict
		want     string
	}{
		{Conflict{Kind: SplitBrain, By: "lb-b", For: 12.34, Ago: 5, Over: true}, "5 s ago lb-b had held the VIP too, for 12.3 s: split brain"},
		{Conflict{Kind: SplitBrain, By: "lb-b", Ago: 5, Over: true}, "5 s ago lb-b had held the VIP too: split brain"},
		{Conflict{Kind: ForeignAdverts, By: "192.168.100.99", Times: 7, Ago: 2}, "192.168.100.99 sends adverts"},
		{Conflict{Kind: ForeignAdverts, Times: 7, Ago: 2}, "somebody sends adverts"},
	} {
		if got := tt.conflict.String(); !strings.HasPrefix(got, tt.want) {
			t.Errorf("%q, want it to begin with %q", got, tt.want)
		}
	}
}
