package seed

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

var version1Keys = linkKeys{
	mac: ".mac_address", name: ".name", primary: ".params.bond-primary", upDelay: ".params.bond-updelay", on: ".vlan_link",
}

// version1 decodes cloud-init's own format ("Networking config Version 1" in its
// documentation), which Proxmox VE writes too.
func (m *machineDecoder) version1(v value) {
	var version string
	v.mapping(notInVersion1,
		required("version", &version, scalar(only("write 1", "1"))),
		required("config", new([]struct{}), func(v value) []struct{} {
			if v.node.Kind == yaml.ScalarNode && v.node.Value == "disabled" {
				v.problem("a node cannot do without its network; leave network-config out to have what user-data says")
				return nil
			}
			return list(m.item)(v)
		}),
	)
}

// item decodes what the list has by its type.
func (m *machineDecoder) item(v value) struct{} {
	kind := v.child("type")
	if kind == nil {
		v.problem("must be a mapping with the key type: physical, bond, vlan, nameserver or route")
		return struct{}{}
	}
	switch scalar(itemType)(v.value(kind, v.path+".type")) {
	case "physical":
		m.physical(v)
	case "bond":
		m.bond1(v)
	case "vlan":
		m.vlan1(v)
	case "nameserver":
		m.nameserver(v)
	case "route":
		m.routes = append(m.routes, routeConfig{route1(v, optional("type", new(string), scalar(anyText))), v.path})
	}
	return struct{}{}
}

// anyText parses what is looked at elsewhere.
func anyText(text string) (string, error) { return text, nil }

func (m *machineDecoder) physical(v value) {
	l := m.link1(v, Ethernet)
	var mac net.HardwareAddr
	m.decode1(v, &l, optional("mac_address", &mac, scalar(macAddress)))
	if mac == nil {
		l.Match, l.Name = Match{Name: l.Name}, ""
	} else {
		l.Match.MAC = mac // and the interface is renamed
	}
	m.links = append(m.links, l)
}

func (m *machineDecoder) bond1(v value) {
	l := m.link1(v, BondLink)
	m.decode1(v, &l,
		required("bond_interfaces", &l.Bond.Members, l.memberList),
		required("params", &l.Bond, func(v value) Bond { return bondParams(v, l.Bond) }),
	)
	m.links = append(m.links, l)
}

// bondParams decodes parameters under the names that ifenslave has for them.
func bondParams(v value, b Bond) Bond {
	b.Monitor = usualMonitor
	v.mapping(notOfBond,
		required("bond-mode", new(string), scalar(only("write active-backup: the others need the switch to take part", "active-backup", "1"))),
		optional("bond-primary", &b.Primary, scalar(linkID)),
		optional("bond-miimon", &b.Monitor, scalar(monitorInterval)),
		optional("bond-updelay", &b.UpDelay, scalar(milliseconds)),
		optional("bond-num_grat_arp", &b.Gratuity, scalar(gratuity)),
		optional("bond-num-grat-arp", &b.Gratuity, scalar(gratuity)),
	)
	return b
}

func (m *machineDecoder) vlan1(v value) {
	l := m.link1(v, VLANOnLink)
	m.decode1(v, &l,
		required("vlan_link", &l.VLAN.On, scalar(linkID)),
		required("vlan_id", &l.VLAN.Tag, scalar(vlanTag)),
	)
	m.links = append(m.links, l)
}

func (m *machineDecoder) link1(v value, kind LinkKind) linkConfig {
	return linkConfig{Link: Link{Kind: kind}, path: v.path, keys: version1Keys}
}

// decode1 decodes what all kinds of links have, and the fields of one kind.
func (m *machineDecoder) decode1(v value, l *linkConfig, more ...field) {
	var acceptRA bool
	v.mapping(notOfLink, append([]field{
		required("type", new(string), scalar(anyText)),
		required("name", &l.Name, scalar(interfaceName)),
		optional("mtu", &l.MTU, scalar(mtu)),
		optional("accept-ra", &acceptRA, scalar(truth)),
		optional("subnets", new([]struct{}), list(func(v value) struct{} { m.subnet(v, l); return struct{}{} })),
	}, more...)...)
	if v.child("accept-ra") != nil {
		l.AcceptRA = acceptRA
	}
	l.ID = l.Name
}

