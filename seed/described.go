package seed

import (
	"net/netip"
	"slices"
	"strings"

	"twinlb/seed/netconfig"
	"twinlb/seed/strict"
)

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
	switch found := p.nodesWith(p.hasMachine); {
	case len(found) == 1:
		return slices.IndexFunc(p.Nodes, func(n Node) bool { return n.Name == found[0].Name }), nil
	case len(found) > 1:
		return -1, p.Machine.Document.ProblemsAt("", "has the addresses of %s, and is that of one machine", strings.Join(names(found), " and "))
	case slices.ContainsFunc(p.Machine.Links, func(l netconfig.Link) bool { return l.Dynamic(p.Nodes[0].Address.Addr()) }):
		return -1, nil
	}
	return -1, p.Machine.Document.ProblemsAt("", "has the address of no node; the nodes are %s", p.candidates())
}

// hasMachine reports whether a link of the network-config has an address of the node.
func (p *Pair) hasMachine(n Node) bool {
	return p.Machine != nil && slices.ContainsFunc(p.Machine.Links, func(l netconfig.Link) bool {
		return slices.ContainsFunc(l.Addresses, func(a netip.Prefix) bool {
			return slices.ContainsFunc(n.Addresses(), func(b netip.Prefix) bool { return a.Addr() == b.Addr() })
		})
	})
}
