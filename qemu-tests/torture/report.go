package torture

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Report is what became of a schedule. Durations are in nanoseconds in JSON.
type Report struct {
	Seed            uint64    `json:"seed"`
	Promise         Promise   `json:"promise"`
	Begin           time.Time `json:"begin"`
	End             time.Time `json:"end"`
	Rounds          int       `json:"rounds"`
	Commits         int       `json:"commits"`          // that were acknowledged
	NotAcknowledged int       `json:"not_acknowledged"` // transactions that failed
	Faults          []Outcome `json:"faults"`
	Breaches        []string  `json:"breaches"`

	nodes, servers []string // their names
}

// Outcome is what one fault has led to. Of what came of several, the latest that had
// begun or ended gets it all.
type Outcome struct {
	Fault
	Missed string        `json:"missed,omitempty"`
	Alone  bool          `json:"alone"`
	Outage time.Duration `json:"outage"` // the longest
	Failed int           `json:"failed"` // connections
	Both   time.Duration `json:"both"`   // in which both nodes answered for the VIP, together
}

func newReport(seed uint64, p Promise, nodes, servers []string) *Report {
	return &Report{Seed: seed, Promise: p, Begin: time.Now(), nodes: nodes, servers: servers}
}

// add takes a round, and returns a line for each of its faults.
func (r *Report) add(s Seen, breaches []Breach) (lines []string) {
	outcomes := s.outcomes()
	for _, o := range outcomes {
		lines = append(lines, o.Fault.text(r.nodes, r.servers)+": "+o.line())
	}
	r.Faults = append(r.Faults, outcomes...)
	r.Rounds++
	r.End = time.Now()
	for _, b := range breaches {
		r.Breaches = append(r.Breaches, fmt.Sprintf("round %d, %s: %s", r.Rounds, s.kinds(), b.What))
	}
	return lines
}

func (s Seen) kinds() string {
	var names []string
	for _, h := range s.Faults {
		names = append(names, h.Kind)
	}
	return strings.Join(names, " + ")
}

func (s Seen) outcomes() []Outcome {
	var all []Outcome
	for _, h := range s.Faults {
		all = append(all, Outcome{Fault: h.Fault, Missed: h.Missed, Alone: len(s.Faults) == 1})
	}
	failed := s.Result.Failed()
	for _, o := range s.Result.Outages() {
		i := s.blamed(o.Begin)
		all[i].Outage = max(all[i].Outage, o.Duration)
		for len(failed) > 0 && !failed[0].Begin.After(o.Begin.Add(o.Duration)) {
			failed = failed[1:]
			all[i].Failed++
		}
	}
	for _, both := range s.Both() {
		all[s.blamed(both.begin)].Both += both.length()
	}
	return all
}

// blamed returns the fault that was the last to begin or to end before that time.
func (s Seen) blamed(at time.Time) (index int) {
	const early = 250 * time.Millisecond // an attempt that begins before a fault may fail through it
	var latest time.Time
	for i, h := range s.Faults {
		for _, c := range h.Changes {
			if !c.After(at.Add(early)) && c.After(latest) {
				index, latest = i, c
			}
		}
	}
	return index
}

// line is such as "outage 480ms, 24 connections failed".
func (o Outcome) line() string {
	if o.Missed != "" {
		missed, _, _ := strings.Cut(o.Missed, "\n")
		return "it could not happen: " + missed
	}
	line := fmt.Sprintf("outage %v, %d connections failed", rounded(o.Outage), o.Failed)
	if o.Both > 0 {
		line += fmt.Sprintf(", both nodes answered for %v", rounded(o.Both))
	}
	return line
}

// Markdown is a table of GitHub's with a row for each kind.
func (r *Report) Markdown() string {
	var b strings.Builder
	var happened int
	b.WriteString("| fault | happened | alone | outage, median | worst | connections failed | on both nodes, worst |\n|---|---:|---:|---:|---:|---:|---:|\n")
	for _, k := range kinds {
		var outages, both []time.Duration
		var alone, failed int
		for _, o := range r.Faults {
			if o.Kind != k.name || o.Missed != "" {
				continue
			}
			outages, both = append(outages, o.Outage), append(both, o.Both)
			failed += o.Failed
			if o.Alone {
				alone++
			}
		}
		if len(outages) == 0 {
			continue
		}
		happened += len(outages)
		slices.Sort(outages)
		fmt.Fprintf(&b, "| %s | %d | %d | %s | %s | %d | %s |\n", k.name, len(outages), alone,
			milliseconds(outages[(len(outages)-1)/2]), milliseconds(outages[len(outages)-1]), failed, milliseconds(slices.Max(both)))
	}
	fmt.Fprintf(&b, "\n%d faults in %d rounds (seed %d), adverts each %v, in %v. %d commits were acknowledged, %d transactions failed. ",
		happened, r.Rounds, r.Seed, r.Promise.Advert, r.End.Sub(r.Begin).Round(time.Second), r.Commits, r.NotAcknowledged)
	if len(r.Breaches) == 0 {
		b.WriteString("Every promise was kept.\n")
		return b.String()
	}
	fmt.Fprintf(&b, "Promises were broken %d times:\n\n", len(r.Breaches))
	for _, breach := range r.Breaches {
		first, _, _ := strings.Cut(breach, "\n")
		fmt.Fprintf(&b, "- %s\n", first)
	}
	return b.String()
}

func milliseconds(d time.Duration) string { return fmt.Sprintf("%d ms", d.Milliseconds()) }

// write writes torture.json and torture.md.
func (r *Report) write(dir string) error {
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	for name, content := range map[string][]byte{"torture.json": append(data, '\n'), "torture.md": []byte(r.Markdown())} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o644); err != nil {
			return fmt.Errorf("write the report: %w", err)
		}
	}
	return nil
}
