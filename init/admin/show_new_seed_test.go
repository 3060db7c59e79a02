package admin

import (
	"strings"
	"testing"
	"time"

	"twinlb/init/status"
)

func TestStatusShowsANewSeed(t *testing.T) {
	until := time.Date(2026, 11, 23, 4, 5, 55, 0, time.UTC)
	for _, tt := range []struct {
		seed *status.NewSeed
		want string
	}{
		{nil, ""},
		{&status.NewSeed{Seed: "0bbdcd9dac7f", By: "ops", Phase: "confirmed"}, ""},
		{&status.NewSeed{Seed: "0bbdcd9dac7f", By: "ops", Phase: "confirmed", Why: "write the seed: input/output error"},
			"NEW SEED 0bbdcd9dac7f of ops is confirmed: write the seed: input/output error\n\n"},
		{&status.NewSeed{Seed: "0bbdcd9dac7f", By: "ops", Phase: "applied", Until: until},
			"NEW SEED 0bbdcd9dac7f of ops runs; it is undone at 04:05:55 UTC unless `confirm` comes before that\n\n"},
		{&status.NewSeed{Seed: "0bbdcd9dac7f", By: "ops", Phase: "refused", Why: "lb-b refuses it: user-data:1:1: wrong\n    x"},
			"NEW SEED 0bbdcd9dac7f of ops was refused: lb-b refuses it: user-data:1:1: wrong\n\n"},
		{&status.NewSeed{Seed: "0bbdcd9dac7f", By: "ops", Phase: "reverted", Why: "nobody has confirmed it in time"},
			"NEW SEED 0bbdcd9dac7f of ops was undone: nobody has confirmed it in time\n\n"},
	} {
		var got strings.Builder
		showNewSeed(&got, tt.seed)
		if got.String() != tt.want {
			t.Errorf("%+v is shown as %q, want %q", tt.seed, got.String(), tt.want)
		}
	}
}
