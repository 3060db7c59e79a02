package seed

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// Grants returns the SQL that creates the check accounts on the servers: one for
// each node address from which a server is checked, with an empty password and no
// privileges. It may be run again.
//
// "IDENTIFIED WITH plugin" and nothing after it means an empty password to MySQL
// since 5.7.8 and to MariaDB since 10.1.3 alike.
func (p *Pair) Grants() string {
	var b strings.Builder
	p.writeApplications(&b)
	for _, c := range p.checks() {
		b.WriteByte('\n')
		p.writeCheckAccount(&b, c)
	}
	return b.String()
}

// writeApplications tells from where the accounts of applications are used. With the
// PROXY protocol a server goes by the client's own address.
func (p *Pair) writeApplications(b *strings.Builder) {
	var hidden []Pool
	for _, pool := range p.Pools {
		if !pool.ProxyProtocol {
			hidden = append(hidden, pool)
		}
	}
	if len(hidden) > 0 {
		b.WriteString("-- Applications reach the servers through the balancer from these addresses, so their\n" +
			"-- accounts must be allowed from each of them:\n")
		fmt.Fprintf(b, "--   %s\n", strings.Join(p.clientAddresses(hidden...), ", "))
	}
	for _, pool := range p.Pools {
		if !pool.ProxyProtocol {
			continue
		}
		fmt.Fprintf(b, "-- On port %d the servers see the clients' own addresses, by the PROXY protocol: there the\n"+
			"-- accounts of applications must be allowed from those", pool.Port)
		if len(pool.Allow) > 0 {
			fmt.Fprintf(b, ", which are in\n--   %s\n", strings.Join(networks(pool.Allow), ", "))
		} else {
			b.WriteString(".\n")
		}
		fmt.Fprintf(b, "-- Each of its servers needs this in its configuration, in one line:\n"+
			"--   proxy-protocol-networks = %s\n", strings.Join(p.clientAddresses(pool), ","))
	}
}

func networks(prefixes []netip.Prefix) []string {
	texts := make([]string, len(prefixes))
	for i, n := range prefixes {
		texts[i] = n.String()
		if n.IsSingleIP() {
			texts[i] = n.Addr().String()
		}
	}
	return texts
}

// clientAddresses are where connections to the backends of the pools come from: what
// came to a VIP leaves from the VIP, what came to a node from the node, and to a
// backend of the other family both from the node's address of that family.
func (p *Pair) clientAddresses(pools ...Pool) []string {
	var addrs []string
	add := func(addr netip.Addr) {
		reaches := func(pool Pool) bool { return hasFamily(pool.Backends, addr) }
		if slices.ContainsFunc(pools, reaches) {
			addrs = append(addrs, addr.String())
		}
	}
	for _, vip := range p.VIPs {
		add(vip)
	}
	for _, n := range p.Nodes {
		for _, a := range n.Addresses() {
			add(a.Addr())
		}
	}
	return addrs
}

// hasFamily reports whether a backend has an address of the family.
func hasFamily(backends []Backend, like netip.Addr) bool {
	return slices.ContainsFunc(backends, func(b Backend) bool { return b.Address.Is4() == like.Is4() })
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
		for _, a := range n.Addresses() {
			if !p.checksFrom(c, a.Addr()) {
				continue
			}
			fmt.Fprintf(b, "CREATE USER IF NOT EXISTS %s@%s IDENTIFIED WITH %s;\n",
				sqlString(c.User), sqlString(a.Addr().String()), c.Auth.Plugin())
		}
	}
}

// checksFrom reports whether the account logs in to a server from the address:
// servers are checked from the node address of their own family.
func (p *Pair) checksFrom(c Check, addr netip.Addr) bool {
	return slices.ContainsFunc(p.Pools, func(pool Pool) bool { return pool.Check == c && hasFamily(pool.Backends, addr) })
}

// serversChecked are the backends on which a check account logs in, each once.
func (p *Pair) serversChecked(c Check) []string {
	var servers []string
	for _, pool := range p.Pools {
		if pool.Check != c {
			continue
		}
		for _, s := range pool.Backends {
			line := fmt.Sprintf("%s (%s)", s.Name, netip.AddrPortFrom(s.Address, s.Port))
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
