package main

import (
	"fmt"

	"twinlb/seed"

	"github.com/spf13/cobra"
)

func sqlCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "sql SEED",
		Short: "Print the SQL that creates the check account on the MySQL servers",
		Args:  cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			pair, err := seed.Load(args[0])
			if err != nil {
				return err
			}
			fmt.Fprint(command.OutOrStdout(), pair.Grants())
			return nil
		},
	}
}
