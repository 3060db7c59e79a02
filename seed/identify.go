package seed

import (
	"bytes"
	"fmt"
	"net"
	"slices"
	"strings"
)

// Hardware is what a machine knows of itself before it has a seed.
type Hardware struct {
	MACs []net.HardwareAddr // of its Ethernet interfaces
	Role Role               // that its image was built for; "" when it was for none
}

// clue is something that tells which node a machine is.
type clue struct {
	says  string // completes "this machine is lb-a by its …"
	nodes []Node // that it fits
}

// Identify resolves the pair to the node that this machine is: by local-hostname, by
// a network card, by the addresses in its network-config or else by the role of
// the image. What tells the node must not contradict.
func (p *Pair) Identify(h Hardware) (*Spec, error) {
	var found *clue
	for _, c := range p.clues(h) {
		switch {
		case len(c.nodes) == 0:
			continue
		case found == nil && len(c.nodes) > 1:
			return nil, fmt.Errorf("find out which node this machine is: by its %s it may be %s; %s",
				c.says, nodeNames(c.nodes), writeHostname)
		case found == nil:
			found = &c
		case !slices.ContainsFunc(c.nodes, func(n Node) bool { return n.Name == found.nodes[0].Name }):
			return nil, fmt.Errorf("find out which node this machine is: it is %s by its %s, but %s by its %s",
				found.nodes[0].Name, found.says, nodeNames(c.nodes), c.says)
		}
	}
	if found == nil {
		found = &clue{says: "role", nodes: p.nodesWith(func(n Node) bool { return n.Role == h.Role })}
	}
	switch len(found.nodes) {
	case 1:
		return p.ForName(found.nodes[0].Name)
	case 0:
		return nil, fmt.Errorf("find out which node this machine is: nothing tells it; %s; the nodes are %s; the network cards here are %s",
			writeHostname, p.candidates(), macList(h.MACs))
	}
	return nil, fmt.Errorf("find out which node this machine is: its image is for a %s, which may be %s; %s; the network cards here are %s",
		h.Role, nodeNames(found.nodes), writeHostname, macList(h.MACs))
}

const writeHostname = "write local-hostname into meta-data, or match: {macaddress: …} under twinlb.nodes"

// clues are what the seed itself has, the surest first. The role of the image is not
// among them: a seed on a drive replaces the one that the image was built with.
func (p *Pair) clues(h Hardware) []clue {
	return []clue{
		{"local-hostname", p.nodesWith(func(n Node) bool { return n.Name == p.Hostname })},
		{"network card", p.nodesWith(func(n Node) bool {
			return n.MAC != nil && slices.ContainsFunc(h.MACs, func(mac net.HardwareAddr) bool { return bytes.Equal(mac, n.MAC) })
		})},
		{"network-config", p.nodesWith(p.hasMachine)},
	}
}

func (p *Pair) nodesWith(property func(Node) bool) (found []Node) {
	for _, n := range p.Nodes {
		if property(n) {
			found = append(found, n)
		}
	}
	return found
}

// candidates lists the nodes with what would tell them.
func (p *Pair) candidates() string {
	list := make([]string, len(p.Nodes))
	for i, n := range p.Nodes {
		list[i] = fmt.Sprintf("%s (%s, %s)", n.Name, n.Role, n.Address)
		if n.MAC != nil {
			list[i] = fmt.Sprintf("%s (%s, %s, network card %s)", n.Name, n.Role, n.Address, n.MAC)
		}
	}
	return strings.Join(list, ", ")
}

func nodeNames(nodes []Node) string { return strings.Join(names(nodes), " or ") }

func names(nodes []Node) []string {
	list := make([]string, len(nodes))
	for i, n := range nodes {
		list[i] = n.Name
	}
	return list
}

func macList(macs []net.HardwareAddr) string {
	if len(macs) == 0 {
		return "none"
	}
	list := make([]string, len(macs))
	for i, mac := range macs {
		list[i] = mac.String()
	}
	return strings.Join(list, ", ")
}
