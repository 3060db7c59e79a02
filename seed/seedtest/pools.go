package seedtest

import (
	"fmt"
	"net/netip"
	"strings"
)

func (g *generator) pools() {
	g.line("  pools:")
	port := 3306
	clear(g.names)
	var names []string
	for range 1 + g.IntN(4) {
		names = append(names, g.name("mysql", "mysql_vip", "mysql_node", "metrics", "default", "0-0_0", strings.Repeat("p", 63)))
	}
	for _, name := range names {
		g.line("    - name: %s", name)
		g.line("      port: %d", port)
		port += 1 + g.IntN(1000)
		g.line("      balance: %s", pick(g, "roundrobin", "leastconn", "first", "source"))
		if g.often() {
			// An account has one method.
			account := pick(g, [2]string{"haproxy_check", "native"}, [2]string{"Check.0-9", "sha2"}, [2]string{strings.Repeat("u", 32), "native"})
			g.line("      check: {user: %s, auth: %s}", account[0], account[1])
		}
		g.allow()
		if g.seldom() {
			g.line("      proxy_protocol: v2")
		}
		g.backends()
	}
}

// allow writes networks of clients of either family, at times more than a line of
// haproxy.cfg takes.
func (g *generator) allow() {
	if g.often() {
		return
	}
	var networks []string
	for i := range pick(g, 1, 3, 100) {
		networks = append(networks, pick(g,
			fmt.Sprintf("10.%d.0.0/16", i), fmt.Sprintf("192.0.2.%d", i), fmt.Sprintf("2001:db8:%x::/48", i+1), fmt.Sprintf("fd00::%x", i+1)))
	}
	g.line("      allow: [%s]", strings.Join(networks, ", "))
}

func (g *generator) backends() {
	g.line("      backends:")
	clear(g.names)
	for i := range 1 + g.IntN(5) {
		fields := []string{
			"name: " + g.name("mysql1", "mysql2", "backup", "check", "0", "no_check-1", strings.Repeat("b", 63)),
			"address: " + g.server().String(),
		}
		for _, option := range []string{
			fmt.Sprintf("port: %d", 1+g.IntN(65535)),
			fmt.Sprintf("backup: %t", i > 0 && g.often()),
			fmt.Sprintf("weight: %d", pick(g, 1, 2, 3, 100, 256)),
			fmt.Sprintf("maxconn: %d", pick(g, 1, 500, 100000)),
			"slowstart: " + pick(g, "1s", "30s", "1h", "1.5s"),
		} {
			if g.seldom() {
				fields = append(fields, option)
			}
		}
		g.line("        - {%s}", strings.Join(fields, ", "))
	}
}

// server is the address of a backend: beside the nodes, or beyond a gateway.
func (g *generator) server() netip.Addr {
	switch n := pick(g, g.nets...); {
	case !n.gateway.IsValid() || g.seldom():
		return n.next()
	case n.Addr().Is4():
		return g.beyond4.next()
	default:
		return g.beyond6.next()
	}
}
