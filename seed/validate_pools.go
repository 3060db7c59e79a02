package seed

import (
	"net/netip"
	"slices"

	"twinlb/seed/strict"
)

func (v *validator) pools() {
	names, ports := uniqueness[string]{}, uniqueness[uint16]{}
	for i, p := range v.Pools {
		path := strict.Index("pools", i)
		names.check(v, path+".name", p.Name)
		ports.check(v, path+".port", p.Port)
		if use := portsInUse[p.Port]; use != "" {
			v.ReportAt(path+".port", "%d is %s on a node; choose another", p.Port, use)
		}
		v.allowed(path+".allow", p.Allow)
		v.backends(path+".backends", p.Backends)
	}
	v.accounts()
}

// accounts reports a check account that would need two methods on one server.
func (v *validator) accounts() {
	type account struct {
		server netip.AddrPort
		user   string
	}
	type use struct {
		pool int
		auth Auth
	}
	uses := map[account]use{}
	for i, p := range v.Pools {
		for _, b := range p.Backends {
			a := account{netip.AddrPortFrom(b.Address, b.Port), p.Check.User}
			first, seen := uses[a]
			switch {
			case !b.Address.IsValid() || b.Port == 0 || p.Check.User == "" || p.Check.Auth == "":
			case !seen:
				uses[a] = use{i, p.Check.Auth}
			case first.auth != p.Check.Auth:
				v.ReportAt(strict.Index("pools", i)+".check.auth", "%s logs in to %s (%s) by %s, but by %s in %s; an account has one method, so take another user here",
					p.Check.User, b.Name, a.server, p.Check.Auth, first.auth, strict.Index("pools", first.pool))
			}
		}
	}
}

// portsInUse are the ports that a node itself listens on.
var portsInUse = map[uint16]string{
	22:   "the port of SSH",
	8404: "the port of HAProxy's statistics and metrics",
	8406: "the port of the node's metrics",
}

func (v *validator) allowed(path string, networks []netip.Prefix) {
	seen := uniqueness[netip.Prefix]{}
	for i, n := range networks {
		if n.IsValid() && n != n.Masked() {
			v.ReportAt(strict.Index(path, i), "%s is an address in a network, not the network; write %s, or %s for that address alone", n, n.Masked(), n.Addr())
		}
		seen.check(v, strict.Index(path, i), n)
	}
}

func (v *validator) backends(path string, backends []Backend) {
	if len(backends) > 0 && !slices.ContainsFunc(backends, func(b Backend) bool { return !b.Backup }) {
		v.ReportAt(path, "all backends have backup: true; at least one must be without it")
	}
	names, servers := uniqueness[string]{}, uniqueness[netip.AddrPort]{}
	for i, b := range backends {
		path := strict.Index(path, i)
		names.check(v, path+".name", b.Name)
		if !b.Address.IsValid() {
			continue
		}
		if b.Port != 0 {
			servers.check(v, path+".address", netip.AddrPortFrom(b.Address, b.Port))
		}
		v.reachable(path+".address", b.Address)
	}
}
