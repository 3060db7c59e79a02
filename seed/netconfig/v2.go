package netconfig

import (
	"net/netip"

	"twinlb/seed/strict"

	"go.yaml.in/yaml/v4"
)

var version2Keys = linkKeys{
	mac: ".match.macaddress", name: ".set-name", primary: ".parameters.primary", upDelay: ".parameters.up-delay",
	on: ".link", dhcp4: ".dhcp4", dhcp6: ".dhcp6",
	onLink: "; if it is there nevertheless, write a route with on-link: true",
}

// version2 decodes netplan's format (netplan(5)).
func (m *machineDecoder) version2(v strict.Value) {
	var version, renderer string
	var ethernets, bonds, vlans []PlacedLink
	v.Mapping(notNetworkd,
		strict.Required("version", &version, strict.Scalar(only("write 2", "2"))),
		strict.Optional("renderer", &renderer, strict.Scalar(only("there is none on a node; leave it out, or write networkd", "networkd"))),
		strict.Optional("ethernets", &ethernets, entries(m.ethernet)),
		strict.Optional("bonds", &bonds, entries(m.bond)),
		strict.Optional("vlans", &vlans, entries(m.vlan)),
	)
	m.links = append(append(append(m.links, ethernets...), bonds...), vlans...)
}

// entries returns a decoder of a mapping whose keys are IDs of links.
func entries(link func(v strict.Value, id string) PlacedLink) func(strict.Value) []PlacedLink {
	return func(v strict.Value) (links []PlacedLink) {
		switch {
		case !v.IsMapping():
			v.Report("must be a mapping with the names of links as keys, not %s", v.Kind())
			return nil
		case len(v.Node.Content) > 2*maxLinks:
			v.Report("has %d links, at most %d are possible", len(v.Node.Content)/2, maxLinks)
			return nil
		}
		var fields []strict.Field
		for i := 0; i+1 < len(v.Node.Content); i += 2 {
			key := v.Node.Content[i]
			if _, err := linkID(key.Value); err != nil {
				v.ReportKey(key, "%s %v", strict.Quote(key.Value), err)
			}
			fields = append(fields, strict.Field{Key: key.Value, Decode: func(v strict.Value) { links = append(links, link(v, key.Value)) }})
		}
		v.Mapping(nil, fields...)
		return links
	}
}

func (m *machineDecoder) ethernet(v strict.Value, id string) PlacedLink {
	l := PlacedLink{Link: Link{ID: id, Kind: Ethernet}, Path: v.Path, keys: version2Keys}
	m.netplanLink(v, &l,
		strict.Optional("match", &l.Match, netplanMatch),
		strict.Optional("set-name", &l.Name, strict.Scalar(InterfaceName)),
	)
	if child(v, "match") != nil {
		return l
	}
	if l.Name != "" {
		v.ReportAt(v.Path+".set-name", "needs match, which says what interface gets the name")
	}
	name, err := InterfaceName(id)
	if err != nil {
		v.Report("%s %v; or add match", strict.Quote(id), err)
	}
	l.Match.Name = name
	return l
}

func netplanMatch(v strict.Value) (m Match) {
	ok := v.Mapping(notOfMatch,
		strict.Optional("macaddress", &m.MAC, strict.Scalar(MACAddress)),
		strict.Optional("name", &m.Name, strict.Scalar(interfaceGlob)),
		strict.Optional("driver", &m.Driver, strict.Scalar(glob)),
	)
	if ok && len(v.Node.Content) == 0 {
		v.Report("is empty and would fit every interface; write macaddress, name or driver")
	}
	return m
}

func (m *machineDecoder) bond(v strict.Value, id string) PlacedLink {
	l := virtualLink(v, id, BondLink)
	m.netplanLink(v, &l,
		strict.Required("interfaces", &l.Bond.Members, l.memberList),
		strict.Required("parameters", &l.Bond, func(v strict.Value) Bond { return bondParameters(v, l.Bond) }),
	)
	return l
}

// memberList decodes the IDs of a bond's members.
func (l *PlacedLink) memberList(v strict.Value) []string {
	members := strict.List(strict.Scalar(linkID))(v)
	l.members = paths(v.Path, len(members))
	return members
}

func bondParameters(v strict.Value, b Bond) Bond {
	var mode string
	b.Monitor = usualMonitor
	v.Mapping(notOfBond,
		strict.Required("mode", &mode, strict.Scalar(only("write active-backup: the others need the switch to take part", "active-backup"))),
		strict.Optional("primary", &b.Primary, strict.Scalar(linkID)),
		strict.Optional("mii-monitor-interval", &b.Monitor, strict.Scalar(monitorInterval)),
		strict.Optional("up-delay", &b.UpDelay, strict.Scalar(milliseconds)),
		strict.Optional("gratuitous-arp", &b.Gratuity, strict.Scalar(gratuity)),
	)
	return b
}

