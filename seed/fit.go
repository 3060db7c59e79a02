package seed

import (
	"bytes"
	"fmt"
	"net/netip"
	"slices"

	"twinlb/seed/netconfig"
	"twinlb/seed/strict"
)

// networkOf is the network of the i-th node's machine as the network-config has it,
// with Traffic and Management, unless it does not suit that node.
func (p *Pair) networkOf(i int) (n netconfig.Network, problems, warnings strict.Problems) {
	f := &nodeFitter{
		Document: p.Machine.Document.Afresh(),
		pair:     p, node: p.Nodes[i], links: p.Machine.Placed,
	}
	if p.Hostname != "" && p.Hostname != f.node.Name {
		f.whole("is that of %s, as local-hostname says, not of %s", p.Hostname, f.node.Name)
		return netconfig.Network{}, f.Problems, nil
	}
	f.others()
	traffic := f.traffic()
	management := f.management(traffic)
	f.cards()
	f.gateways()
	n = p.Machine.Network
	if traffic != nil {
		n.Traffic = traffic.ID
	}
	if management != nil {
		n.Management = management.ID
	}
	f.Problems.Sort()
	return n, f.Problems, f.Warnings
}

type nodeFitter struct {
	*strict.Document
	pair  *Pair
	node  Node
	links []netconfig.PlacedLink
}

// whole reports the network-config as a whole.
func (f *nodeFitter) whole(format string, args ...any) {
	f.Problems = append(f.Problems, f.ProblemsAt("", format, args...)...)
}

// others finds addresses of other machines.
func (f *nodeFitter) others() {
	for _, l := range f.links {
		for i, a := range l.Addresses {
			if owner := f.pair.owner(a.Addr(), f.node); owner != "" {
				f.ReportAt(l.AddressPaths[i], "%s is %s, and this is the network-config of %s", a.Addr(), owner, f.node.Name)
			}
		}
	}
}

// owner tells what has an address in the seed besides the node.
func (p *Pair) owner(addr netip.Addr, node Node) string {
	if slices.Contains(p.VIPs, addr) {
		return "a VIP, which keepalived adds while it is master"
	}
	if slices.Contains(p.Gateways, addr) {
		return "the gateway"
	}
	for _, n := range p.Nodes {
		if n.Name != node.Name && slices.ContainsFunc(n.Addresses(), func(a netip.Prefix) bool { return a.Addr() == addr }) {
			return "the address of " + n.Name
		}
	}
	for _, pool := range p.Pools {
		for _, b := range pool.Backends {
			if b.Address == addr {
				return "the address of the backend " + b.Name
			}
		}
	}
	return ""
}

// traffic finds the link with the node addresses: the one that has them, or else the
// only one that may get the first by DHCP.
func (f *nodeFitter) traffic() *netconfig.PlacedLink {
	var found *netconfig.PlacedLink
	for i, l := range f.links {
		for k, a := range l.Addresses {
			want := f.node.Address
			if f.node.Second.IsValid() && a.Addr() == f.node.Second.Addr() {
				want = f.node.Second
			}
			switch {
			case a.Addr() != want.Addr():
				continue
			case a != want:
				f.ReportAt(l.AddressPaths[k], "%s has the prefix length %d in user-data; write %s", a.Addr(), want.Bits(), want)
			case found != nil && found.ID != l.ID:
				f.ReportAt(l.AddressPaths[k], "%s is on another link than %s; both node addresses must be on one", a.Addr(), f.node.Address.Addr())
			}
			found = &f.links[i]
		}
	}
	if found == nil {
		found = f.dynamicTraffic()
	}
	if found == nil {
		return nil
	}
	for _, want := range f.node.Addresses() {
		has := func(a netip.Prefix) bool { return a.Addr() == want.Addr() }
		switch {
		case slices.ContainsFunc(f.links, func(l netconfig.PlacedLink) bool { return slices.ContainsFunc(l.Addresses, has) }):
		case !found.Dynamic(want.Addr()):
			f.ReportAt(found.Path, "lacks the address %s of %s", want, f.node.Name)
		default:
			f.WarnAt(found.DHCPPath(want.Addr()), "the node address of %s comes from the network; it must always be %s, as the other nodes expect, so reserve it there", f.node.Name, want)
		}
	}
	return found
}

