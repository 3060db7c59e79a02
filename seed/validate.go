package seed

import (
	"net/netip"
	"slices"
)

// validate finds what makes a pair of well-formed values one that cannot work.
// A zero value is one that could not be decoded, and is passed over.
func validate(p *Pair, d *decoder) {
	v := &validator{Pair: p, decoder: d, taken: uniqueness[netip.Addr]{}}
	v.roles()
	v.nodes()
	v.gateway()
	v.vips()
	v.pools()
}

type validator struct {
	*Pair
	*decoder
	subnet netip.Prefix           // of the nodes, as the first has it
	taken  uniqueness[netip.Addr] // of nodes, gateway and VIPs
}

func (v *validator) roles() {
	switch n := len(v.Nodes); {
	case n < 2:
		v.reportAt("nodes", "a pair needs two nodes or more, not %d", n)
		return
	case n > MaxNodes:
		v.reportAt("nodes", "at most %d nodes are possible, not %d: their priorities have to stay apart", MaxNodes, n)
	}
	hasRole := func(r Role) func(Node) bool { return func(n Node) bool { return n.Role == r } }
	master := slices.IndexFunc(v.Nodes, hasRole(Master))
	switch {
	case slices.ContainsFunc(v.Nodes, hasRole("")):
	case master < 0:
		v.reportAt("nodes", "no node has the role master; give it to the first")
	case master > 0:
		v.reportAt(index("nodes", master)+".role", "the master must be the first node, for the order of the nodes is the order in which they take the VIP")
	}
	for i, n := range v.Nodes {
		if n.Role == Master && i > master {
			v.reportAt(index("nodes", i)+".role", "%s is master already; a pair has one", index("nodes", master))
		}
	}
}

func (v *validator) nodes() {
	names, macs := uniqueness[string]{}, uniqueness[string]{}
	for i, n := range v.Nodes {
		path := index("nodes", i)
		names.check(v, path+".name", n.Name)
		macs.check(v, path+".match.macaddress", n.MAC.String())
		if n.Interface != "" && n.MAC != nil {
			v.reportAt(path+".interface", "interface and match both choose the network interface; write one of them")
		}
		if !n.Address.IsValid() {
			continue
		}
		if !v.subnet.IsValid() {
			v.subnet = n.Address.Masked()
		}
		if n.Address.Masked() != v.subnet {
			v.reportAt(path+".address", "%s is in the subnet %s, but the nodes before are in %s; all must be in one", n.Address, n.Address.Masked(), v.subnet)
		}
		v.hostAddress(path+".address", n.Address.Addr(), n.Address)
		v.taken.check(v, path+".address", n.Address.Addr())
	}
}

func (v *validator) gateway() {
	if !v.Gateway.IsValid() {
		return
	}
	v.onLink("gateway", v.Gateway)
	v.taken.check(v, "gateway", v.Gateway)
}

func (v *validator) vips() {
	if len(v.VIPs) == 0 {
		v.reportAt("vips", "a pair needs at least one VIP, the address that clients use")
	}
	for i, vip := range v.VIPs {
		if vip.IsValid() {
			v.onLink(index("vips", i), vip)
			v.taken.check(v, index("vips", i), vip)
		}
	}
}

func (v *validator) pools() {
	if len(v.Pools) == 0 {
		v.reportAt("pools", "a pair needs at least one pool, a port with servers behind it")
	}
	names, ports := uniqueness[string]{}, uniqueness[uint16]{}
	for i, p := range v.Pools {
		path := index("pools", i)
		names.check(v, path+".name", p.Name)
		ports.check(v, path+".port", p.Port)
		if use := portsInUse[p.Port]; use != "" {
			v.reportAt(path+".port", "%d is %s on a node; choose another", p.Port, use)
		}
		v.backends(path+".backends", p.Backends)
	}
}

// portsInUse are the ports that a node itself listens on.
var portsInUse = map[uint16]string{
	22:   "the port of SSH",
	8404: "the port of HAProxy's statistics and metrics",
}

func (v *validator) backends(path string, backends []Backend) {
	if len(backends) == 0 {
		v.reportAt(path, "a pool needs at least one backend")
	} else if !slices.ContainsFunc(backends, func(b Backend) bool { return !b.Backup }) {
		v.reportAt(path, "all backends have backup: true; at least one must be without it")
	}
	names, servers := uniqueness[string]{}, uniqueness[netip.AddrPort]{}
	for i, b := range backends {
		path := index(path, i)
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

// reachable reports a backend where a node can't find a server. The gateway may be one.
func (v *validator) reachable(path string, addr netip.Addr) {
	switch owner := v.taken[addr]; {
	case owner != "" && addr != v.Gateway:
		v.reportAt(path, "%s is %s, so connections would come back to the balancer; write the address of the MySQL server", addr, owner)
	case !v.subnet.IsValid():
	case v.subnet.Contains(addr):
		v.hostAddress(path, addr, v.subnet)
	case !v.Gateway.IsValid() && !v.faulty["gateway"]:
		v.reportAt(path, "%s is outside the nodes' subnet %s, and without a gateway there is no way to it", addr, v.subnet)
	}
}

// onLink reports an address that must be in the nodes' subnet and is not.
func (v *validator) onLink(path string, addr netip.Addr) {
	if !v.subnet.IsValid() {
		return
	}
	if !v.subnet.Contains(addr) {
		v.reportAt(path, "%s is outside the nodes' subnet %s", addr, v.subnet)
		return
	}
	v.hostAddress(path, addr, v.subnet)
}

// hostAddress reports the two addresses of a subnet that belong to no machine.
func (v *validator) hostAddress(path string, addr netip.Addr, subnet netip.Prefix) {
	switch addr {
	case subnet.Masked().Addr():
		v.reportAt(path, "%s is the address of the subnet %s itself, not of a machine in it", addr, subnet.Masked())
	case broadcast(subnet):
		v.reportAt(path, "%s is the broadcast address of the subnet %s", addr, subnet.Masked())
	}
}

// broadcast returns the last address of a subnet.
func broadcast(subnet netip.Prefix) netip.Addr {
	last := subnet.Addr().AsSlice()
	for bit := subnet.Bits(); bit < 8*len(last); bit++ {
		last[bit/8] |= 0x80 >> (bit % 8)
	}
	addr, _ := netip.AddrFromSlice(last)
	return addr
}

// uniqueness remembers the path at which each of some values was seen first.
type uniqueness[T comparable] map[T]string

func (u uniqueness[T]) check(v *validator, path string, value T) {
	var undecoded T
	if value == undecoded {
		return
	}
	if first, seen := u[value]; seen {
		v.reportAt(path, "%v is %s already", value, first)
		return
	}
	u[value] = path
}
