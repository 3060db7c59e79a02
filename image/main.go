// Command twinlb builds the disk images of a pair of MySQL load balancers from
// one seed file, and looks into seeds and images.
package main

import (
	"errors"
	"fmt"
	"os"

	"twinlb/image/verify"
	"twinlb/seed/strict"

	"github.com/spf13/cobra"
)

func main() {
	if len(os.Args) == 2 && os.Args[1] == verify.Argument {
		verify.Main()
		return
	}
	root := &cobra.Command{
		Use:           "twinlb",
		Short:         "Build and inspect the images of a MySQL load-balancer pair",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.CompletionOptions.HiddenDefaultCmd = true
	root.AddCommand(
		imageCommand(), seedCommand(), buildCommand(),
		checkCommand(), schemaCommand(), renderCommand(), sqlCommand(),
		lsCommand(), catCommand(),
		packagesCommand(), updateSourcesCommand(), reproCommand(), sourcesCommand(),
	)
	err := root.Execute()
	var problems strict.Problems
	switch {
	case err == nil:
		return
	case errors.Is(err, errRefused): // it has said why
	case errors.Is(err, errDifferent): // the diff says it
	case errors.As(err, &problems): // each begins with its place
		fmt.Fprintln(os.Stderr, err)
	default:
		fmt.Fprintf(os.Stderr, "twinlb: %v\n", err)
	}
	if errors.As(err, new(trouble)) {
		os.Exit(2)
	}
	os.Exit(1)
}
