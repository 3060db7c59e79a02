package doctest

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// Runner runs commands at one place.
type Runner interface {
	// Run runs a script with bash and returns what it wrote to standard output
	// and standard error, in that order, and its exit status. Only a script that
	// could not be run, or not to its end, is an error.
	Run(ctx context.Context, script string) (output string, status int, err error)
}

// Runners are those of the places there are.
type Runners map[Place]Runner

// Check runs the commands of the block and returns an error for each that ends
// with another status than the document says or prints something else. Those after
// one with a wrong status are not run. Of a block that is not run it checks the syntax.
func (b *Block) Check(ctx context.Context, runners Runners) error {
	var wrong []error
	err := b.run(ctx, runners, func(c *Command, got []string) {
		if edits := compare(c.Output, got); differs(edits) {
			wrong = append(wrong, fmt.Errorf("%v: %s prints something else (- the document, + the command):\n%s", c.Position, c, diff(edits)))
		}
	})
	return errors.Join(append(wrong, err)...)
}

// run runs the commands and calls printed with the output of each that is compared.
func (b *Block) run(ctx context.Context, runners Runners, printed func(*Command, []string)) error {
	if b.Data() {
		return nil
	}
	if b.NotRun != "" {
		return b.checkSyntax(ctx)
	}
	runner, ok := runners[b.Place]
	if !ok {
		return fmt.Errorf("%v: nobody runs commands at %s", b.Position, b.Place)
	}
	for i := range b.Commands {
		c := &b.Commands[i]
		text := c.Script
		if b.Language == script {
			// On the line of the first command, so that bash counts lines as the document does.
			text = "set -e; " + text
		}
		output, status, err := runner.Run(ctx, text)
		if err != nil {
			return fmt.Errorf("%v: run %s: %w", c.Position, c, err)
		}
		want := 0
		if i == len(b.Commands)-1 {
			want = b.Status
		}
		if status != want {
			return fmt.Errorf("%v: %s ends with status %d, want %d; it prints\n\t%s",
				c.Position, c, status, want, strings.Join(lines(output), "\n\t"))
		}
		if b.Language == console {
			printed(c, lines(output))
		}
	}
	return nil
}

// String is the first line of the script.
func (c *Command) String() string {
	first, _, more := strings.Cut(c.Script, "\n")
	if more {
		first = strings.TrimSuffix(first, `\`) + ellipsis
	}
	return "`" + first + "`"
}

// lines returns those of an output without blank ones at the end.
func lines(output string) []string {
	text := strings.TrimRight(strings.ReplaceAll(output, "\r\n", "\n"), " \t\n")
	if text == "" {
		return nil
	}
	return strings.Split(text, "\n")
}
