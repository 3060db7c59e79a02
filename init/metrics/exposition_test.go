package metrics

import (
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"twinlb/init/status"

	"github.com/google/go-cmp/cmp"
	"gotest.tools/v3/golden"
)

func example() *status.Pair {
	backup := status.Node{Name: "lb-b", VRRP: status.VRRP{State: "BACKUP"}}
	return &status.Pair{
		Verdict: status.Degraded, Problems: []string{"lb-c: was never heard", "lb-a: keepalived is waiting"},
		Node: status.Node{
			Name: "lb-a", Role: "master", Seed: "5f0c12ab34cd", Uptime: 97500.25,
			Memory:   status.Memory{Total: 112 << 20, Available: 80 << 20},
			VRRP:     status.VRRP{State: "MASTER", For: 97499, Able: true, Priority: 250, Preference: -20},
			Versions: []status.Version{{Part: "linux", Version: "6.12.107"}, {Part: "init", Version: "873e52482f91"}},
			Backends: []status.Backend{
				{Pool: "mysql", Name: "mysql1", Up: true, Check: "L7OK", Sessions: 112},
				{Pool: "mysql", Name: "mysql2", Check: "L4CON", Detail: `no "greeting"`},
			},
			Services: []status.Service{{Name: "haproxy", Phase: "running", Restarts: 2}, {Name: "keepalived", Phase: "waiting"}},
			Counters: &status.Counters{
				StateChanges: 4, AdvertsSent: 487000, AdvertsHeard: 12, AdvertsRefused: 31, AdvertsForeign: 30, Dropped: 7,
				Conflicts: map[status.ConflictKind]uint64{status.SplitBrain: 1, status.ForeignAdverts: 30},
			},
			Conflicts: []status.Conflict{{Kind: status.SplitBrain, By: "lb-b", For: 3, Times: 1}},
			Takeover:  &status.Takeover{Ago: 97499, Silence: 0.611},
		},
		Peers: []status.Peer{{Name: "lb-b", Heard: true, Ago: 0.152, Node: &backup}, {Name: "lb-c"}},
	}
}

func TestExpose(t *testing.T) { golden.Assert(t, expose(example()), "metrics.txt") }

var (
	nameFormat   = `[a-zA-Z_:][a-zA-Z0-9_:]*`
	commentLine  = regexp.MustCompile(`^# (HELP|TYPE) (` + nameFormat + `) (.+)$`)
	labelFormat  = `[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\[\\"n])*"`
	sampleLine   = regexp.MustCompile(`^(` + nameFormat + `)(\{` + labelFormat + `(?:,` + labelFormat + `)*\})? (\S+)$`)
	ofExposition = map[string]bool{"gauge": true, "counter": true}
)

// check is the text format 0.0.4, strictly: each metric has one HELP and one TYPE,
// then all its samples, no two with the same labels; a counter ends in _total; the
// last line has an end.
func check(text string) error {
	if !strings.HasSuffix(text, "\n") {
		return fmt.Errorf("the last line has no end")
	}
	var current, kind string
	seen, samples := map[string]bool{}, map[string]bool{}
	var pendingHelp string
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if c := commentLine.FindStringSubmatch(line); c != nil {
			switch {
			case c[1] == "HELP" && (pendingHelp != "" || seen[c[2]]):
				return fmt.Errorf("%q is out of place", line)
			case c[1] == "HELP":
				pendingHelp = c[2]
			case c[2] != pendingHelp || !ofExposition[c[3]]:
				return fmt.Errorf("%q does not follow its HELP, or is of no kind", line)
			default:
				current, kind, pendingHelp, seen[c[2]] = c[2], c[3], "", true
				if (kind == "counter") != strings.HasSuffix(current, "_total") {
					return fmt.Errorf("%s is a %s", current, kind)
				}
			}
			continue
		}
		s := sampleLine.FindStringSubmatch(line)
		if s == nil || s[1] != current || pendingHelp != "" || samples[s[1]+s[2]] {
			return fmt.Errorf("%q is no sample of %s, or is there twice", line, current)
		}
		samples[s[1]+s[2]] = true
		if v, err := strconv.ParseFloat(s[3], 64); err != nil || kind == "counter" && v < 0 {
			return fmt.Errorf("%q has no value of a %s", line, kind)
		}
	}
	return nil
}

func TestExpositionIsOfTheFormat(t *testing.T) {
	hostile := example()
	hostile.Node.Name = "a\"b\\c\nd{}, é\x00"
	hostile.Node.Backends[0].Name = "\n# TYPE x y"
	hostile.Peers[0].Name = `\`
	for name, p := range map[string]*status.Pair{"the example": example(), "nothing": {}, "hostile names": hostile} {
		if err := check(expose(p)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, wrong := range []string{"", "x 1\n", "# HELP x y\nx 1\n", "# HELP x y\n# TYPE x gauge\nx 1\nx 1\n", "# HELP x y\n# TYPE x gauge\nx{a=\"\\x\"} 1\n"} {
		if check(wrong) == nil {
			t.Errorf("%q passes", wrong)
		}
	}
}

// What the documentation lists is what there is.
func TestDocumentedMetricsAreThoseThatAre(t *testing.T) {
	page, err := os.ReadFile("../../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	names := func(pattern string, in []byte) []string {
		all := map[string]bool{}
		for _, m := range regexp.MustCompile(pattern).FindAllSubmatch(in, -1) {
			all[string(m[1])] = true
		}
		return slices.Sorted(maps.Keys(all))
	}
	want := names(`(?m)^# TYPE (\S+)`, []byte(expose(example())))
	if diff := cmp.Diff(want, names("(?m)^\\| `(twinlb_[a-z_]+)", page)); diff != "" {
		t.Errorf("docs/metrics.md (-is +documented):\n%s", diff)
	}
}
