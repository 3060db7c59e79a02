package doctest

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// fake is a runner that prints what it is told to.
type fake map[string]result

type result struct {
	output string
	status int
	err    error
}

func (f fake) Run(_ context.Context, script string) (string, int, error) {
	r, ok := f[script]
	if !ok {
		return "", 0, errors.New("the test does not expect it")
	}
	return r.output, r.status, r.err
}

func TestCheck(t *testing.T) {
	runners := Runners{
		Host: fake{
			"greet":           {output: "hello\r\n\n"},
			"wait":            {output: "took 3.2 s\n"},
			"fail":            {output: "no\n", status: 1},
			"break":           {err: errors.New("no bash")},
			"set -e; a\nb":    {output: "anything"},
			"set -e; a\nfail": {output: "first\nsecond\n", status: 3},
		},
		Pair: fake{"greet": {output: "hello from lb-a\n"}},
	}
	for _, tt := range []struct {
		name     string
		document []string
		want     string // in the error; none if empty
	}{
		{"it prints what is said", []string{"'''console", "$ greet", "hello", "", "$ wait", "took 0.1 s", "'''"}, ""},
		{"it prints something else", []string{"'''console", "$ greet", "bye", "'''"},
			"a.md:2: `greet` prints something else (- the document, + the command):\n\t- bye\n\t+ hello\n"},
		{"it prints what is not said", []string{"'''console", "$ greet", "'''"}, "\t+ hello"},
		{"the second prints something else", []string{"'''console", "$ greet", "bye", "$ wait", "'''"}, "a.md:4: `wait` prints"},
		{"at another place", []string{"<!-- at: pair -->", "'''console", "$ greet", "hello from lb-a", "'''"}, ""},
		{"an expected status", []string{"<!-- exits 1 -->", "'''console", "$ greet", "hello", "$ fail", "no", "'''"}, ""},
		{"another status", []string{"'''console", "$ fail", "no", "'''"}, "a.md:2: `fail` ends with status 1, want 0; it prints\n\tno"},
		{"the status is of the last command", []string{"<!-- exits 1 -->", "'''console", "$ fail", "no", "$ fail", "no", "'''"}, "a.md:3: `fail` ends with status 1, want 0"},
		{"a success that is none", []string{"<!-- exits 1 -->", "'''console", "$ greet", "hello", "'''"}, "a.md:3: `greet` ends with status 0, want 1"},
		{"none after a wrong status", []string{"'''console", "$ fail", "$ unknown", "'''"}, "a.md:2: `fail` ends with status 1"},
		{"no bash", []string{"'''console", "$ break", "'''"}, "a.md:2: run `break`: no bash"},
		{"a script", []string{"'''sh", "a", "b", "'''"}, ""},
		{"a script that fails", []string{"'''sh", "a", "fail", "'''"}, "a.md:2: `a…` ends with status 3, want 0; it prints\n\tfirst\n\tsecond"},
		{"not run", []string{"<!-- not run: needs Proxmox -->", "'''sh", "qm create 153", "'''"}, ""},
		{"not run, of a console", []string{"<!-- not run: needs Proxmox -->", "'''console", "$ qm list", "nothing", "'''"}, ""},
		{"not run, and wrong", []string{"<!-- not run: needs Proxmox -->", "'''console", "$ qm list", "$ if qm", "'''"}, "a.md:4: bash cannot read `if qm`: exit status"},
		{"data", []string{"'''yaml", "$ greet", "'''"}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := parse(t, tt.document...).Blocks[0].Check(t.Context(), runners)
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("Check = %v, want an error with %q", err, tt.want)
			}
			if err != nil && strings.Contains(err.Error(), "unknown") {
				t.Errorf("Check = %v, want the command after it not to be run", err)
			}
		})
	}
}

func TestCheckWantsARunner(t *testing.T) {
	b := parse(t, "<!-- at: pair -->", "'''sh", "a", "'''").Blocks[0]
	err := b.Check(t.Context(), Runners{Host: fake{}})
	if err == nil {
		t.Fatal("Check = nil, want an error")
	}
	if diff := cmp.Diff("a.md:2: nobody runs commands at pair", err.Error()); diff != "" {
		t.Errorf("Check (-want +got):\n%s", diff)
	}
}
