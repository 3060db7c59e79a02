package main

import (
	"fmt"
	"strings"
	"time"

	"twinlb/init/failover"
	"twinlb/services/keepalived"
)

// status is what a console shows of the node. It changes only when there is
// something new to see.
func (b *balancer) status(s failover.Status) string {
	spec := b.node.spec
	var text strings.Builder
	fmt.Fprintf(&text, "twinlb %s (%s) %s\n", spec.Node.Name, spec.Node.Role, spec.Node.Address)
	for _, vip := range spec.VIPs {
		fmt.Fprintf(&text, "  VIP      %-22s %s\n", vip, b.holder(s))
	}
	fmt.Fprintf(&text, "  node     %-22s %s\n", able(s.Decision), s.Decision.Reason)
	for _, server := range s.Servers {
		fmt.Fprintf(&text, "  backend  %-22s %-5s %s/%s %s\n", server.Address, up(server.Up), server.Pool, server.Name, check(server.Check, server.Detail))
	}
	return text.String()
}

// holder says where a VIP is, as far as this node can know: a backup that hears
// no adverts becomes master when the dead time is over.
func (b *balancer) holder(s failover.Status) string {
	deadTime := 4 * b.node.spec.VRRP.AdvertInterval
	switch {
	case s.State == keepalived.StateMaster:
		return "held by this node"
	case s.State == keepalived.StateFault:
		return "not here: this node may not hold it"
	case s.State != keepalived.StateBackup || time.Since(s.Since) < deadTime:
		return "not here: the election is not over"
	case len(b.node.spec.Peers) == 1:
		return "held by the peer " + b.node.spec.Peers[0].Name
	}
	return "held by a peer"
}

func able(d failover.Decision) string {
	switch {
	case !d.Able:
		return "may not hold the VIP"
	case d.Preference < 0:
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

// check describes a server's last check in one line.
func check(result, detail string) string {
	if detail == "" || strings.HasPrefix(result, "L7OK") {
		return result
	}
	return result + " " + detail
}
