package main

import (
	"cmp"
	"fmt"
	"strings"

	"twinlb/init/status"
	"twinlb/services/keepalived"
)

// show puts the node's panel on the consoles.
func (b *balancer) show() { b.node.consoles.Show(panel(b.pair())) }

// panel is what a console shows of a node and its pair. It has no times or counts
// of sessions: it changes only when there is something new to see.
func panel(p *status.Pair) string {
	var text strings.Builder
	fmt.Fprintf(&text, "twinlb %s (%s) %s\n", p.Node.Name, p.Node.Role, strings.TrimSpace(p.Node.Address+" "+p.Node.Second))
	width := widest(p)
	row := func(kind, what, is string) { fmt.Fprintf(&text, "  %-8s %-*s %s\n", kind, width, what, is) }
	for _, vip := range p.Node.VIPs {
		row("VIP", vip, holder(p))
	}
	if p.Node.Management != "" {
		fmt.Fprintf(&text, "  admin    %s\n", p.Node.Management)
	}
	row("node", stance(p.Node.VRRP), p.Node.VRRP.Reason)
	for _, peer := range p.Peers {
		row("peer", peer.Name, tells(peer))
	}
	for _, c := range p.Node.Conflicts {
		if c.Current() {
			row("conflict", cmp.Or(c.By, "somebody"), strings.TrimSpace(string(c.Kind)+" "+c.Address))
		}
	}
	for _, b := range p.Node.Backends {
		row("backend", b.Address, fmt.Sprintf("%-5s %s/%s %s", up(b.Up), b.Pool, b.Name, check(b)))
	}
	return text.String()
}

// widest is how many characters the column of addresses has.
func widest(p *status.Pair) int {
	width := len("192.168.100.100:33060 ") // most are no longer than this
	for _, vip := range p.Node.VIPs {
		width = max(width, len(vip))
	}
	for _, b := range p.Node.Backends {
		width = max(width, len(b.Address))
	}
	return width
}

// holder says where the VIP is, as far as this node knows.
func holder(p *status.Pair) string {
	var names []string
	if p.Node.VRRP.State == string(keepalived.StateMaster) {
		names = append(names, "this node")
	}
	for _, peer := range p.Peers {
		if peer.Heard && peer.Node != nil && peer.Node.VRRP.State == string(keepalived.StateMaster) {
			names = append(names, peer.Name)
		}
	}
	switch {
	case len(names) > 0:
		return "held by " + strings.Join(names, " AND ")
	case p.Node.VRRP.State == string(keepalived.StateFault):
		return "not here: this node may not hold it"
	}
	return "not here: the election is not over"
}

func tells(peer status.Peer) string {
	switch {
	case peer.Node == nil:
		return "not heard yet"
	case !peer.Heard:
		return "NOT HEARD any more"
	}
	return fmt.Sprintf("%s: %s", stance(peer.Node.VRRP), peer.Node.VRRP.Reason)
}

func stance(v status.VRRP) string { return able(v.Able, v.Preference < 0, v.GivesAway) }

func able(is, stepsBack, gives bool) string {
	switch {
	case !is:
		return "may not hold the VIP"
	case gives:
		return "gives the VIP away"
	case stepsBack:
		return "prefers the peer"
	}
	return "may hold the VIP"
}

func up(is bool) string {
	if is {
		return "up"
	}
	return "DOWN"
}

// check describes a backend's last check in one line.
func check(b status.Backend) string {
	if b.Detail == "" || strings.HasPrefix(b.Check, "L7OK") {
		return b.Check
	}
	return b.Check + " " + b.Detail
}
