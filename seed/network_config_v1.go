package seed

import (
	"net"
	"net/netip"
	"slices"

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
