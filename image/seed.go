package main

import (
	"fmt"
	"io"

	"twinlb/seed"
	"twinlb/services"
	"twinlb/services/haproxy"
	"twinlb/services/keepalived"

	"github.com/spf13/cobra"
)

// choice picks one node of a pair, by --role or by --node.
type choice struct{ role, node string }

func (c *choice) flags(command *cobra.Command) {
	command.Flags().StringVar(&c.role, "role", "", "role of the node: master or backup")
	command.Flags().StringVar(&c.node, "node", "", "name of the node, instead of its role")
}

func (c *choice) of(pair *seed.Pair) (*seed.Spec, error) {
	switch {
	case c.node != "" && c.role != "":
		return nil, fmt.Errorf("choose a node: --role %s and --node %s exclude each other", c.role, c.node)
	case c.node != "":
		return pair.ForName(c.node)
	case c.role == string(seed.Master), c.role == string(seed.Backup):
		return pair.ForRole(seed.Role(c.role))
	case c.role == "":
		return nil, fmt.Errorf("choose a node: give --role master, --role backup or --node NAME")
	}
	return nil, fmt.Errorf("choose a node: role %q is neither master nor backup", c.role)
}

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

func renderCommand() *cobra.Command {
	var c choice
	command := &cobra.Command{
		Use:   "render SEED --role ROLE",
		Short: "Print what a node will run: addresses, haproxy.cfg, keepalived.conf",
		Args:  cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			pair, err := seed.Load(args[0])
			if err != nil {
				return err
			}
			spec, err := c.of(pair)
			if err != nil {
				return err
			}
			return render(command.OutOrStdout(), spec)
		},
	}
	c.flags(command)
	return command
}

// standardHost stands for a node that is not running yet.
var standardHost = services.Host{Interface: "eth0", Memory: 256 << 20}

// hostOf is a node as far as the seed tells.
func hostOf(spec *seed.Spec) services.Host {
	host := standardHost
	if spec.Node.Interface != "" {
		host.Interface = spec.Node.Interface
	}
	return host
}

func render(w io.Writer, spec *seed.Spec) error {
	host := hostOf(spec)
	proxy, err := haproxy.Config(spec)
	if err != nil {
		return err
	}
	elector, err := keepalived.Config(spec, host)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "# node\nname       %s\nrole       %s\npriority   %d\n", spec.Node.Name, spec.Node.Role, spec.Priority)
	for _, peer := range spec.Peers {
		fmt.Fprintf(w, "peer       %s %s\n", peer.Name, peer.Address.Addr())
	}
	fmt.Fprintf(w, "\n# addresses and routes\n%-10s %s\n", host.Interface, spec.Node.Address)
	for _, vip := range spec.VIPs {
		fmt.Fprintf(w, "%-10s %s/%d while it is master\n", host.Interface, vip, vip.BitLen())
	}
	if spec.Gateway.IsValid() {
		fmt.Fprintf(w, "default    via %s\n", spec.Gateway)
	}
	fmt.Fprintf(w, "\n# %s\n%s\n# %s\n%s", haproxy.ConfigFile, proxy, keepalived.ConfigFile, elector)
	return nil
}
