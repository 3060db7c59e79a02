package plan

import (
	"fmt"
	"strings"

	"twinlb/seed"
	"twinlb/seed/netconfig"
	"twinlb/services"
)

// network says what is set up before any service runs, link by link.
func network(spec *seed.Spec, host services.Host) string {
	l := newLines()
	names := interfaces(spec.Network, host)
	for _, link := range spec.Network.Links {
		name := names[link.ID]
		l.add(name, "%s", kind(link, names))
		if link.ID == spec.Network.Management {
			l.add(name, "for admin and metrics")
		}
		if link.MTU > 0 {
			l.add(name, "MTU %d", link.MTU)
		}
		for _, dynamic := range []struct {
			on   bool
			name string
		}{{link.DHCPv4, "DHCPv4"}, {link.DHCPv6, "DHCPv6"}, {link.AcceptRA, "router advertisements"}} {
			if dynamic.on {
				l.add(name, "%s", dynamic.name)
			}
		}
		for _, address := range link.Addresses {
			l.add(name, "%s", address)
		}
		if link.ID == spec.Network.Traffic {
			for _, vip := range spec.VIPs {
				l.add(name, "%s/%d while it is master", vip, vip.BitLen())
			}
		}
		for _, r := range link.Routes {
			l.add(name, "%s", route(r))
		}
	}
	for _, server := range spec.Network.Nameservers {
		l.add("nameserver", "%s", server)
	}
	if len(spec.Network.Search) > 0 {
		l.add("search", "%s", strings.Join(spec.Network.Search, " "))
	}
	return l.String()
}

func kind(link netconfig.Link, names map[string]string) string {
	switch link.Kind {
	case netconfig.BondLink:
		var members []string
		for _, id := range link.Bond.Members {
			members = append(members, names[id])
		}
		return "active-backup bond of " + strings.Join(members, ", ") + bond(link.Bond, names)
	case netconfig.VLANOnLink:
		return fmt.Sprintf("VLAN %d on %s", link.VLAN.Tag, names[link.VLAN.On])
	}
	var with []string
	if link.Match.Name != "" {
		with = append(with, link.Match.Name)
	}
	if link.Match.MAC != nil {
		with = append(with, link.Match.MAC.String())
	}
	if link.Match.Driver != "" {
		with = append(with, "driver "+link.Match.Driver)
	}
	if len(with) == 0 {
		return "the only network card"
	}
	return "the network card " + strings.Join(with, ", ")
}

// bond says what is set, after the members.
func bond(b netconfig.Bond, names map[string]string) string {
	var text string
	if b.Primary != "" {
		text += ", rather " + names[b.Primary]
	}
	if b.Monitor > 0 {
		text += fmt.Sprintf(", looked at every %s", b.Monitor)
	}
	if b.UpDelay > 0 {
		text += fmt.Sprintf(", back after %s", b.UpDelay)
	}
	if b.Gratuity > 0 {
		text += fmt.Sprintf(", %d gratuitous ARPs", b.Gratuity)
	}
	return text
}

func route(r netconfig.Route) string {
	text := "to " + r.To.String()
	if r.To.Bits() == 0 {
		text = "default"
	}
	if r.Via.IsValid() {
		text += " via " + r.Via.String()
	}
	if r.OnLink {
		text += " on-link"
	}
	if r.Metric > 0 {
		text += fmt.Sprintf(" metric %d", r.Metric)
	}
	return text
}

// interfaces are the names of the links, by their IDs. One that only the machine
// can tell is the ID.
func interfaces(n netconfig.Network, host services.Host) map[string]string {
	names := make(map[string]string)
	for _, link := range n.Links {
		names[link.ID] = named(link, link.ID)
	}
	names[n.Traffic] = host.Interface
	if n.Management != "" {
		names[n.Management] = host.Management
	}
	return names
}

// named is the name that an interface has or gets, as far as the seed tells.
func named(link netconfig.Link, otherwise string) string {
	switch {
	case link.Name != "":
		return link.Name
	case link.Kind != netconfig.Ethernet:
		return link.ID
	case link.Match.Name != "" && !strings.ContainsAny(link.Match.Name, `*?[\`):
		return link.Match.Name
	}
	return otherwise
}

// Host stands for a machine that does not run yet: what the seed does not tell is
// as on most machines.
func Host(spec *seed.Spec) services.Host {
	host := services.Host{Interface: "eth0", Memory: 256 << 20}
	if link := spec.Network.Link(spec.Network.Traffic); link != nil {
		host.Interface = named(*link, host.Interface)
	}
	if link := spec.Network.Link(spec.Network.Management); link != nil {
		host.Management = named(*link, "eth1")
	}
	return host
}
