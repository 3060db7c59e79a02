package admin

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"twinlb/init/control"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestParseCommand(t *testing.T) {
	for line, want := range map[string]command{
		"status":                       {verb: control.Status},
		" \tstatus   --json ":          {verb: control.Status, json: true},
		"services --json":              {verb: control.Services, json: true},
		"history --json":               {verb: control.History, json: true},
		"history 3":                    {verb: control.History, number: 3},
		"history --last":               {verb: control.History, number: 1},
		"drill":                        {verb: control.Drill},
		"drill --yes":                  {verb: control.Drill, yes: true},
		"failover --drain":             {verb: control.Failover, drain: true, grace: 5 * time.Second},
		"failover --drain --grace 0s":  {verb: control.Failover, drain: true},
		"failover --grace 20s --drain": {verb: control.Failover, drain: true, grace: 20 * time.Second},
		"why":                          {verb: control.Why},
		"why 2 --json":                 {verb: control.Why, number: 2, json: true},
		"logs":                         {verb: control.Logs},
		"logs haproxy":                 {verb: control.Logs, service: "haproxy"},
		"logs -f":                      {verb: control.Logs, follow: true},
		"logs haproxy --follow":        {verb: control.Logs, service: "haproxy", follow: true},
		"stop haproxy":                 {verb: control.Stop, service: "haproxy"},
		"start haproxy":                {verb: control.Start, service: "haproxy"},
		"restart keepalived":           {verb: control.Restart, service: "keepalived"},
		"failover":                     {verb: control.Failover},
		"config":                       {verb: control.Config},
		"reboot":                       {verb: control.Reboot},
		"poweroff":                     {verb: control.PowerOff},
		"help":                         {help: true},
		"-h":                           {help: true},
		"--help":                       {help: true},
		"help logs":                    {verb: control.Logs, help: true},
		"poweroff --help":              {verb: control.PowerOff, help: true},
		"restart -h":                   {verb: control.Restart, help: true},
		"stop a;b|$(c)&\"*\"":          {verb: control.Stop, service: "a;b|$(c)&\"*\""}, // PID 1 knows no such service
		"logs help":                    {verb: control.Logs, service: "help"},
		"apply":                        {verb: control.Apply, within: 2 * time.Minute},
		"apply --within 10m":           {verb: control.Apply, within: 10 * time.Minute},
		"apply --dry-run --alone":      {verb: control.Apply, within: 2 * time.Minute, dryRun: true, alone: true},
		"confirm":                      {verb: control.Confirm},
		"rollback":                     {verb: control.Rollback},
		"history --help reboot -f":     {verb: control.History, help: true},
	} {
		got, err := parseCommand(line)
		if err != nil {
			t.Errorf("%q: %v", line, err)
		}
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(command{})); diff != "" {
			t.Errorf("%q: (-want +got)\n%s", line, diff)
		}
	}
}

func TestParseCommandRefuses(t *testing.T) {
	for line, want := range map[string]string{
		"":                             "no command",
		" \t ":                         "no command",
		"uptime":                       `unknown command "uptime"; known:`,
		"Status":                       "unknown command",
		"status haproxy":               `status takes no "haproxy"`,
		"status -f":                    `status has no flag "-f"`,
		"status --jsn":                 "usage: status [--json]",
		"logs --json":                  `logs has no flag "--json"`,
		"logs a b":                     `logs takes one service, not a and "b"`,
		"stop":                         "stop needs a service",
		"failover --grace 1s":          "--grace is for --drain",
		"failover --drain --grace":     "--grace needs a time",
		"failover --drain --grace 31s": `from 0s to 30s, not "31s"`,
		"reboot --yes":                 "reboot has no flag",
		"why 0":                        `one number from 1, the latest, to 999, not "0"`,
		"why 1 2":                      `not "2"`,
		"history 1 --last":             `history has no flag "--last"`,
		"history yesterday":            `not "yesterday"`,
		"services 1":                   `services takes no "1"`,
		"stop -f":                      "stop has no flag",
		"reboot now":                   "reboot takes no",
		"help me":                      `no help for "me"`,
		"help logs stop":               "no help for",
		"apply pair.yaml":              `apply takes no "pair.yaml"`,
		"apply --within":               "--within needs a time",
		"apply --within 5":             `from 10s to 1h0m0s, not "5"`,
		"apply --within 2h":            `from 10s to 1h0m0s, not "2h"`,
		"confirm --alone":              "confirm has no flag",
		"status\nreboot":               "not printable",
		"status\u2028":                 "not printable",
		"st\u00adatus":                 "not printable",
		"stop h\xc3":                   "not printable",
		"stop " + longWord(65):         "is no name of a service",
		longWord(longest + 1):          "at most 4096",
		"logs -" + longWord(99):        "has no flag \"-xxx",
	} {
		if got, err := parseCommand(line); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q = %+v, %v, want an error with %q", line, got, err, want)
		}
	}
}

