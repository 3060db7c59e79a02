package main

import (
	"errors"
	"fmt"
	"strings"

	"twinlb/seed"
	"twinlb/seed/strict"
)

// failureScreen tells whoever looks at a console why the node did not come up.
// A node that shows it holds no VIP and answers nothing.
func failureScreen(n *node, failed step, err error) string {
	who := "This node"
	if n.bundle != nil && n.bundle.NodeName != "" {
		who = n.bundle.NodeName
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s DID NOT COME UP: it stopped at the step %q.\n", who, failed.name)
	fmt.Fprintf(&b, "It holds no VIP and balances nothing. The other node is not affected.\n\n")
	fmt.Fprintf(&b, "What went wrong\n%s\n\n", indent(err.Error()))
	var problems strict.Problems
	if errors.As(err, &problems) && n.bundle != nil {
		fmt.Fprintf(&b, "  (seed %s)\n\n", seed.Digest(n.bundle.UserData))
	}
	remedy := failed.remedy
	if wrong := (taken{}); errors.As(err, &wrong) {
		remedy = "Give this node or that machine another address, or switch one of them off. This node starts again when the address is free."
	}
	fmt.Fprintf(&b, "How to fix it\n%s\n\n", indent(remedy))
	fmt.Fprintf(&b, "The power button and Ctrl-Alt-Del work.\n")
	return b.String()
}

func indent(text string) string {
	return "  " + strings.ReplaceAll(strings.TrimRight(text, "\n"), "\n", "\n  ")
}
