package seed

import (
	"net/netip"
	"slices"

	"twinlb/seed/strict"
)

// validate finds what makes a pair of well-formed values one that cannot work.
// A zero value is one that could not be decoded, and is passed over.
func validate(p *Pair, d *strict.Document, configured bool) {
	v := &validator{Pair: p, Document: d, configured: configured, taken: uniqueness[netip.Addr]{}}
	v.roles()
	v.nodes()
	v.families()
	v.management()
	v.unclear.family = v.anyFaultyAddress()
	v.gateways()
	v.unclear.gateway = v.FaultyWithin("gateway")
	v.vips()
	v.pools()
}

type validator struct {
	*Pair
	*strict.Document
	configured bool // by a network-config, which may be one that could not be read
	subnets    subnets
	taken      uniqueness[netip.Addr] // of nodes, gateways and VIPs
	unclear    unclear
}

// unclear is what can't be told of, since a value could not be decoded.
type unclear struct {
	family  bool // whether the nodes have one
	gateway bool
}

func (v *validator) roles() {
	if len(v.Nodes) == 0 {
		return
	}
	hasRole := func(r Role) func(Node) bool { return func(n Node) bool { return n.Role == r } }
	master := slices.IndexFunc(v.Nodes, hasRole(Master))
	switch {
	case slices.ContainsFunc(v.Nodes, hasRole("")):
	case len(v.Nodes) == 1:
	case master < 0:
		v.ReportAt("nodes", "no node has the role master; give it to the first")
	case master > 0:
		v.ReportAt(strict.Index("nodes", master)+".role", "the master must be the first node, for the order of the nodes is the order in which they take the VIP")
	}
	for i, n := range v.Nodes {
		if n.Role == Master && i > master {
			v.ReportAt(strict.Index("nodes", i)+".role", "%s is master already; a pair has one", strict.Index("nodes", master))
		}
	}
}

func (v *validator) nodes() {
	names, macs := uniqueness[string]{}, uniqueness[string]{}
	for i, n := range v.Nodes {
		path := strict.Index("nodes", i)
		names.check(v, path+".name", n.Name)
		macs.check(v, path+".match.macaddress", n.MAC.String())
		if n.Interface != "" && n.MAC != nil {
			v.ReportAt(path+".interface", "interface and match both choose the network interface; write one of them")
		}
		if m := n.Management; m != nil {
			macs.check(v, path+".management.match.macaddress", m.MAC.String())
		}
		for k, a := range n.Addresses() {
			if a.IsValid() {
				v.nodeAddress(v.addressPath(i, k), a)
			}
		}
	}
}

// addressPath is where the k-th address of the i-th node stands: in a list or alone.
func (v *validator) addressPath(i, k int) string {
	path := strict.Index("nodes", i) + ".address"
	if item := strict.Index(path, k); v.Written(item) {
		return item
	}
	return path
}

func (v *validator) nodeAddress(path string, a netip.Prefix) {
	subnet := v.subnets.of(a.Addr())
	if !subnet.IsValid() {
		*subnet = a.Masked()
	}
	if a.Masked() != *subnet {
		v.ReportAt(path, "%s is in the subnet %s, but the nodes before are in %s; all must be in one", a, a.Masked(), subnet)
	}
	v.hostAddress(path, a.Addr(), a)
	v.taken.check(v, path, a.Addr())
}

// families checks that all nodes have addresses of the same families, in the same
// order: VRRP speaks over the first, and the VIPs must fit every node.
func (v *validator) families() {
	for i, n := range v.Nodes {
		first := v.Nodes[0]
		switch {
		case !n.Address.IsValid() || !first.Address.IsValid(), v.FaultyWithin(strict.Index("nodes", i) + ".address"), v.FaultyWithin("nodes[0].address"):
		case n.Second.IsValid() && family(n.Second.Addr()) == family(n.Address.Addr()):
			v.ReportAt(v.addressPath(i, 1), "%s is a second %s address; a node has at most one of each family", n.Second, family(n.Second.Addr()))
		case family(n.Address.Addr()) != family(first.Address.Addr()):
			v.ReportAt(v.addressPath(i, 0), "%s comes first, but nodes[0] has its %s address first, and the nodes speak VRRP over that; all must be of one family",
				n.Address, family(first.Address.Addr()))
		case n.Second.IsValid() && !first.Second.IsValid():
			v.ReportAt(v.addressPath(i, 1), "nodes[0] has no %s address; give one to all nodes or to none", family(n.Second.Addr()))
		case !n.Second.IsValid() && first.Second.IsValid():
			v.ReportAt(v.addressPath(i, 0), "nodes[0] has an %s address too; give one to all nodes or to none", family(first.Second.Addr()))
		}
	}
}

func (v *validator) management() {
	for i, n := range v.Nodes {
		m, path := n.Management, strict.Index("nodes", i)+".management"
		if m == nil || v.Faulty(path) {
			continue
		}
		switch {
		case m.Interface != "" && m.MAC != nil:
			v.ReportAt(path+".interface", "interface and match both choose the network interface; write one of them")
		case m.Interface == "" && m.MAC == nil && !v.Faulty(path+".interface") && !v.Faulty(path+".match") && !v.configured:
			v.ReportAt(path, "which interface is it? write interface: eth1, for example, or match: {macaddress: …}")
		case m.Interface != "" && m.Interface == n.Interface:
			v.ReportAt(path+".interface", "%s carries the traffic; management needs an interface of its own, or leave the key management out", m.Interface)
		}
		if !m.Address.IsValid() {
			if !v.configured && !v.Faulty(path+".address") {
				v.ReportAt(path, "the key address is missing; without a network-config nothing else tells it")
			}
			continue
		}
		v.managementAddress(path+".address", m.Address)
	}
}

func (v *validator) managementAddress(path string, a netip.Prefix) {
	v.hostAddress(path, a.Addr(), a)
	v.taken.check(v, path, a.Addr())
	if subnet := v.subnets.of(a.Addr()); subnet.IsValid() && subnet.Overlaps(a) {
		v.ReportAt(path, "%s overlaps the nodes' subnet %s; two interfaces in one subnet answer for each other", a, subnet)
	}
}

// uniqueness remembers the path at which each of some values was seen first.
type uniqueness[T comparable] map[T]string

func (u uniqueness[T]) check(v *validator, path string, value T) {
	var undecoded T
	if value == undecoded {
		return
	}
	if first, seen := u[value]; seen {
		v.ReportAt(path, "%v is %s already", value, first)
		return
	}
	u[value] = path
}
