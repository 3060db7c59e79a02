package status

import (
	"fmt"
	"slices"
	"strings"
)

// Verdict is the whole of a status in one word.
type Verdict string

// The verdicts, best first.
const (
	Well       Verdict = "well"
	Degraded   Verdict = "degraded"    // clients are served, and one more fault may end that
	NotServing Verdict = "not serving" // no node that is known of serves all pools at the VIP
)

// ExitStatus is the verdict as that of a command.
func (v Verdict) ExitStatus() int {
	switch v {
	case Well:
		return 0
	case Degraded:
		return 1
	}
	return 2
}

// States of keepalived in which a node takes part in the election.
const (
	master = "MASTER"
	backup = "BACKUP"
)

// Judge sets the verdict of a pair and the problems that led to it, those of the
// VIP first.
func (p *Pair) Judge() {
	p.Verdict, p.Problems = Well, []string{}
	p.judgeService()
	p.judgeNode(&p.Node)
	for i := range p.Peers {
		p.judgePeer(&p.Peers[i])
	}
}

func (p *Pair) worsen(to Verdict, format string, args ...any) {
	if to.ExitStatus() > p.Verdict.ExitStatus() {
		p.Verdict = to
	}
	p.Problems = append(p.Problems, fmt.Sprintf(format, args...))
}

// judgeService asks whether clients of the VIP are served.
func (p *Pair) judgeService() {
	var holders []*Node
	var names []string
	for _, n := range p.Known() {
		if n.VRRP.State == master {
			holders, names = append(holders, n), append(names, n.Name)
		}
	}
	switch {
	case len(holders) > 1:
		p.worsen(Degraded, "%s hold the VIP at the same time", strings.Join(names, " and "))
	case len(holders) == 0 && p.Node.VRRP.State == backup && len(p.Known()) <= len(p.Peers):
		// Who stays backup hears adverts, and they may be those of a peer that
		// is not heard otherwise.
		p.worsen(Degraded, "%s is backup, and who holds the VIP is not heard", p.Node.Name)
	case len(holders) == 0:
		p.worsen(NotServing, "nobody holds the VIP")
	}
	for _, pool := range p.Node.pools() {
		reaches := func(n *Node) bool { return n.Reaches(pool) }
		if len(holders) > 0 && !slices.ContainsFunc(holders, reaches) {
			p.worsen(NotServing, "%s: holds the VIP and has no backend of pool %s", strings.Join(names, ", "), pool)
		}
	}
}

func (p *Pair) judgeNode(n *Node) {
	switch {
	case !n.VRRP.Able:
		p.worsen(Degraded, "%s: may not hold the VIP: %s", n.Name, n.VRRP.Reason)
	case n.VRRP.State == "":
		p.worsen(Degraded, "%s: keepalived has not said its state yet", n.Name)
	case n.VRRP.State != master && n.VRRP.State != backup:
		p.worsen(Degraded, "%s: keepalived is in state %s; is the network connected?", n.Name, n.VRRP.State)
	}
	for _, c := range n.Conflicts {
		if c.Misleads() {
			p.worsen(Degraded, "%s: %s", n.Name, c)
		}
	}
	for _, s := range n.Services {
		switch {
		case s.Phase == "running":
		case s.Phase == "waiting" && s.LastExit != "":
			p.worsen(Degraded, "%s: %s does not run: %s", n.Name, s.Name, s.LastExit)
		default:
			p.worsen(Degraded, "%s: %s is %s", n.Name, s.Name, s.Phase)
		}
	}
	for _, b := range n.Backends {
		if !b.Up {
			p.worsen(Degraded, "%s: backend %s/%s is down: %s", n.Name, b.Pool, b.Name, strings.TrimSpace(b.Check+" "+b.Detail))
		}
	}
}

func (p *Pair) judgePeer(peer *Peer) {
	switch {
	case peer.Node == nil:
		p.worsen(Degraded, "%s: was never heard", peer.Name)
	case !peer.Heard:
		p.worsen(Degraded, "%s: not heard for %.0f s", peer.Name, float64(peer.Ago))
	default:
		p.judgeNode(peer.Node)
		if peer.Node.Seed != p.Node.Seed {
			p.worsen(Degraded, "%s: runs with seed %s, %s with seed %s; give both nodes the same", peer.Name, peer.Node.Seed, p.Node.Name, p.Node.Seed)
		}
	}
}

// Known returns the nodes whose state is known at present, this one first.
func (p *Pair) Known() []*Node {
	nodes := []*Node{&p.Node}
	for i := range p.Peers {
		if p.Peers[i].Heard && p.Peers[i].Node != nil {
			nodes = append(nodes, p.Peers[i].Node)
		}
	}
	return nodes
}

func (n *Node) pools() []string {
	var pools []string
	for _, b := range n.Backends {
		if !slices.Contains(pools, b.Pool) {
			pools = append(pools, b.Pool)
		}
	}
	return pools
}

// Reaches tells whether a backend of the pool is up for the node.
func (n *Node) Reaches(pool string) bool {
	return slices.ContainsFunc(n.Backends, func(b Backend) bool { return b.Pool == pool && b.Up })
}

// Lost returns the pools of which no backend is up for the node.
func (n *Node) Lost() []string {
	return slices.DeleteFunc(n.pools(), n.Reaches)
}
