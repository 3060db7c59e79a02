package doctest

import (
	"regexp"
	"strings"
)

// kinds are what differs from run to run, the first that fits counts. Those
// without a name are compared as they are; they stand here because a part of
// them would fit a kind below. A digest may be cut with "…".
//
// A figure with its unit after a blank, or with a fraction, was measured. A whole
// one written together, such as 200ms, is a setting and no kind.
var kinds = []struct{ name, pattern string }{
	{"", `\b(?:\d+:)?\d{1,3}(?:\.\d{1,3}){3}\b`}, // an IPv4 address
	{"", `\b[0-9a-f]{2}(?::[0-9a-f]{2}){5}\b`},   // a MAC address
	{"fingerprint", `\b(?:SHA256:|AAAA)(?:[\w+/]*…|[\w+/]{32,}=*)`},
	{"digest", `\b(?:[0-9a-f]{64}|[0-9a-f]{40}|[0-9a-f]{16}|[0-9a-f]{12})\b|\b[0-9a-f]{4,}…`},
	{"folder", `/tmp/[\w.-]*\w(?:/\d{3}\b)?`}, // of mktemp(1) or testing.T.TempDir, not what is in it
	{"date", `\b(?:` + weekday + `,? )?(?:` + isoDate + `|` + dayMonth + `)(?: ` + clock + `)?` + zone + `(?: \d{4}\b)?`},
	{"date", `\b\d\d:\d\d:\d\d(?:\.\d+)?\b` + zone},
	{"uptime", `\[ *\d+\.\d{3,6}\]`},
	{"version", `\b(?:go|v|\d+:)?\d+\.\d+\.\d+(?:[-+~]\w+|\.\d+)*`}, // also deb-version(7)
	{"time", `\b` + figure + ` ` + second + `\b(?: \d+ ` + second + `\b)?`},
	{"time", `\b\d+m\d\ds\b|\b(?:\d+h)?(?:\d+m)?\d+\.\d+(?:[mnµu]?s)\b`}, // also time.Duration
	{"size", `\b(?:\d+ of )?` + figure + ` ?(?:(?:[kKMGT]i?B|bytes?)(?:/s)?|[kMG]?bit/s)\b|\b\d{6,}\b`},
	{"share", `\b` + figure + ` ?%`},
	{"pid", `\(\d+\)|\bpid \d+\b`}, // as HAProxy begins its lines
	{"count", `\b\d+ sessions?\b`},
}

const (
	figure   = `\d+(?:,\d{3})*(?:\.\d+)?`
	second   = `(?:d|h|min|s|ms|µs|ns)`
	isoDate  = `\d{4}-\d\d-\d\d(?:T` + clock + `)?` // RFC 3339
	dayMonth = `(?:\d{1,2} ` + month + `|` + month + ` {1,2}\d{1,2})(?: \d{4})?`
	clock    = `\d\d:\d\d(?::\d\d(?:\.\d+)?)?`
	zone     = `(?:Z\b| ?[+-]\d\d:?\d\d\b| ?(?:UTC|GMT)\b)?`
	weekday  = `(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)`
	month    = `(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)`
)

var (
	anyKind = func() *regexp.Regexp {
		var patterns []string
		for _, k := range kinds {
			patterns = append(patterns, "("+k.pattern+")")
		}
		return regexp.MustCompile(strings.Join(patterns, "|"))
	}()
	blanks = regexp.MustCompile(`[ \t]+`)
)

// mask returns the line with each thing that varies as the name of its kind, and
// each run of blanks, which what varies may have shifted, as one.
func mask(line string) string {
	var b strings.Builder
	rest := 0
	for _, at := range anyKind.FindAllStringSubmatchIndex(line, -1) {
		b.WriteString(line[rest:at[0]])
		rest = at[1]
		for i, k := range kinds {
			if at[2*i+2] < 0 {
				continue
			}
			if k.name == "" {
				b.WriteString(line[at[0]:at[1]])
			} else {
				b.WriteString("<" + k.name + ">")
			}
		}
	}
	b.WriteString(line[rest:])
	return strings.TrimRight(blanks.ReplaceAllString(b.String(), " "), " ")
}
