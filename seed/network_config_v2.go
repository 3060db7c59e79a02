package seed

import (
	"net/netip"

	"go.yaml.in/yaml/v4"
)

var version2Keys = linkKeys{
	mac: ".match.macaddress", name: ".set-name", primary: ".parameters.primary", upDelay: ".parameters.up-delay",
	on: ".link", dhcp4: ".dhcp4", dhcp6: ".dhcp6",
	onLink: "; if it is there nevertheless, write a route with on-link: true",
}

// version2 decodes netplan's format (netplan(5)).
func (m *machineDecoder) version2(v value) {
	var version, renderer string
	var ethernets, bonds, vlans []linkConfig
	v.mapping(notNetworkd,
		required("version", &version, scalar(only("write 2", "2"))),
		optional("renderer", &renderer, scalar(only("there is none on a node; leave it out, or write networkd", "networkd"))),
		optional("ethernets", &ethernets, entries(m.ethernet)),
		optional("bonds", &bonds, entries(m.bond)),
		optional("vlans", &vlans, entries(m.vlan)),
	)
	m.links = append(append(append(m.links, ethernets...), bonds...), vlans...)
}

// entries returns a decoder of a mapping whose keys are IDs of links.
func entries(link func(v value, id string) linkConfig) func(value) []linkConfig {
	return func(v value) (links []linkConfig) {
		switch {
		case v.node.Kind != yaml.MappingNode || v.tagged():
			v.problem("must be a mapping with the names of links as keys, not %s", v.kind())
			return nil
		case len(v.node.Content) > 2*maxLinks:
			v.problem("has %d links, at most %d are possible", len(v.node.Content)/2, maxLinks)
			return nil
		}
		var fields []field
		for i := 0; i+1 < len(v.node.Content); i += 2 {
			key := v.node.Content[i]
			if _, err := linkID(key.Value); err != nil {
				v.report(key, join(v.path, short(key.Value)), "%s %v", quote(key.Value), err)
			}
			fields = append(fields, field{key: key.Value, decode: func(v value) { links = append(links, link(v, key.Value)) }})
		}
		v.mapping(nil, fields...)
		return links
	}
}

func (m *machineDecoder) ethernet(v value, id string) linkConfig {
	l := linkConfig{Link: Link{ID: id, Kind: Ethernet}, path: v.path, keys: version2Keys}
	m.netplanLink(v, &l,
		optional("match", &l.Match, netplanMatch),
		optional("set-name", &l.Name, scalar(interfaceName)),
	)
	if v.child("match") != nil {
		return l
	}
	if l.Name != "" {
		v.reportAt(v.path+".set-name", "needs match, which says what interface gets the name")
	}
	name, err := interfaceName(id)
	if err != nil {
		v.problem("%s %v; or add match", quote(id), err)
	}
	l.Match.Name = name
	return l
}

func netplanMatch(v value) (m Match) {
	ok := v.mapping(notOfMatch,
		optional("macaddress", &m.MAC, scalar(macAddress)),
		optional("name", &m.Name, scalar(interfaceGlob)),
		optional("driver", &m.Driver, scalar(glob)),
	)
	if ok && len(v.node.Content) == 0 {
		v.problem("is empty and would fit every interface; write macaddress, name or driver")
	}
	return m
}

func (m *machineDecoder) bond(v value, id string) linkConfig {
	l := virtualLink(v, id, BondLink)
	m.netplanLink(v, &l,
		required("interfaces", &l.Bond.Members, l.memberList),
		required("parameters", &l.Bond, func(v value) Bond { return bondParameters(v, l.Bond) }),
	)
	return l
}

// memberList decodes the IDs of a bond's members.
func (l *linkConfig) memberList(v value) []string {
	members := list(scalar(linkID))(v)
	l.members = paths(v.path, len(members))
	return members
}

