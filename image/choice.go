package main

import (
	"fmt"

	"twinlb/seed"

	"github.com/spf13/cobra"
)

// choice picks one node of a pair, by --role or by --node. Without either it is
// the one that the seed's meta-data names.
type choice struct{ role, node string }

func (c *choice) flags(command *cobra.Command) {
	command.Flags().StringVar(&c.role, "role", "", "role of the node: master or backup")
	command.Flags().StringVar(&c.node, "node", "", "name of the node, instead of its role")
}

func (c *choice) of(pair *seed.Pair) (*seed.Spec, error) {
	spec, err := c.picked(pair)
	if err == nil && pair.Hostname != "" && pair.Hostname != spec.Node.Name {
		return nil, fmt.Errorf("choose a node: this is %s, but the meta-data beside the seed is that of %s", spec.Node.Name, pair.Hostname)
	}
	return spec, err
}

func (c *choice) picked(pair *seed.Pair) (*seed.Spec, error) {
	switch {
	case c.node != "" && c.role != "":
		return nil, fmt.Errorf("choose a node: --role %s and --node %s exclude each other", c.role, c.node)
	case c.node != "":
		return pair.ForName(c.node)
	case c.role == string(seed.Master), c.role == string(seed.Backup):
		return pair.ForRole(seed.Role(c.role))
	case c.role == "" && pair.Hostname != "":
		return pair.ForName(pair.Hostname)
	case c.role == "":
		return nil, fmt.Errorf("choose a node: give --role master, --role backup or --node NAME")
	}
	return nil, fmt.Errorf("choose a node: role %q is neither master nor backup", c.role)
}

// name is what files of the node are called by.
func (c *choice) name(spec *seed.Spec) string {
	switch {
	case c.node != "":
		return c.node
	case c.role != "":
		return c.role
	}
	return spec.Node.Name
}
