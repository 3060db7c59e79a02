// Command bench measures a pair on this machine, and beside it, if asked to, the
// pair that people build by hand: `make bench`, `make bench VS=debian`.
//
// It prints a table and writes the same as JSON and Markdown, and a picture of the
// boot, to a folder. What can't be measured is a cell that says why; only a run
// that could not begin ends with an exit status other than 0.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"twinlb/qemu-tests/bench/report"
	"twinlb/qemu-tests/bench/report/timeline"
	"twinlb/qemu-tests/lab"
	"twinlb/qemu-tests/sandbox"
)

// bench is one run of the measurements.
type bench struct {
	report *report.Report
	runs   int
	dir    string // for images, gone at the end
}

// sections are what is measured of a system, in the order of the table.
var sections = []struct {
	name    string
	measure func(*bench, system)
}{
	{"sizes", (*bench).sizes},
	{"build", (*bench).build},
	{"boot", (*bench).boot},
	{"memory", (*bench).memory},
	{"idle", (*bench).idle},
	{"load", (*bench).load},
	{"outages", (*bench).outages},
}

func main() {
	versus := flag.String("vs", "", "measure another pair beside ours: debian")
	only := flag.String("only", "", "sections to measure, with commas between them (all: "+strings.Join(names(), ",")+")")
	runs := flag.Int("runs", 5, "how often each thing is measured")
	out := flag.String("out", "build/results", "folder for the results")
	flag.Parse()
	wanted, err := choose(*only)
	if err == nil && *versus != "" && *versus != "debian" {
		err = fmt.Errorf("choose what to compare with: %q is not debian", *versus)
	}
	if err == nil && *runs < 1 {
		err = fmt.Errorf("choose how often to measure: %d runs are none", *runs)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(2)
	}
	if !sandbox.Entered() && *versus == "debian" {
		if _, err := installDebian(); err != nil {
			fmt.Fprintln(os.Stderr, "bench:", err)
			os.Exit(1)
		}
	}
	sandbox.Enter()
	if err := run(*versus, *out, *runs, wanted); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(versus, out string, runs int, wanted []string) error {
	dir, err := os.MkdirTemp("", "twinlb-bench-")
	if err != nil {
		return fmt.Errorf("make a work directory: %w", err)
	}
	defer os.RemoveAll(dir)
	systems, err := open(versus, dir)
	if err != nil {
		return err
	}
	b := &bench{report: report.New(), runs: runs, dir: dir}
	for _, s := range systems {
		b.report.Columns = append(b.report.Columns, s.about())
	}
	begin(b.report)
	for _, section := range sections {
		if !slices.Contains(wanted, section.name) {
			continue
		}
		for _, s := range systems {
			began := time.Now()
			section.measure(b, s)
			say("%s of %s measured in %.0f s", section.name, s.name(), time.Since(began).Seconds())
			end(b.report)
			if err := b.write(out); err != nil { // what is measured is not lost if this is stopped
				return err
			}
		}
	}
	if err := b.report.WriteText(os.Stdout); err != nil {
		return err
	}
	fmt.Printf("\nThe same is in %s, for programs, for GitHub and as a picture of the boot.\n", out)
	return nil
}

// write writes the files.
func (b *bench) write(out string) error {
	if err := os.MkdirAll(out, 0o755); err != nil {
		return fmt.Errorf("write the results: %w", err)
	}
	files := map[string]func(io.Writer) error{
		"bench.json": b.report.WriteJSON,
		"bench.md":   b.report.WriteMarkdown,
		"bench.txt":  b.report.WriteText,
	}
	if len(b.report.Boots) > 0 {
		files["boot.svg"] = func(w io.Writer) error {
			return timeline.WriteSVG(w, "From power on to the first query", b.report.Boots)
		}
	}
	for name, write := range files {
		var text strings.Builder
		if err := write(&text); err != nil {
			return fmt.Errorf("write %s: %w", name, err)
		}
		if err := os.WriteFile(filepath.Join(out, name), []byte(text.String()), 0o644); err != nil {
			return fmt.Errorf("write the results: %w", err)
		}
	}
	return nil
}

// try runs a measurement. What fails in it becomes the content of the cell.
func try(cell *report.Cell, measure func(lab.T)) {
	if err := lab.Try(func(line string) { say("%s", line) }, measure); err != nil {
		first, _, _ := strings.Cut(err.Error(), "\n")
		cell.Fail(first)
		say("could not be measured: %v", err)
	}
}

// names lists the sections.
func names() []string {
	var all []string
	for _, s := range sections {
		all = append(all, s.name)
	}
	return all
}

func choose(only string) ([]string, error) {
	if only == "" {
		return names(), nil
	}
	chosen := strings.Split(only, ",")
	for _, c := range chosen {
		if !slices.Contains(names(), c) {
			return nil, fmt.Errorf("choose sections: %q is none of %s", c, strings.Join(names(), ", "))
		}
	}
	return chosen, nil
}

// say tells on standard error how far it is.
func say(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "bench: "+format+"\n", args...)
}
