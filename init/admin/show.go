package admin

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"twinlb/init/control"
	"twinlb/init/journal"
	"twinlb/init/status"
)

// show writes one reply to a command.
func show(w io.Writer, c command, r control.Reply) error {
	var text strings.Builder
	switch {
	case r.Said != "":
		fmt.Fprintln(&text, r.Said)
	case r.Diff != "":
		text.WriteString(r.Diff)
	case r.Steps != nil:
		showSteps(&text, r.Steps)
	case r.Drilled != nil:
		showDrilled(&text, *r.Drilled)
	case r.Pair != nil && c.json:
		writeJSON(&text, r.Pair)
	case r.Pair != nil:
		showStatus(&text, r.Pair)
	case c.verb == control.Services && c.json:
		writeJSON(&text, orEmpty(r.Services))
	case c.verb == control.Services:
		showServices(&text, r.Services)
	case c.verb == control.History && c.json:
		writeJSON(&text, orEmpty(r.History))
	case c.verb == control.History && c.number > 0:
		return showChange(w, r.History, c.number)
	case c.verb == control.History:
		showHistory(&text, r.History)
	case c.verb == control.Why && c.json:
		writeJSON(&text, orEmpty(r.Records))
	case c.verb == control.Why:
		showEvent(&text, r.Records)
	case c.verb == control.Logs:
		showLines(&text, r.Lines)
	case c.verb == control.Config:
		showFiles(&text, r.Files)
	}
	_, err := io.WriteString(w, text.String())
	return err
}

func writeJSON(w io.Writer, value any) {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	_ = encoder.Encode(value)
}

// orEmpty keeps JSON from showing an empty list as null.
func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

const nothing = "-"

func orNothing(s string) string {
	if s == "" {
		return nothing
	}
	return s
}

func showServices(w io.Writer, services []status.Service) {
	rows := [][]string{{"SERVICE", "STATE", "FOR", "PID", "RESTARTS", "LAST EXIT"}}
	for _, s := range services {
		pid := nothing
		if s.PID != 0 {
			pid = fmt.Sprint(s.PID)
		}
		rows = append(rows, []string{s.Name, s.Phase, span(s.For), pid, fmt.Sprint(s.Restarts), orNothing(s.LastExit)})
	}
	writeRows(w, rows)
}

// showLines has a width for the subject that fits the services, since what is
// still to come is not known.
func showLines(w io.Writer, lines []journal.Line) {
	for _, l := range lines {
		fmt.Fprintf(w, "%s %-10s %s\n", l.At.UTC().Format(withMilliseconds), l.Subject, l.Text)
	}
}

func showFiles(w io.Writer, files []control.File) {
	for i, f := range files {
		if i > 0 {
			fmt.Fprintln(w)
		}
		fmt.Fprintf(w, "# %s\n%s\n", f.Path, strings.TrimRight(f.Text, "\n"))
	}
}
