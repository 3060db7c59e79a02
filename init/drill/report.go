package drill

import "time"

// Report is a result beside those that the same step had in earlier drills, from
// whatever node it was measured.
type Report struct {
	Result
	Earlier int           `json:"earlier"` // how many
	Least   time.Duration `json:"least"`   // of their outages
	Most    time.Duration `json:"most"`
}

// tolerated is how much longer than ever an outage may be before it is worth a word:
// two connections that were open.
const tolerated = 2 * interval

// Worse tells whether the outage was longer than it has ever been before.
func (r Report) Worse() bool { return r.Earlier > 0 && r.Outage > r.Most+tolerated }

// Compare puts a result beside earlier ones of a step that did as much: whether the
// VIP moved makes the difference.
func Compare(r Result, past []Result) Report {
	report := Report{Result: r}
	for _, p := range past {
		if p.Do != r.Do || p.Moved != r.Moved {
			continue
		}
		if report.Earlier == 0 || p.Outage < report.Least {
			report.Least = p.Outage
		}
		report.Most = max(report.Most, p.Outage)
		report.Earlier++
	}
	return report
}
