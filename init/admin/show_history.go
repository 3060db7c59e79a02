package admin

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"twinlb/init/status"
)

const withMilliseconds = "2006-01-02T15:04:05.000Z07:00"

// showHistory has the newest change last, where a terminal ends.
func showHistory(w io.Writer, changes []status.Change) {
	if len(changes) == 0 {
		fmt.Fprintln(w, "keepalived has not said its state since this node started")
		return
	}
	rows := [][]string{{"WHEN (UTC)", "FROM", "TO", "AFTER", "WHY"}}
	for _, c := range changes {
		after := nothing
		if c.From != "" {
			after = span(c.Lasted)
		}
		rows = append(rows, []string{c.At.UTC().Format(time.RFC3339), orNothing(c.From), c.To, after, orNothing(c.Why)})
	}
	writeRows(w, rows)
}

// showChange writes all of the nth latest change.
func showChange(w io.Writer, changes []status.Change, nth int) error {
	if nth > len(changes) {
		return fmt.Errorf("there have been %d changes that this node remembers", len(changes))
	}
	var text strings.Builder
	showRecord(&text, "", changes[len(changes)-nth])
	_, err := io.WriteString(w, text.String())
	return err
}

// showEvent says in its first line why the VIP moved, and then all that the nodes
// know of it.
func showEvent(w io.Writer, records []status.Record) {
	if len(records) == 0 {
		fmt.Fprintln(w, "the VIP has not moved so often since this node started")
		return
	}
	fmt.Fprintln(w, headline(records))
	for _, r := range records {
		fmt.Fprintln(w)
		showRecord(w, r.Node, r.Change)
	}
}

// headline is the event in one sentence, as who took the VIP tells it, or who lost it
// while the other has not told yet.
func headline(records []status.Record) string {
	var last status.Record
	for _, r := range records {
		if r.Change.Moves() {
			last = r
		}
	}
	if last.Change.To != "MASTER" {
		taken := slices.IndexFunc(records, func(r status.Record) bool {
			return r.Change.To == "MASTER" && r.Node == last.Change.HeldAfter && r.Ago-last.Ago < together
		})
		switch {
		case taken >= 0:
			last = records[taken]
		case last.Change.HeldAfter == "" || last.Change.HeldAfter == last.Node:
			return fmt.Sprintf("%s lost the VIP %s ago, and nobody is known to have taken it: %s", last.Node, span(last.Ago), last.Change.Why)
		default:
			return fmt.Sprintf("%s took the VIP over from %s %s ago: %s", last.Change.HeldAfter, last.Node, span(last.Ago), last.Change.Why)
		}
	}
	from := ""
	if before := last.Change.HeldBefore; before != "" && before != last.Node {
		from = " over from " + before
	}
	return fmt.Sprintf("%s took the VIP%s %s ago: %s", last.Node, from, span(last.Ago), last.Change.Why)
}

// together is how long before the one node lets go the other may have taken over, in
// seconds: it is a matter of an advert.
const together status.Seconds = 2

func showRecord(w io.Writer, node string, c status.Change) {
	change := c.To
	if c.From != "" {
		change += fmt.Sprintf(" after %s of %s", span(c.Lasted), c.From)
	}
	rows := [][]string{
		{strings.TrimSpace(node + " " + c.At.UTC().Format(withMilliseconds)), change},
		{"  why", orNothing(c.Why)},
		{"  VIP held by", fmt.Sprintf("%s before, %s after", orNobody(c.HeldBefore), orNobody(c.HeldAfter))},
		{"  node was up for", span(c.Uptime)},
	}
	for _, p := range c.Peers {
		rows = append(rows, []string{"  heard of " + p.Name, heard(p)})
	}
	phases := c.Phases
	for len(phases) > 0 && phases[0].After < 0 {
		rows = append(rows, phase(phases[0]))
		phases = phases[1:]
	}
	rows = append(rows, phase(status.Phase{Name: "keepalived says " + c.To}))
	for _, p := range phases {
		rows = append(rows, phase(p))
	}
	if c.From == "MASTER" {
		rows = append(rows, []string{"  cut", fmt.Sprintf("%s, counted %.3f s before", count(c.Cut, "connection"), c.Counted)})
	}
	writeRows(w, rows)
}

func phase(p status.Phase) []string {
	return []string{fmt.Sprintf("  %+.3f s", p.After), p.Name}
}

// heard is what was known of a peer: its adverts, and its own last words.
func heard(w status.Word) string {
	advert := "no advert"
	if w.Advert >= 0 {
		advert = fmt.Sprintf("advert of priority %d %.3f s before", w.Priority, w.Advert)
	}
	if w.Ago < 0 {
		return advert + "; it had said nothing"
	}
	word := "may not hold the VIP"
	if w.Able {
		word = "may hold the VIP"
	}
	return fmt.Sprintf("%s; %.3f s before it was %s: %s: %s", advert, w.Ago, orNothing(w.State), word, orNothing(w.Reason))
}

func orNobody(name string) string {
	if name == "" {
		return "nobody"
	}
	return name
}
