package netconfig

import (
	"net/netip"
	"slices"

	"twinlb/seed/strict"
)

// checkLinks finds what no machine can have, whichever node it is. A zero value is one
// that could not be decoded, and is passed over.
func checkLinks(links []PlacedLink, d *strict.Document) {
	c := &linkChecker{Document: d, links: links}
	switch {
	case len(links) == 0 && len(d.Problems) == 0:
		d.ReportAt("", "there is no link in it; write one under ethernets, or leave network-config out to have what user-data says")
	case len(links) > maxLinks:
		d.ReportAt("", "has %d links, at most %d are possible", len(links), maxLinks)
		return
	}
	c.names()
	c.bonds()
	c.vlans()
	c.addresses()
	c.routes()
	c.sizes()
}

type linkChecker struct {
	*strict.Document
	links []PlacedLink
}

// link returns the link with the ID; nil when there is none.
func (c *linkChecker) link(id string) *PlacedLink {
	i := slices.IndexFunc(c.links, func(l PlacedLink) bool { return l.ID == id })
	if i < 0 {
		return nil
	}
	return &c.links[i]
}

// unique reports at a path a value that another path has already.
func unique[T comparable](c *linkChecker, seen map[T]string, path string, value T) {
	var none T
	if value == none {
		return
	}
	if first, found := seen[value]; found {
		c.ReportAt(path, "%v is %s already", value, first)
		return
	}
	seen[value] = path
}

func (c *linkChecker) names() {
	ids, names, macs := map[string]string{}, map[string]string{}, map[string]string{}
	for _, l := range c.links {
		// In version 2 an ID is a key and has no place of its own.
		at := l.Path
		if c.Written(l.Path + l.keys.name) {
			at += l.keys.name
		}
		unique(c, ids, at, l.ID)
		if !c.Faulty(at) {
			unique(c, names, at, l.kernelName())
		}
		unique(c, macs, l.Path+l.keys.mac, l.Match.MAC.String())
	}
}

// kernelName is the name that the interface will have, as far as that is known.
func (l Link) kernelName() string {
	if l.Name != "" {
		return l.Name
	}
	if name, err := InterfaceName(l.Match.Name); err == nil {
		return name
	}
	return ""
}

func (c *linkChecker) bonds() {
	bondOf := map[string]string{}
	for _, l := range c.links {
		if l.Kind != BondLink {
			continue
		}
		if len(l.Bond.Members) == 0 {
			c.ReportAt(l.Path, "has no member; a bond has two interfaces or more, of which one carries the traffic")
		}
		for i, id := range l.Bond.Members {
			c.member(l.members[i], id)
			unique(c, bondOf, l.members[i], id)
		}
		if p := l.Bond.Primary; p != "" && !slices.Contains(l.Bond.Members, p) {
			c.ReportAt(l.Path+l.keys.primary, "%s is no member of the bond", p)
		}
		if l.Bond.UpDelay%max(l.Bond.Monitor, 1) != 0 {
			c.ReportAt(l.Path+l.keys.upDelay, "%s is no multiple of %s, the time between two looks at the link", l.Bond.UpDelay, l.Bond.Monitor)
		}
	}
}

// member checks a member of a bond, which is an interface and has nothing of its own.
func (c *linkChecker) member(path, id string) {
	if id == "" {
		return
	}
	switch m := c.link(id); {
	case m == nil:
		c.ReportAt(path, "%s is no link of this network-config", id)
	case m.Kind != Ethernet:
		c.ReportAt(path, "%s is a %s; the members of a bond are Ethernet interfaces", id, m.Kind)
	case len(m.Addresses) > 0:
		c.ReportAt(m.AddressPaths[0], "%s is a member of a bond; the bond has the addresses", id)
	case m.DHCPv4 || m.DHCPv6 || m.AcceptRA:
		c.ReportAt(m.Path, "%s is a member of a bond; the bond has DHCP and router advertisements", id)
	case len(m.Routes) > 0:
		c.ReportAt(m.routes[0], "%s is a member of a bond; the bond has the routes", id)
	case m.MTU != 0:
		c.ReportAt(m.Path+".mtu", "%s is a member of a bond, which sets the MTU of its members; write it there", id)
	}
}

