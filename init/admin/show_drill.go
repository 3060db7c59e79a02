package admin

import (
	"fmt"
	"io"
	"time"

	"twinlb/init/drill"
)

// showSteps says what a drill does.
func showSteps(w io.Writer, steps []drill.Step) {
	fmt.Fprintln(w, "While clients are served, one after the other, each when the pair is well:")
	for i, s := range steps {
		on := s.On
		if on == "" {
			on = "the node that holds the VIP"
		}
		fmt.Fprintf(w, "  %2d  %s of %s\n", i+1, s.Do, on)
	}
	fmt.Fprintln(w, "Connections that are open on the node that holds the VIP are cut by a step that makes")
	fmt.Fprintln(w, "it leave. It ends at the first step that the pair does not recover from. Nothing is")
	fmt.Fprintln(w, "powered off. If you want that: drill --yes")
}

// showDrilled writes the row of a step. Rows come as the steps end, so they have no
// head, and their columns a fixed width.
func showDrilled(w io.Writer, r drill.Report) {
	vip := "stayed on " + r.To
	if r.Moved {
		vip = "moved to " + r.To
	}
	earlier := "the first drill"
	if r.Earlier > 0 {
		earlier = fmt.Sprintf("before: %d to %d ms, n = %d", ms(r.Least), ms(r.Most), r.Earlier)
	}
	if r.Worse() {
		earlier += "; LONGER THAN EVER"
	}
	fmt.Fprintf(w, "%-32s VIP %-18s outage %4d ms, %d of %d connections from %s failed (%s)\n",
		fmt.Sprintf("%s of %s:", r.Do, r.On), vip, ms(r.Outage), r.Failed, r.Tried, r.From, earlier)
}

func ms(d time.Duration) int64 { return d.Milliseconds() }