func (m *machineDecoder) vlan(v strict.Value, id string) PlacedLink {
	l := virtualLink(v, id, VLANOnLink)
	m.netplanLink(v, &l,
		strict.Required("id", &l.VLAN.Tag, strict.Scalar(vlanTag)),
		strict.Required("link", &l.VLAN.On, strict.Scalar(linkID)),
	)
	return l
}

// virtualLink begins a link that is made, so that its ID is its name.
func virtualLink(v strict.Value, id string, kind LinkKind) PlacedLink {
	if _, err := InterfaceName(id); err != nil {
		v.Report("%s %v", strict.Quote(id), err)
	}
	return PlacedLink{Link: Link{ID: id, Kind: kind, Name: id}, Path: v.Path, keys: version2Keys}
}

// netplanLink decodes what all kinds of links have, and the fields of one kind.
func (m *machineDecoder) netplanLink(v strict.Value, l *PlacedLink, more ...strict.Field) {
	v.Mapping(notOfLink, append(m.common(l), more...)...)
	if child(v, "accept-ra") == nil {
		// DHCPv6 gives no routes (RFC 8415): they come from advertisements.
		l.AcceptRA = l.DHCPv6
	}
}

// common are the keys of all kinds of links.
func (m *machineDecoder) common(l *PlacedLink) []strict.Field {
	var optionalLink, identifier string
	gateway := func(v strict.Value) netip.Addr {
		via := strict.Scalar(routerAddress)(v)
		if via.IsValid() {
			l.addRoute(DefaultRoute(via), v.Path)
			if via.Is4() != (v.Path == l.Path+".gateway4") {
				v.Report("%s is of the other family", via)
			}
		}
		return via
	}
	return []strict.Field{
		strict.Optional("mtu", &l.MTU, strict.Scalar(mtu)),
		{Key: "addresses", Decode: func(v strict.Value) {
			l.Addresses = strict.List(netplanAddress)(v)
			l.AddressPaths = paths(v.Path, len(l.Addresses))
		}},
		strict.Optional("dhcp4", &l.DHCPv4, strict.Scalar(truth)),
		strict.Optional("dhcp6", &l.DHCPv6, strict.Scalar(truth)),
		strict.Optional("accept-ra", &l.AcceptRA, strict.Scalar(truth)),
		strict.Optional("gateway4", new(netip.Addr), gateway),
		strict.Optional("gateway6", new(netip.Addr), gateway),
		{Key: "routes", Decode: func(v strict.Value) {
			for _, r := range strict.List(netplanRoute)(v) {
				l.addRoute(r.Route, r.path)
			}
		}},
		{Key: "nameservers", Decode: func(v strict.Value) {
			var servers []netip.Addr
			var search []string
			v.Mapping(nil,
				strict.Optional("addresses", &servers, strict.List(strict.Scalar(routerAddress))),
				strict.Optional("search", &search, strict.List(strict.Scalar(domain))))
			m.resolvers(servers, search)
		}},
		strict.Optional("optional", &optionalLink, strict.Scalar(only("a node needs every link that it has; leave it out", "false", "no"))),
		strict.Optional("dhcp-identifier", &identifier, strict.Scalar(only("a node is known to DHCP by its MAC address; write mac", "mac"))),
	}
}

func (l *PlacedLink) addRoute(r Route, path string) {
	l.Routes = append(l.Routes, r)
	l.routes = append(l.routes, path)
}

func netplanAddress(v strict.Value) netip.Prefix {
	if v.Node.Kind == yaml.MappingNode {
		v.Report("an address with options (label, lifetime) is not supported; write the address alone")
		return netip.Prefix{}
	}
	return strict.Scalar(SubnetAddress)(v)
}

func netplanRoute(v strict.Value) (r routeConfig) {
	r.path = v.Path
	var to destination
	v.Mapping(notOfRoute,
		strict.Required("to", &to, strict.Scalar(routeDestination)),
		strict.Required("via", &r.Via, strict.Scalar(routerAddress)),
		strict.Optional("metric", &r.Metric, strict.Scalar(metric)),
		strict.Optional("on-link", &r.OnLink, strict.Scalar(truth)),
	)
	r.To = to.like(r.Via)
	return r
}

// paths are those of the items of a list.
func paths(list string, n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = strict.Index(list, i)
	}
	return all
}