func bondParameters(v value, b Bond) Bond {
	var mode string
	b.Monitor = usualMonitor
	v.mapping(notOfBond,
		required("mode", &mode, scalar(only("write active-backup: the others need the switch to take part", "active-backup"))),
		optional("primary", &b.Primary, scalar(linkID)),
		optional("mii-monitor-interval", &b.Monitor, scalar(monitorInterval)),
		optional("up-delay", &b.UpDelay, scalar(milliseconds)),
		optional("gratuitous-arp", &b.Gratuity, scalar(gratuity)),
	)
	return b
}

func (m *machineDecoder) vlan(v value, id string) linkConfig {
	l := virtualLink(v, id, VLANOnLink)
	m.netplanLink(v, &l,
		required("id", &l.VLAN.Tag, scalar(vlanTag)),
		required("link", &l.VLAN.On, scalar(linkID)),
	)
	return l
}

// virtualLink begins a link that is made, so that its ID is its name.
func virtualLink(v value, id string, kind LinkKind) linkConfig {
	if _, err := interfaceName(id); err != nil {
		v.problem("%s %v", quote(id), err)
	}
	return linkConfig{Link: Link{ID: id, Kind: kind, Name: id}, path: v.path, keys: version2Keys}
}

// netplanLink decodes what all kinds of links have, and the fields of one kind.
func (m *machineDecoder) netplanLink(v value, l *linkConfig, more ...field) {
	v.mapping(notOfLink, append(m.common(l), more...)...)
	if v.child("accept-ra") == nil {
		// DHCPv6 gives no routes (RFC 8415): they come from advertisements.
		l.AcceptRA = l.DHCPv6
	}
}

// common are the keys of all kinds of links.
func (m *machineDecoder) common(l *linkConfig) []field {
	var optionalLink, identifier string
	gateway := func(v value) netip.Addr {
		via := scalar(routerAddress)(v)
		if via.IsValid() {
			l.addRoute(Route{To: netip.PrefixFrom(unspecified(via), 0), Via: via}, v.path)
			if via.Is4() != (v.path == l.path+".gateway4") {
				v.problem("%s is of the other family", via)
			}
		}
		return via
	}
	return []field{
		optional("mtu", &l.MTU, scalar(mtu)),
		{key: "addresses", decode: func(v value) {
			l.Addresses = list(netplanAddress)(v)
			l.addresses = paths(v.path, len(l.Addresses))
		}},
		optional("dhcp4", &l.DHCPv4, scalar(truth)),
		optional("dhcp6", &l.DHCPv6, scalar(truth)),
		optional("accept-ra", &l.AcceptRA, scalar(truth)),
		optional("gateway4", new(netip.Addr), gateway),
		optional("gateway6", new(netip.Addr), gateway),
		{key: "routes", decode: func(v value) {
			for _, r := range list(netplanRoute)(v) {
				l.addRoute(r.Route, r.path)
			}
		}},
		{key: "nameservers", decode: func(v value) {
			var servers []netip.Addr
			var search []string
			v.mapping(nil,
				optional("addresses", &servers, list(scalar(routerAddress))),
				optional("search", &search, list(scalar(domain))))
			m.resolvers(servers, search)
		}},
		optional("optional", &optionalLink, scalar(only("a node needs every link that it has; leave it out", "false", "no"))),
		optional("dhcp-identifier", &identifier, scalar(only("a node is known to DHCP by its MAC address; write mac", "mac"))),
	}
}

func (l *linkConfig) addRoute(r Route, path string) {
	l.Routes = append(l.Routes, r)
	l.routes = append(l.routes, path)
}

func netplanAddress(v value) netip.Prefix {
	if v.node.Kind == yaml.MappingNode {
		v.problem("an address with options (label, lifetime) is not supported; write the address alone")
		return netip.Prefix{}
	}
	return scalar(subnetAddress)(v)
}

func netplanRoute(v value) (r routeConfig) {
	r.path = v.path
	var to destination
	v.mapping(notOfRoute,
		required("to", &to, scalar(routeDestination)),
		required("via", &r.Via, scalar(routerAddress)),
		optional("metric", &r.Metric, scalar(metric)),
		optional("on-link", &r.OnLink, scalar(truth)),
	)
	r.To = to.like(r.Via)
	return r
}

// paths are those of the items of a list.
func paths(list string, n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = index(list, i)
	}
	return all
}