func longWord(n int) string { return strings.Repeat("x", n) }

func TestEveryVerbIsACommand(t *testing.T) {
	for _, verb := range []control.Verb{
		control.Status, control.Services, control.Stop, control.Start, control.Restart, control.Logs,
		control.Failover, control.Config, control.History, control.Apply, control.Confirm, control.Rollback,
		control.Reboot, control.PowerOff,
	} {
		if find(string(verb)) == nil || !strings.Contains(help, "  "+string(verb)) {
			t.Errorf("%s cannot be given", verb)
		}
	}
}

// What the parser lets through must be one of PID 1's requests, and mean the same
// when it is given again.
func FuzzParseCommand(f *testing.F) {
	for _, line := range []string{"status --json", "logs -f haproxy", "help stop", "stop \u00e9", "\x00", "logs --help -f", "restart a b", "apply --within 90s --alone", ""} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		c, err := parseCommand(line)
		if err != nil {
			if len(err.Error()) > 2000+longest || strings.ContainsFunc(strings.ReplaceAll(err.Error(), "\n", ""), unprintable) {
				t.Errorf("error = %q", err)
			}
			return
		}
		again, err := parseCommand(c.String())
		if err != nil || again != c {
			t.Errorf("%q is %+v, but %q is %+v, %v", line, c, c.String(), again, err)
		}
		if c.help {
			return
		}
		request := c.request("ops@example from 192.0.2.1")
		if c.verb == control.Apply {
			request.Seed = []byte("packed")
		}
		text, err := json.Marshal(request)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := control.ParseRequest(text); err != nil || !cmp.Equal(request, got, cmpopts.EquateEmpty()) {
			t.Errorf("%q: PID 1 reads %s as %+v, %v", line, text, got, err)
		}
	})
}

func TestCleanLeavesNothingThatSteersATerminal(t *testing.T) {
	for in, want := range map[string]string{
		"text é ok\n":       "text é ok\n",
		"a\tb\r\n":          "a b?\n",
		"\x1b[2J\a\x7f":     "?[2J??",
		"\u009b31m\u202e\n": "?31m?\n",
		"\xff\ufffd":        "??",
		"no\u00a0break":     "no?break",
	} {
		if got := clean(in); got != want {
			t.Errorf("clean(%q) = %q, want %q", in, got, want)
		}
	}
	if got := quote("\u00e9\u00e9\u00e9", 3); got != `"\u00e9"...` {
		t.Errorf("quote cuts to %s", got)
	}
}

// String is the command as it could be given again.
func (c command) String() string {
	var words []string
	add := func(is bool, word string) {
		if is {
			words = append(words, word)
		}
	}
	add(c.help, "help")
	add(c.verb != "", string(c.verb))
	add(c.json, "--json")
	add(c.follow, "-f")
	add(c.service != "", c.service)
	add(c.dryRun, "--dry-run")
	add(c.alone, "--alone")
	add(c.within != 0, "--within "+c.within.String())
	return strings.Join(words, " ")
}
