package admin

import (
	"fmt"
	"io"
	"strings"
	"time"

	"twinlb/init/change"
	"twinlb/init/status"
)

// showNewSeed says what became of a seed that was applied, unless all is done and well.
func showNewSeed(w io.Writer, s *status.NewSeed) {
	if s == nil {
		return
	}
	what := ""
	switch change.Phase(s.Phase) {
	case change.Applied:
		what = fmt.Sprintf("runs; it is undone at %s UTC unless `confirm` comes before that", s.Until.UTC().Format(time.TimeOnly))
	case change.Offered, change.Checked:
		what = "is being checked by all nodes"
	case change.Applying:
		what = "is about to run"
	case change.Refused:
		what = "was refused"
	case change.Reverted:
		what = "was undone"
	case change.Confirmed:
		if s.Why == "" {
			return
		}
		what = "is confirmed"
	}
	why, _, _ := strings.Cut(s.Why, "\n")
	if why != "" {
		what += ": " + why
	}
	fmt.Fprintf(w, "NEW SEED %s of %s %s\n\n", s.Seed, s.By, what)
}
