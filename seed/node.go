package seed

import (
	"fmt"
	"slices"
	"strings"

	"twinlb/seed/netconfig"
)

// Spec is what one node has to do: the pair as that node sees it.
type Spec struct {
	Pair
	Node     Node
	Peers    []Node // the other nodes, in order of preference
	Priority int    // VRRP priority while nothing speaks against this node
	StepBack int    // what takes the priority of any node below that of all others; negative
	Network  netconfig.Network
}

// Priorities run 250, 246, 242, … in the order of the nodes. High ones keep the
// skew, (256−priority)/256 of an advert interval, at a few milliseconds
// (RFC 9568 §6.1).
const (
	firstPriority = 250
	priorityStep  = 4
	leastStepBack = 20
	// MaxNodes is for how many nodes there are priorities, with those of nodes that
	// have stepped back once and twice below.
	MaxNodes = 20
)

// ForRole resolves the pair to its first node with the role. The error is Problems
// when the network-config does not suit that node.
func (p *Pair) ForRole(role Role) (*Spec, error) {
	for i, n := range p.Nodes {
		if n.Role == role {
			return p.resolve(i)
		}
	}
	return nil, fmt.Errorf("choose the node with role %q: there is none; the nodes are %s", role, p.nodeList())
}

// ForName resolves the pair to the node of that name, as ForRole does.
func (p *Pair) ForName(name string) (*Spec, error) {
	for i, n := range p.Nodes {
		if n.Name == name {
			return p.resolve(i)
		}
	}
	return nil, fmt.Errorf("choose the node named %q: there is none; the nodes are %s", name, p.nodeList())
}

// Specs resolves the pair to each of its nodes, in order of preference. Those whose
// machine the network-config does not describe have what user-data says.
func (p *Pair) Specs() []*Spec {
	specs := make([]*Spec, len(p.Nodes))
	described, _ := p.described()
	for i := range p.Nodes {
		specs[i] = p.spec(i)
		if i != described {
			continue
		}
		if s, err := p.resolve(i); err == nil {
			specs[i] = s
		}
	}
	return specs
}

// resolve returns what a node has to do on the machine of the network-config.
func (p *Pair) resolve(i int) (*Spec, error) {
	s := p.spec(i)
	if p.Machine == nil {
		return s, nil
	}
	network, problems, warnings := p.networkOf(i)
	if len(problems) > 0 {
		return nil, problems
	}
	s.Network = network
	s.Warnings = slices.Clip(s.Warnings)
	for _, w := range warnings {
		if !slices.Contains(s.Warnings, w) {
			s.Warnings = append(s.Warnings, w)
		}
	}
	return s, nil
}

// spec returns what a node has to do by user-data alone.
func (p *Pair) spec(i int) *Spec {
	s := &Spec{
		Pair:     *p,
		Node:     p.Nodes[i],
		Priority: firstPriority - priorityStep*i,
		StepBack: -max(leastStepBack, priorityStep*len(p.Nodes)),
		Network:  p.network(p.Nodes[i]),
	}
	for j, n := range p.Nodes {
		if j != i {
			s.Peers = append(s.Peers, n)
		}
	}
	return s
}

func (p *Pair) nodeList() string {
	names := make([]string, len(p.Nodes))
	for i, n := range p.Nodes {
		names[i] = fmt.Sprintf("%s (%s)", n.Name, n.Role)
	}
	return strings.Join(names, ", ")
}
