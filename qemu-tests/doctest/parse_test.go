package doctest

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// markdown makes a document whose fences are written ”' here.
func markdown(lines ...string) string {
	return strings.ReplaceAll(strings.Join(lines, "\n")+"\n", "'''", "```")
}

func parse(t *testing.T, lines ...string) *Document {
	t.Helper()
	d, err := Parse("a.md", markdown(lines...))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func at(line int) Position { return Position{"a.md", line} }

func TestParse(t *testing.T) {
	for _, tt := range []struct {
		name     string
		document []string
		want     []*Block
	}{
		{"a console", []string{"# Title", "'''console", "$ one", "1", "", "$ two \\", "> --more", "> ", "2", "> 3", "", "'''"}, []*Block{{
			Position: at(2), Language: "console", Place: Host,
			Commands: []Command{
				{Position: at(3), Script: "one", Output: []string{"1"}},
				{Position: at(6), Script: "two \\\n--more\n", Output: []string{"2", "> 3"}},
			},
		}}},
		{"a script", []string{"'''sh", "one", "two", "'''"}, []*Block{{
			Position: at(1), Language: "sh", Place: Host, Commands: []Command{{Position: at(2), Script: "one\ntwo"}},
		}}},
		{"data", []string{"<!-- what a seed is -->", "A seed:", "'''yaml", "$ a: b", "'''"}, []*Block{{
			Position: at(3), Language: "yaml", Place: Host,
		}}},
		{"directives", []string{"<!-- at: pair -->", "<!-- exits 2 -->", "", "'''sh", "one", "'''", "<!--not run: needs Proxmox-->", "~~~ sh", "```", "~~~"}, []*Block{
			{Position: at(4), Language: "sh", Place: Pair, Status: 2, Commands: []Command{{Position: at(5), Script: "one"}}},
			{Position: at(8), Language: "sh", Place: Host, NotRun: "needs Proxmox", Commands: []Command{{Position: at(9), Script: "```"}}},
		}},
		{"in a list", []string{"1. first", "   ````console", "   $ one", "     1", "   '''", "   ````"}, []*Block{{
			Position: at(2), Language: "console", Place: Host,
			Commands: []Command{{Position: at(3), Script: "one", Output: []string{"  1", "```"}}},
		}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := parse(t, tt.document...).Blocks
			if diff := cmp.Diff(tt.want, got, cmpopts.IgnoreUnexported(Command{})); diff != "" {
				t.Errorf("Parse (-want +got):\n%s", diff)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	for _, tt := range []struct {
		name     string
		document []string
		want     string
	}{
		{"a block without a language", []string{"'''", "$ one", "'''"}, `a.md:1: "" is no language`},
		{"an unknown language", []string{"'''bash", "one", "'''"}, `a.md:1: "bash" is no language`},
		{"a block without end", []string{"text", "'''sh", "one"}, "a.md:2: the block does not end"},
		{"a fence in a quotation", []string{"> '''sh", "> one", "> '''"}, "a.md:1: a fence that is not alone"},
		{"output before a command", []string{"'''console", "one", "$ two", "'''"}, "a.md:2: what a command prints stands before any command"},
		{"no command", []string{"'''console", "", "'''"}, "a.md:1: there is no command in it"},
		{"a continuation without >", []string{"'''console", `$ one \`, "  --more", "'''"}, "a.md:2: the command goes on after"},
		{"no reason", []string{"<!-- not run: -->", "'''sh", "'''"}, "a.md:1: say why it is not run"},
		{"an unknown place", []string{"<!-- at: piar -->", "'''sh", "'''"}, `a.md:1: "piar" is no place`},
		{"a status that is none", []string{"<!-- exits 256 -->", "'''sh", "'''"}, `a.md:1: "256" is no exit status`},
		{"a directive with a slip", []string{"<!-- not-run: why -->", "'''sh", "'''"}, `a.md:1: "not-run: why" says nothing`},
		{"a directive for data", []string{"<!-- at: pair -->", "'''yaml", "'''"}, `a.md:1: "at: pair" before a block of yaml`},
		{"a directive before text", []string{"<!-- at: pair -->", "text", "'''sh", "'''"}, `a.md:1: "at: pair" stands before no block`},
		{"a directive at the end", []string{"<!-- exits 1 -->"}, `a.md:1: "exits 1" stands before no block`},
		{"all mistakes", []string{"'''a", "'''", "'''b", "'''"}, `a.md:3: "b" is no language`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Parse("a.md", markdown(tt.document...))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Parse = %v, want an error with %q", err, tt.want)
			}
		})
	}
}
