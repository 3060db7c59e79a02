package seed

import (
	"fmt"
	"slices"
	"strings"
)

// Grants returns the SQL that creates the check accounts on the servers: one for
// each node, with an empty password and no privileges. It may be run again.
//
// "IDENTIFIED WITH plugin" and nothing after it means an empty password to MySQL
// since 5.7.8 and to MariaDB since 10.1.3 alike.
func (p *Pair) Grants() string {
	var b strings.Builder
	b.WriteString("-- Applications reach the servers through the balancer from these addresses, so their\n" +
		"-- accounts must be allowed from each of them:\n")
	fmt.Fprintf(&b, "--   %s\n", strings.Join(p.clientAddresses(), ", "))
	for _, c := range p.checks() {
		b.WriteByte('\n')
		p.writeCheckAccount(&b, c)
	}
	return b.String()
}

// clientAddresses are where connections to the backends come from: what came to
// a VIP leaves from the VIP, what came to a node from the node.
func (p *Pair) clientAddresses() []string {
	var addrs []string
	for _, vip := range p.VIPs {
		addrs = append(addrs, vip.String())
	}
	for _, n := range p.Nodes {
		addrs = append(addrs, n.Address.Addr().String())
	}
	return addrs
}

// checks are the check accounts of all pools, each once.
func (p *Pair) checks() []Check {
	var checks []Check
	for _, pool := range p.Pools {
		if !slices.Contains(checks, pool.Check) {
			checks = append(checks, pool.Check)
		}
	}
	return checks
}

func (p *Pair) writeCheckAccount(b *strings.Builder, c Check) {
	b.WriteString("-- The check account has no password and no privileges: it can log in, and no more.\n" +
		"-- Where validate_password is active, switch it off while you create the account. Run this on\n" +
		"-- every one of these servers; on one of those that replicate accounts to each other:\n")
	for _, server := range p.serversChecked(c) {
		fmt.Fprintf(b, "--   %s\n", server)
	}
	for _, n := range p.Nodes {
		fmt.Fprintf(b, "CREATE USER IF NOT EXISTS %s@%s IDENTIFIED WITH %s;\n",
			sqlString(c.User), sqlString(n.Address.Addr().String()), c.Auth.Plugin())
	}
}

// serversChecked are the backends on which a check account logs in, each once.
func (p *Pair) serversChecked(c Check) []string {
	var servers []string
	for _, pool := range p.Pools {
		if pool.Check != c {
			continue
		}
		for _, s := range pool.Backends {
			line := fmt.Sprintf("%s (%s:%d)", s.Name, s.Address, s.Port)
			if !slices.Contains(servers, line) {
				servers = append(servers, line)
			}
		}
	}
	return servers
}

// sqlString quotes for any sql_mode. Parse lets no backslash through, the
// meaning of which depends on NO_BACKSLASH_ESCAPES.
func sqlString(s string) string {
	return "'" + strings.ReplaceAll(s, "'", "''") + "'"
}
