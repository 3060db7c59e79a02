package main

import (
	"fmt"

	"twinlb/seed"

	"github.com/spf13/cobra"
)

func checkCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "check SEED",
		Short: "Say whether a seed describes a pair that can work",
		Args:  cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			pair, err := seed.Load(args[0])
			if err != nil {
				return err
			}
			backends := 0
			for _, pool := range pair.Pools {
				backends += len(pool.Backends)
			}
			fmt.Fprintf(command.OutOrStdout(), "%s: good: %s, %s, %s, %s\n", args[0],
				count(len(pair.Nodes), "node"), count(len(pair.VIPs), "VIP"), count(len(pair.Pools), "pool"), count(backends, "backend"))
			return nil
		},
	}
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
