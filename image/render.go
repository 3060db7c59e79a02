package main

import (
	"errors"
	"fmt"
	"io"

	"twinlb/services/plan"

	"github.com/spf13/cobra"
)

func renderCommand() *cobra.Command {
	var c choice
	var other string
	command := &cobra.Command{
		Use:   "render SEED --role ROLE",
		Short: "Print what a node will run: its network, haproxy.cfg, keepalived.conf",
		Long: `Print what a node will run: its part in the pair, its network, haproxy.cfg and keepalived.conf.

With --diff, print what changes of that when OTHER takes the place of SEED, as a unified diff.
It then ends as diff(1) does: with 0 when nothing changes, 1 when something does, 2 when it can't tell.`,
		Args: cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			out, warnings := command.OutOrStdout(), command.ErrOrStderr()
			is, err := c.plan(args[0], warnings)
			if other == "" {
				if err == nil {
					fmt.Fprint(out, is)
				}
				return err
			}
			to, otherErr := c.plan(other, warnings)
			if err := errors.Join(err, otherErr); err != nil {
				return trouble{err}
			}
			changes := plan.Diff(is, to)
			fmt.Fprint(out, changes)
			if changes != "" {
				return errDifferent
			}
			return nil
		},
	}
	c.flags(command)
	command.Flags().StringVar(&other, "diff", "", "seed that takes the place of SEED: print what changes")
	return command
}

// errDifferent ends the program with status 1 and no word more.
var errDifferent = errors.New("the seeds differ")

// trouble ends the program with status 2, where 1 would be an answer.
type trouble struct{ error }

func (t trouble) Unwrap() error { return t.error }

// plan reads a seed and says what the node does with it.
func (c *choice) plan(path string, warnings io.Writer) (plan.Plan, error) {
	own, err := c.resolve(path, warnings)
	if err != nil {
		return plan.Plan{}, err
	}
	return plan.Of(own.spec, plan.Host(own.spec))
}