func (f *nodeFitter) dynamicTraffic() *netconfig.PlacedLink {
	var found []*netconfig.PlacedLink
	for i := range f.links {
		if l := &f.links[i]; l.Dynamic(f.node.Address.Addr()) && (f.node.Management == nil || !f.node.Management.isOn(&l.Link)) {
			found = append(found, l)
		}
	}
	named := slices.IndexFunc(found, func(l *netconfig.PlacedLink) bool {
		return f.node.Interface != "" && isCalled(&l.Link, f.node.Interface) || f.node.MAC != nil && bytes.Equal(l.Match.MAC, f.node.MAC)
	})
	switch {
	case named >= 0:
		return found[named]
	case len(found) == 0:
		f.whole("no link has the address %s of %s; write it into addresses", f.node.Address, f.node.Name)
		return nil
	case len(found) > 1:
		f.ReportAt(found[1].Path, "may get the address %s of %s, and so may %s; write the address where it belongs", f.node.Address, f.node.Name, found[0].ID)
		return nil
	}
	return found[0]
}

// isCalled reports whether a name means the link: as its ID, or the interface.
func isCalled(l *netconfig.Link, name string) bool {
	return l.ID == name || l.Name == name || l.Match.Name == name
}

// isOn reports whether all that the seed says of the interface fits the link.
func (m *Management) isOn(l *netconfig.Link) bool {
	switch {
	case m.Interface != "":
		return isCalled(l, m.Interface)
	case m.MAC != nil:
		return bytes.Equal(l.Match.MAC, m.MAC)
	}
	return m.Address.IsValid() && slices.ContainsFunc(l.Addresses, func(a netip.Prefix) bool { return a.Addr() == m.Address.Addr() })
}

func (f *nodeFitter) management(traffic *netconfig.PlacedLink) *netconfig.PlacedLink {
	m := f.node.Management
	if m == nil {
		return nil
	}
	i := slices.IndexFunc(f.links, func(l netconfig.PlacedLink) bool { return m.isOn(&l.Link) })
	if i < 0 {
		f.whole("no link is the one for management, %s", m)
		return nil
	}
	l := &f.links[i]
	static := slices.Contains(l.Addresses, m.Address)
	switch {
	case traffic != nil && traffic.ID == l.ID:
		f.ReportAt(l.Path, "is the link for management, %s, and carries the traffic too; leave the key management out of user-data, or take another link", m)
	case m.Address.IsValid() && !static && !l.Dynamic(m.Address.Addr()):
		f.ReportAt(l.Path, "lacks the management address %s of %s", m.Address, f.node.Name)
	case len(l.Addresses) == 0 && !l.DHCPv4 && !l.DHCPv6 && !l.AcceptRA:
		f.ReportAt(l.Path, "is the link for management, %s, and has no address", m)
	}
	return l
}

// String is how a seed names the interface.
func (m *Management) String() string {
	switch {
	case m.Interface != "":
		return "interface " + m.Interface
	case m.MAC != nil:
		return "macaddress " + m.MAC.String()
	}
	return fmt.Sprint("address ", m.Address)
}

// cards checks that the machine may have the network card that the seed gives the
// node, and the interface.
func (f *nodeFitter) cards() {
	if mac := f.node.MAC; mac != nil && !slices.ContainsFunc(f.links, func(l netconfig.PlacedLink) bool {
		return l.Kind == netconfig.Ethernet && (l.Match.MAC == nil || bytes.Equal(l.Match.MAC, mac))
	}) {
		f.whole("no link has the MAC address %s of %s", mac, f.node.Name)
	}
	if name := f.node.Interface; name != "" && !slices.ContainsFunc(f.links, func(l netconfig.PlacedLink) bool {
		return isCalled(&l.Link, name) || l.Kind == netconfig.Ethernet && l.Match.Name == "" && l.Name == ""
	}) {
		f.whole("no link is called %s, the interface of %s", name, f.node.Name)
	}
}

// gateways checks that the default routes of user-data are there: the network is set
// up as network-config has it.
func (f *nodeFitter) gateways() {
	for _, g := range f.pair.Gateways {
		var other netip.Addr
		found := false
		for _, l := range f.links {
			for _, r := range l.Routes {
				if r.To.Bits() == 0 && r.To.Addr().Is4() == g.Is4() {
					found = found || r.Via == g
					other = r.Via
				}
			}
			found = found || l.Dynamic(g)
		}
		switch {
		case found:
		case other.IsValid():
			f.whole("the default route is via %s, and twinlb.gateway says %s; leave gateway out of user-data, or write the same", other, g)
		default:
			f.whole("there is no default route, and twinlb.gateway says %s; write it here too, or leave it out of user-data", g)
		}
	}
}
