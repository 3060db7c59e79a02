package admin

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"twinlb/init/status"
)

// shownProblems is how many problems come before the table; the JSON has all.
const shownProblems = 8

// unknown stands for what a node that is not heard may be doing by now.
const unknown = "?"

// column is one node of the table.
type column struct {
	name            string
	address, second string
	node            *status.Node // nil when it was never heard
	heard           bool
	ago             status.Seconds
}

// now is what holds only while the node is heard, fixed what does not change
// until it restarts.
func (c *column) now(text func(*status.Node) string) string {
	if c.node == nil || !c.heard {
		return unknown
	}
	return text(c.node)
}

func (c *column) fixed(text func(*status.Node) string) string {
	if c.node == nil {
		return unknown
	}
	return text(c.node)
}

// mostColumns is how many nodes stand side by side.
const mostColumns = 4

// showStatus writes the verdict and its reasons, who holds the VIPs, and what each
// node says of itself, one column each.
func showStatus(w io.Writer, p *status.Pair) {
	showVerdict(w, p)
	fmt.Fprintln(w)
	notes := append(slices.Clone(p.Node.Warnings), conflicts(p)...)
	for _, note := range notes {
		fmt.Fprintln(w, note)
	}
	if len(notes) > 0 {
		fmt.Fprintln(w)
	}
	showNewSeed(w, p.Node.NewSeed)
	showHolder(w, p)
	columns := []column{{name: p.Node.Name, address: p.Node.Address, second: p.Node.Second, node: &p.Node, heard: true}}
	for _, peer := range p.Peers {
		columns = append(columns, column{
			name: peer.Name, address: peer.Address, second: peer.Second,
			node: peer.Node, heard: peer.Heard, ago: peer.Ago,
		})
	}
	for some := range slices.Chunk(columns, mostColumns) {
		fmt.Fprintln(w)
		showNodes(w, p, some)
	}
}

// conflicts are those of the nodes that are no problem, or are none any more.
func conflicts(p *status.Pair) []string {
	var all []string
	for _, n := range p.Known() {
		for _, c := range n.Conflicts {
			if !c.Misleads() {
				all = append(all, fmt.Sprintf("warning: %s: %s", n.Name, c))
			}
		}
	}
	return all
}

func showNodes(w io.Writer, p *status.Pair, columns []column) {
	t := table{columns: columns}
	t.addNodes(p)
	section(&t, "backends", (*table).addNow, func(n *status.Node) []status.Backend { return n.Backends }, nameBackend, showBackend)
	section(&t, "services", (*table).addNow, func(n *status.Node) []status.Service { return n.Services }, nameService, showService)
	section(&t, "versions", (*table).addFixed, func(n *status.Node) []status.Version { return n.Versions }, nameVersion, showVersion)
	writeRows(w, t.rows)
}

func showVerdict(w io.Writer, p *status.Pair) {
	verdict := strings.ToUpper(string(p.Verdict))
	if len(p.Problems) == 0 {
		fmt.Fprintf(w, "%s  every node can serve, and every backend is up\n", verdict)
		return
	}
	for i, problem := range p.Problems {
		if i == shownProblems {
			fmt.Fprintf(w, "%*s  and %d more, see --json\n", len(verdict), "", len(p.Problems)-i)
			return
		}
		if i == 1 {
			verdict = strings.Repeat(" ", len(verdict))
		}
		fmt.Fprintf(w, "%s  %s\n", verdict, problem)
	}
}

func showHolder(w io.Writer, p *status.Pair) {
	var holders []string
	for _, n := range p.Known() {
		if n.VRRP.State == "MASTER" {
			holders = append(holders, fmt.Sprintf("%s for %s", n.Name, span(n.VRRP.For)))
		}
	}
	holder := "held by " + strings.Join(holders, " and by ")
	if len(holders) == 0 {
		holder = "not held by any node that is heard"
	}
	width := 0
	for _, vip := range p.Node.VIPs {
		width = max(width, len(vip))
	}
	for _, vip := range p.Node.VIPs {
		fmt.Fprintf(w, "VIP %-*s  %s\n", width, vip, holder)
	}
}

// table collects rows, each with a cell for each node after its name.
type table struct {
	columns []column
	rows    [][]string
}

func (t *table) add(name string, cell func(*column) string) {
	row := []string{name}
	for i := range t.columns {
		row = append(row, cell(&t.columns[i]))
	}
	t.rows = append(t.rows, row)
}

// addIfAny adds a row unless all nodes lack what it shows.
func (t *table) addIfAny(name, lacking string, cell func(*column) string) {
	has := func(c column) bool { text := cell(&c); return text != "" && text != unknown }
	if slices.ContainsFunc(t.columns, has) {
		t.add(name, func(c *column) string { return cmp.Or(cell(c), lacking) })
	}
}

func (t *table) addNow(name string, text func(*status.Node) string) {
	t.add(name, func(c *column) string { return c.now(text) })
}

func (t *table) addFixed(name string, text func(*status.Node) string) {
	t.add(name, func(c *column) string { return c.fixed(text) })
}

func (t *table) addNodes(p *status.Pair) {
	t.add("", func(c *column) string {
		if c.node == &p.Node {
			return c.name + " (this node)"
		}
		return c.name
	})
	t.add("state", func(c *column) string {
		switch {
		case c.node == nil:
			return "never heard"
		case !c.heard:
			return "not heard for " + span(c.ago)
		case c.node.VRRP.State == "":
			return "not elected yet"
		}
		return c.node.VRRP.State + " for " + span(c.node.VRRP.For)
	})
	t.addNow("may hold VIP", func(n *status.Node) string {
		if n.VRRP.Able {
			return "yes: " + n.VRRP.Reason
		}
		return "NO: " + n.VRRP.Reason
	})
	t.addNow("priority", func(n *status.Node) string {
		if n.VRRP.Preference == 0 {
			return fmt.Sprint(n.VRRP.Priority)
		}
		return fmt.Sprintf("%d (%d%+d)", n.VRRP.Priority+n.VRRP.Preference, n.VRRP.Priority, n.VRRP.Preference)
	})
	t.addFixed("role", func(n *status.Node) string { return n.Role })
	t.add("address", func(c *column) string { return c.address })
	t.addIfAny("second address", nothing, func(c *column) string { return c.second })
	t.addIfAny("management", nothing, func(c *column) string {
		return c.fixed(func(n *status.Node) string { return n.Management })
	})
	t.addFixed("seed", func(n *status.Node) string { return n.Seed })
	t.addIfAny("seed from", "the image", func(c *column) string {
		return c.fixed(func(n *status.Node) string { return n.SeedFrom })
	})
	t.addNow("uptime", func(n *status.Node) string { return span(n.Uptime) })
	t.addNow("memory", func(n *status.Node) string {
		if n.Memory.Total == 0 || n.Memory.Available > n.Memory.Total {
			return unknown
		}
		return fmt.Sprintf("%d of %d MiB used", (n.Memory.Total-n.Memory.Available)>>20, n.Memory.Total>>20)
	})
	t.addIfAny("watchdog", "none", func(c *column) string {
		return c.fixed(func(n *status.Node) string { return n.Watchdog })
	})
}
