package seed

import (
	"cmp"
	"fmt"
	"net"
	"net/netip"
	"path/filepath"

	"twinlb/seed/netconfig"
	"twinlb/seed/strict"
)

// lintPairs reports what seeds that are each good do to one another. Several with
// the same user-data are one pair, with the network-configs of several machines.
func lintPairs(seeds []*placed) {
	for i, s := range seeds {
		for _, other := range seeds[:i] {
			if s.digest == other.digest {
				s.sameNode(other)
				s.sameMTU(other)
				continue
			}
			s.sameAddresses(other)
			s.sameCards(other)
			s.sameVirtualRouter(other)
		}
		for _, other := range seeds {
			if s.digest != other.digest {
				s.throughBalancer(other)
			}
		}
	}
}

// owned are the addresses that a pair puts on its machines, each with its path.
func (s *placed) owned(each func(addr netip.Addr, path string)) {
	for i, vip := range s.VIPs {
		each(vip, strict.Index("vips", i))
	}
	for i, n := range s.Nodes {
		path := strict.Index("nodes", i)
		for k, a := range n.Addresses() {
			if item := strict.Index(path+".address", k); s.Written(item) {
				each(a.Addr(), item)
				continue
			}
			each(a.Addr(), path+".address")
		}
		if m := n.Management; m != nil && m.Address.IsValid() {
			each(m.Address.Addr(), path+".management.address")
		}
	}
}

// owners are the owned addresses by their path.
func (s *placed) owners() map[netip.Addr]string {
	owners := map[netip.Addr]string{}
	s.owned(func(addr netip.Addr, path string) { owners[addr] = path })
	return owners
}

func (s *placed) sameAddresses(other *placed) {
	owners := other.owners()
	s.owned(func(addr netip.Addr, path string) {
		if owner := owners[addr]; owner != "" {
			s.ReportAt(path, "%s is %s of %s too", addr, owner, other.name)
		}
	})
}

func (s *placed) sameCards(other *placed) {
	cards := map[string]string{}
	other.cards(func(mac net.HardwareAddr, path string) { cards[mac.String()] = path })
	s.cards(func(mac net.HardwareAddr, path string) {
		if owner := cards[mac.String()]; owner != "" {
			s.ReportAt(path, "%s is %s of %s too; a network interface has a MAC address of its own", mac, owner, other.name)
		}
	})
}

func (s *placed) cards(each func(mac net.HardwareAddr, path string)) {
	for i, n := range s.Nodes {
		path := strict.Index("nodes", i)
		if n.MAC != nil {
			each(n.MAC, path+".match.macaddress")
		}
		if m := n.Management; m != nil && m.MAC != nil {
			each(m.MAC, path+".management.match.macaddress")
		}
	}
}

// sameVirtualRouter only warns: nodes hear the adverts of their own peers alone. A
// router beside them may not be as careful.
func (s *placed) sameVirtualRouter(other *placed) {
	if s.VRRP.VirtualRouterID != other.VRRP.VirtualRouterID {
		return
	}
	for _, a := range s.Nodes[0].Addresses() {
		for _, b := range other.Nodes[0].Addresses() {
			if a.Masked().Overlaps(b.Masked()) {
				s.WarnAt("vrrp.virtual_router_id", "%d is that of %s too, in the same subnet %s; give each pair one of its own",
					s.VRRP.VirtualRouterID, other.name, a.Masked())
				return
			}
		}
	}
}

// throughBalancer warns of ways that lead through the other pair, and reports
// those that lead back.
func (s *placed) throughBalancer(other *placed) {
	owners, own := other.owners(), s.owners()
	back := ""
	eachBackend(other.Pair, func(path string, b Backend) {
		if own[b.Address] != "" && back == "" {
			back = path
		}
	})
	eachBackend(s.Pair, func(path string, b Backend) {
		switch owner := owners[b.Address]; {
		case owner == "":
		case back != "":
			s.ReportAt(path+".address", "%s is %s of %s, and %s there leads back here, so that connections circle between the balancers; write the address of a MySQL server",
				b.Address, owner, other.name, back)
		default:
			s.WarnAt(path+".address", "%s is %s of %s, so connections pass two balancers; write the addresses of the MySQL servers to pass one", b.Address, owner, other.name)
		}
	})
	for i, g := range s.Gateways {
		path := "gateway"
		if item := strict.Index(path, i); s.Written(item) {
			path = item
		}
		if owner := owners[g]; owner != "" {
			s.ReportAt(path, "%s is %s of %s, and a balancer is no router", g, owner, other.name)
		}
	}
}

// sameNode warns of two machines that take themselves for one node.
func (s *placed) sameNode(other *placed) {
	if s.Hostname == "" || s.Hostname != other.Hostname || s.name == other.name {
		return
	}
	s.Document.Warnings = append(s.Document.Warnings, strict.Problem{
		File:    s.beside(metaDataFile),
		Warning: true,
		Message: fmt.Sprintf("local-hostname is %s, as in %s; two machines can't be one node", s.Hostname, other.beside(metaDataFile)),
	})
}

// sameMTU compares the machines of one pair: after a fail-over a packet that is as
// big as one link takes would get lost at the other.
func (s *placed) sameMTU(other *placed) {
	mine, theirs := s.traffic(), other.traffic()
	if mine == nil || theirs == nil || cmp.Or(mine.MTU, netconfig.DefaultMTU) == cmp.Or(theirs.MTU, netconfig.DefaultMTU) {
		return
	}
	for _, p := range s.Machine.Document.ProblemsAt(mine.Path+".mtu", "the MTU of %s is %s, but %s in %s; the nodes of a pair need the same, for big packets would get lost after a fail-over",
		mine.ID, mtuText(mine.MTU), mtuText(theirs.MTU), other.beside(networkConfigFile)) {
		p.Warning = true
		s.Document.Warnings = append(s.Document.Warnings, p)
	}
}

// traffic is the link of the machine over which clients come; nil when there is no
// network-config.
func (s *placed) traffic() *netconfig.PlacedLink {
	i, _ := s.described()
	if i < 0 {
		return nil
	}
	network, _, _ := s.networkOf(i)
	for k := range s.Machine.Placed {
		if s.Machine.Placed[k].ID == network.Traffic {
			return &s.Machine.Placed[k]
		}
	}
	return nil
}

// beside is the name of another file of the seed.
func (s *placed) beside(file string) string {
	return filepath.Join(filepath.Dir(s.name), file)
}

func mtuText(bytes int) string {
	if bytes == 0 {
		return "not set"
	}
	return fmt.Sprint(bytes)
}
