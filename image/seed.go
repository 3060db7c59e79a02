package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"twinlb/seed"
	"twinlb/seed/strict"

	"github.com/spf13/cobra"
)

// errRefused ends a command that has already said why.
var errRefused = errors.New("a seed was refused")

func checkCommand() *cobra.Command {
	var asJSON bool
	command := &cobra.Command{
		Use:   "check SEED…",
		Short: "Say whether seeds describe pairs that can work, alone and beside each other",
		Args:  cobra.MinimumNArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			checked := seed.CheckAll(args...)
			show := showChecked
			if asJSON {
				show = func(out, _ io.Writer, checked []seed.Checked) error { return writeProblems(out, checked) }
			}
			if err := show(command.OutOrStdout(), command.ErrOrStderr(), checked); err != nil {
				return err
			}
			for _, c := range checked {
				if c.Pair == nil {
					return errRefused
				}
			}
			return nil
		},
	}
	command.Flags().BoolVar(&asJSON, "json", false, "print errors and warnings as JSON, for editors and CI")
	return command
}

// showChecked prints what is wrong to one writer, and what is good to the other.
func showChecked(out, problems io.Writer, checked []seed.Checked) error {
	for _, c := range checked {
		if len(c.Problems) > 0 {
			fmt.Fprintln(problems, c.Problems)
		}
		if c.Pair == nil {
			continue
		}
		backends := 0
		for _, pool := range c.Pair.Pools {
			backends += len(pool.Backends)
		}
		fmt.Fprintf(out, "%s: good: %s, %s, %s, %s\n", c.Path,
			count(len(c.Pair.Nodes), "node"), count(len(c.Pair.VIPs), "VIP"), count(len(c.Pair.Pools), "pool"), count(backends, "backend"))
	}
	return nil
}

// writeProblems prints all problems as one JSON array, which is empty when there are none.
func writeProblems(out io.Writer, checked []seed.Checked) error {
	problems := strict.Problems{}
	for _, c := range checked {
		problems = append(problems, c.Problems...)
	}
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(problems)
}

func schemaCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "schema",
		Short: "Print the JSON Schema of a seed's user-data, for editors",
		Args:  cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			_, err := command.OutOrStdout().Write(seed.JSONSchema())
			return err
		},
	}
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
