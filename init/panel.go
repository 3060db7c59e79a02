package main

import (
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
	fmt.Fprintf(&text, "twinlb %s (%s) %s\n", p.Node.Name, p.Node.Role, p.Node.Address)
	for _, vip := range p.Node.VIPs {
		fmt.Fprintf(&text, "  VIP      %-22s %s\n", vip, holder(p))
	}
	fmt.Fprintf(&text, "  node     %-22s %s\n", stance(p.Node.VRRP), p.Node.VRRP.Reason)
	for _, peer := range p.Peers {
		fmt.Fprintf(&text, "  peer     %-22s %s\n", peer.Name, said(peer))
	}
	for _, b := range p.Node.Backends {
		fmt.Fprintf(&text, "  backend  %-22s %-5s %s/%s %s\n", b.Address, up(b.Up), b.Pool, b.Name, check(b))
	}
	return text.String()
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

func said(peer status.Peer) string {
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
