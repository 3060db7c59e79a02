package main

import (
	"fmt"
	"strings"

	"twinlb/qemu-tests/client"
	"twinlb/qemu-tests/site"
)

// tour says what is where, and what to try.
func tour(p *site.Pair) string {
	var b strings.Builder
	vip := p.VIP()
	fmt.Fprintf(&b, "\nA pair runs here, in a network of its own.\n\n")
	fmt.Fprintf(&b, "  %-12s %-21s the address that clients use\n", "VIP", vip)
	for _, n := range p.Seed.Nodes[:2] {
		fmt.Fprintf(&b, "  %-12s %-21s %s\n", n.Name, n.Address.Addr(), n.Role)
	}
	for _, s := range p.Servers {
		fmt.Fprintf(&b, "  %-12s %-21s MariaDB, server_id %d\n", s.Name, s.Listen, s.ID)
	}
	query := fmt.Sprintf("mariadb -h %s -P %d -u %s -e \"show variables like 'server_id'\"", vip.Addr(), vip.Port(), client.User)
	if vip.Port() == 3306 {
		query = strings.Replace(query, " -P 3306", "", 1)
	}
	master, backup := p.Node(p.Master).Addr(), p.Node(p.Backup).Addr()
	fmt.Fprintf(&b, "\nTry\n\n")
	for _, try := range []struct{ command, why string }{
		{query, "a server answers, and the next one next time"},
		{fmt.Sprintf("ssh admin@%s stop haproxy", master), "on the master: the VIP moves before it stops"},
		{query, "nobody has noticed"},
		{fmt.Sprintf("ssh admin@%s status", backup), "how the pair is now"},
		{fmt.Sprintf("ssh admin@%s history", backup), "who had the VIP, and why"},
		{fmt.Sprintf("ssh admin@%s start haproxy", master), "well again"},
	} {
		fmt.Fprintf(&b, "  # %s\n  %s\n", try.why, try.command)
	}
	return b.String() + "\n"
}
