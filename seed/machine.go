package seed

import (
	"net/netip"
	"slices"
	"strings"

	"twinlb/seed/strict"
)

// Machine is a network-config: the network of the machine of one node. Traffic and
// Management are not set, for they depend on which node that is.
type Machine struct {
	Network
	document *strict.Document
	links    []linkConfig
}

// described finds the node whose machine the network-config describes, by
// local-hostname or by an address. It is -1 when there is none, or when the machine
// gets its addresses from the network and may be any.
func (p *Pair) described() (int, strict.Problems) {
	if p.Machine == nil {
		return -1, nil
	}
	if i := slices.IndexFunc(p.Nodes, func(n Node) bool { return n.Name == p.Hostname }); i >= 0 {
		return i, nil
	}
	switch found := p.nodesWith(p.Machine.has); {
	case len(found) == 1:
		return slices.IndexFunc(p.Nodes, func(n Node) bool { return n.Name == found[0].Name }), nil
	case len(found) > 1:
		return -1, p.Machine.problem("has the addresses of %s, and is that of one machine", strings.Join(names(found), " and "))
	case slices.ContainsFunc(p.Machine.Links, func(l Link) bool { return l.dynamic(p.Nodes[0].Address.Addr()) }):
		return -1, nil
	}
	return -1, p.Machine.problem("has the address of no node; the nodes are %s", p.candidates())
}

// has reports whether a link has an address of the node.
func (m *Machine) has(n Node) bool {
	return slices.ContainsFunc(m.Links, func(l Link) bool {
		return slices.ContainsFunc(l.Addresses, func(a netip.Prefix) bool {
			return slices.ContainsFunc(n.Addresses(), func(b netip.Prefix) bool { return a.Addr() == b.Addr() })
		})
	})
}

// problem returns a problem of the network-config as a whole.
func (m *Machine) problem(format string, args ...any) strict.Problems {
	return m.document.ProblemsAt("", format, args...)
}