func (c *linkChecker) vlans() {
	type tagged struct {
		on  string
		tag int
	}
	tags := map[tagged]string{}
	for _, l := range c.links {
		if l.Kind != VLANOnLink || l.VLAN.On == "" {
			continue
		}
		path := l.Path + l.keys.on
		switch on := c.link(l.VLAN.On); {
		case on == nil:
			c.ReportAt(path, "%s is no link of this network-config", l.VLAN.On)
		case on.Kind == VLANOnLink:
			c.ReportAt(path, "%s is a VLAN; a VLAN lies on an Ethernet interface or a bond", l.VLAN.On)
		case c.isMember(l.VLAN.On):
			c.ReportAt(path, "%s is a member of a bond; the VLAN lies on the bond", l.VLAN.On)
		}
		at := tagged{l.VLAN.On, l.VLAN.Tag}
		if first, found := tags[at]; found && l.VLAN.Tag != 0 {
			c.ReportAt(l.Path, "the VLAN %d on %s is %s already", at.tag, at.on, first)
		}
		tags[at] = l.Path
	}
}

func (c *linkChecker) isMember(id string) bool {
	return slices.ContainsFunc(c.links, func(l PlacedLink) bool { return slices.Contains(l.Bond.Members, id) })
}

func (c *linkChecker) addresses() {
	seen := map[netip.Addr]string{}
	type subnet struct {
		netip.Prefix
		link string
	}
	var subnets []subnet
	for _, l := range c.links {
		for i, a := range l.Addresses {
			if !a.IsValid() {
				continue
			}
			unique(c, seen, l.AddressPaths[i], a.Addr())
			for _, s := range subnets {
				if s.link != l.ID && s.Overlaps(a) {
					c.ReportAt(l.AddressPaths[i], "%s overlaps %s on %s; two interfaces in one subnet answer for each other", a, s.Masked(), s.link)
				}
			}
			subnets = append(subnets, subnet{a, l.ID})
		}
	}
}

func (c *linkChecker) routes() {
	type target struct {
		to     netip.Prefix
		metric int
	}
	seen := map[target]string{}
	for _, l := range c.links {
		for i, r := range l.Routes {
			path := l.routes[i]
			switch {
			case !r.To.IsValid() || !r.Via.IsValid():
				continue
			case r.To.Addr().Is4() != r.Via.Is4():
				c.ReportAt(path, "%s is not of the family of %s", r.Via, r.To)
			case slices.ContainsFunc(l.Addresses, func(a netip.Prefix) bool { return a.Addr() == r.Via }):
				c.ReportAt(path, "%s is the address of this very machine, not of a router", r.Via)
			case !r.OnLink && !l.reaches(r.Via):
				c.ReportAt(path, "%s is in no subnet of %s%s", r.Via, l.ID, l.keys.onLink)
			}
			at := target{r.To, r.Metric}
			if first, found := seen[at]; found {
				c.ReportAt(path, "a route to %s with the metric %d is %s already; give one of them another metric", r.To, r.Metric, first)
			}
			seen[at] = path
		}
	}
}

// reaches reports whether an address may be on the link.
func (l PlacedLink) reaches(addr netip.Addr) bool {
	return addr.Is6() && addr.IsLinkLocalUnicast() ||
		l.Dynamic(addr) || slices.ContainsFunc(l.Addresses, func(a netip.Prefix) bool { return a.Contains(addr) })
}

// DefaultMTU is Ethernet's where none is written, in bytes.
const DefaultMTU = 1500

// leastMTUv6 is what IPv6 works with (RFC 8200 §5).
const leastMTUv6 = 1280

func (c *linkChecker) sizes() {
	for _, l := range c.links {
		if l.MTU == 0 {
			continue
		}
		if on := c.link(l.VLAN.On); l.Kind == VLANOnLink && on != nil {
			below := on.MTU
			if below == 0 {
				below = DefaultMTU
			}
			if l.MTU > below {
				c.ReportAt(l.Path+".mtu", "%d is more than %s has, %d", l.MTU, on.ID, below)
			}
		}
		v6 := l.DHCPv6 || l.AcceptRA || slices.ContainsFunc(l.Addresses, func(a netip.Prefix) bool { return a.Addr().Is6() })
		if v6 && l.MTU < leastMTUv6 {
			c.ReportAt(l.Path+".mtu", "%d is less than IPv6 needs, %d", l.MTU, leastMTUv6)
		}
	}
}