// subnet decodes what a link has of one network.
func (m *machineDecoder) subnet(v value, l *linkConfig) {
	var (
		kind, control, address string
		mask                   = -1
		gateway                netip.Addr
		routeMetric            int
		servers                []netip.Addr
		search                 []string
		routes                 []Route
	)
	v.mapping(notOfSubnet,
		required("type", &kind, word("static", "static6", "dhcp", "dhcp4", "dhcp6", "ipv6_slaac",
			"ipv6_dhcpv6-stateful", "ipv6_dhcpv6-stateless", "manual")),
		optional("control", &control, scalar(only("a node needs every link that it has; leave it out", "auto"))),
		optional("address", &address, scalar(anyText)),
		optional("netmask", &mask, scalar(netmask)),
		optional("gateway", &gateway, scalar(routerAddress)),
		optional("metric", &routeMetric, scalar(metric)),
		optional("dns_nameservers", &servers, oneOrMore(scalar(routerAddress))),
		optional("dns_search", &search, oneOrMore(scalar(domain))),
		optional("routes", &routes, list(func(v value) Route {
			r := route1(v)
			l.addRoute(r, v.path)
			return r
		})),
	)
	m.resolvers(servers, search)
	switch kind {
	case "static", "static6":
		l.static(v, kind, address, mask)
		if gateway.IsValid() {
			l.addRoute(Route{To: netip.PrefixFrom(unspecified(gateway), 0), Via: gateway, Metric: routeMetric}, v.path+".gateway")
		}
		return
	case "dhcp", "dhcp4":
		l.DHCPv4, l.keys.dhcp4 = true, strings.TrimPrefix(v.path, l.path)+".type"
	case "dhcp6", "ipv6_dhcpv6-stateful":
		l.DHCPv6, l.AcceptRA, l.keys.dhcp6 = true, true, strings.TrimPrefix(v.path, l.path)+".type"
	case "ipv6_slaac", "ipv6_dhcpv6-stateless":
		l.AcceptRA, l.keys.dhcp6 = true, strings.TrimPrefix(v.path, l.path)+".type"
	}
	for _, key := range []string{"address", "netmask", "gateway"} {
		if kind != "" && v.child(key) != nil {
			v.reportAt(join(v.path, key), "belongs to the types static and static6, not to %s", kind)
		}
	}
}

// static adds the address of a subnet, whose length stands in either of two keys.
func (l *linkConfig) static(v value, kind, address string, mask int) {
	path := v.path + ".address"
	if v.faulty[path] || v.faulty[v.path+".netmask"] {
		return
	}
	if address == "" {
		v.problem("the key address is missing")
		return
	}
	p, err := withNetmask(address, mask, subnetAddress)
	switch {
	case err != nil:
		v.reportAt(path, "%s %v", quote(address), err)
		return
	case kind == "static6" && p.Addr().Is4():
		v.reportAt(path, "%s is an IPv4 address, and the type static6", p.Addr())
	}
	l.Addresses = append(l.Addresses, p)
	l.addresses = append(l.addresses, path)
}

// withNetmask parses an address whose prefix length may stand beside it; mask is
// -1 when it does not.
func withNetmask[T any](text string, mask int, parse func(string) (T, error)) (parsed T, err error) {
	addr, alone := netip.ParseAddr(text)
	switch {
	case alone != nil || mask < 0:
		return parse(text)
	case mask > addr.BitLen():
		return parsed, fmt.Errorf("has the netmask of another family, %d bits", mask)
	}
	return parse(netip.PrefixFrom(addr, mask).String())
}

// route1 decodes a route, with the fields that only some have.
func route1(v value, more ...field) (r Route) {
	var network string
	mask := -1
	ok := v.mapping(notOfRoute, append([]field{
		optional("destination", &network, scalar(anyText)),
		optional("network", &network, scalar(anyText)),
		optional("netmask", &mask, scalar(netmask)),
		required("gateway", &r.Via, scalar(routerAddress)),
		optional("metric", &r.Metric, scalar(metric)),
	}, more...)...)
	if !ok || v.faulty[v.path+".netmask"] || v.faulty[v.path+".destination"] || v.faulty[v.path+".network"] {
		return r
	}
	if network == "" {
		v.problem("the key destination is missing")
		return r
	}
	path := v.path + ".destination"
	if v.child("destination") == nil {
		path = v.path + ".network"
	}
	to, err := withNetmask(network, mask, routeDestination)
	if err != nil {
		v.reportAt(path, "%s %v", quote(network), err)
	}
	r.To = to.like(r.Via)
	return r
}

func (m *machineDecoder) nameserver(v value) {
	var servers []netip.Addr
	var search []string
	v.mapping(map[string]string{"interface": "is not supported: name servers are those of the machine; leave it out"},
		required("type", new(string), scalar(anyText)),
		optional("address", &servers, oneOrMore(scalar(routerAddress))),
		optional("search", &search, oneOrMore(scalar(domain))),
	)
	m.resolvers(servers, search)
}

// placeRoutes gives routes that stand apart to the link from which their gateway
// can be reached.
func (m *machineDecoder) placeRoutes(d *decoder) {
	for _, r := range m.routes {
		i := slices.IndexFunc(m.links, func(l linkConfig) bool { return l.reaches(r.Via) })
		if i < 0 {
			d.reportAt(r.path+".gateway", "%s is in no subnet of a link", r.Via)
			continue
		}
		m.links[i].addRoute(r.Route, r.path)
	}
}
