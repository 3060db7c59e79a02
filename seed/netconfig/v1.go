package netconfig

import (
	"net"
	"net/netip"
	"slices"

	"twinlb/seed/strict"

	"go.yaml.in/yaml/v4"
)

var version1Keys = linkKeys{
	mac: ".mac_address", name: ".name", primary: ".params.bond-primary", upDelay: ".params.bond-updelay", on: ".vlan_link",
}

// version1 decodes cloud-init's own format ("Networking config Version 1" in its
// documentation), which Proxmox VE writes too.
func (m *machineDecoder) version1(v strict.Value) {
	var version string
	v.Mapping(notInVersion1,
		strict.Required("version", &version, strict.Scalar(only("write 1", "1"))),
		strict.Required("config", new([]struct{}), func(v strict.Value) []struct{} {
			if v.Node.Kind == yaml.ScalarNode && v.Node.Value == "disabled" {
				v.Report("a node cannot do without its network; leave network-config out to have what user-data says")
				return nil
			}
			return strict.List(m.item)(v)
		}),
	)
}

// item decodes what the list has by its type.
func (m *machineDecoder) item(v strict.Value) struct{} {
	kind := child(v, "type")
	if kind == nil {
		v.Report("must be a mapping with the key type: physical, bond, vlan, nameserver or route")
		return struct{}{}
	}
	switch strict.Scalar(itemType)(v.Enter(kind, v.Path+".type")) {
	case "physical":
		m.physical(v)
	case "bond":
		m.bond1(v)
	case "vlan":
		m.vlan1(v)
	case "nameserver":
		m.nameserver(v)
	case "route":
		m.routes = append(m.routes, routeConfig{route1(v, strict.Optional("type", new(string), strict.Scalar(anyText))), v.Path})
	}
	return struct{}{}
}

// anyText parses what is looked at elsewhere.
func anyText(text string) (string, error) { return text, nil }

func (m *machineDecoder) physical(v strict.Value) {
	l := m.link1(v, Ethernet)
	var mac net.HardwareAddr
	m.decode1(v, &l, strict.Optional("mac_address", &mac, strict.Scalar(MACAddress)))
	if mac == nil {
		l.Match, l.Name = Match{Name: l.Name}, ""
	} else {
		l.Match.MAC = mac // and the interface is renamed
	}
	m.links = append(m.links, l)
}

func (m *machineDecoder) bond1(v strict.Value) {
	l := m.link1(v, BondLink)
	m.decode1(v, &l,
		strict.Required("bond_interfaces", &l.Bond.Members, l.memberList),
		strict.Required("params", &l.Bond, func(v strict.Value) Bond { return bondParams(v, l.Bond) }),
	)
	m.links = append(m.links, l)
}

// bondParams decodes parameters under the names that ifenslave has for them.
func bondParams(v strict.Value, b Bond) Bond {
	b.Monitor = usualMonitor
	v.Mapping(notOfBond,
		strict.Required("bond-mode", new(string), strict.Scalar(only("write active-backup: the others need the switch to take part", "active-backup", "1"))),
		strict.Optional("bond-primary", &b.Primary, strict.Scalar(linkID)),
		strict.Optional("bond-miimon", &b.Monitor, strict.Scalar(monitorInterval)),
		strict.Optional("bond-updelay", &b.UpDelay, strict.Scalar(milliseconds)),
		strict.Optional("bond-num_grat_arp", &b.Gratuity, strict.Scalar(gratuity)),
		strict.Optional("bond-num-grat-arp", &b.Gratuity, strict.Scalar(gratuity)),
	)
	return b
}

func (m *machineDecoder) vlan1(v strict.Value) {
	l := m.link1(v, VLANOnLink)
	m.decode1(v, &l,
		strict.Required("vlan_link", &l.VLAN.On, strict.Scalar(linkID)),
		strict.Required("vlan_id", &l.VLAN.Tag, strict.Scalar(vlanTag)),
	)
	m.links = append(m.links, l)
}

func (m *machineDecoder) link1(v strict.Value, kind LinkKind) PlacedLink {
	return PlacedLink{Link: Link{Kind: kind}, Path: v.Path, keys: version1Keys}
}

// decode1 decodes what all kinds of links have, and the fields of one kind.
func (m *machineDecoder) decode1(v strict.Value, l *PlacedLink, more ...strict.Field) {
	var acceptRA bool
	v.Mapping(notOfLink, append([]strict.Field{
		strict.Required("type", new(string), strict.Scalar(anyText)),
		strict.Required("name", &l.Name, strict.Scalar(InterfaceName)),
		strict.Optional("mtu", &l.MTU, strict.Scalar(mtu)),
		strict.Optional("accept-ra", &acceptRA, strict.Scalar(truth)),
		strict.Optional("subnets", new([]struct{}), strict.List(func(v strict.Value) struct{} { m.subnet(v, l); return struct{}{} })),
	}, more...)...)
	if child(v, "accept-ra") != nil {
		l.AcceptRA = acceptRA
	}
	l.ID = l.Name
}

func (m *machineDecoder) nameserver(v strict.Value) {
	var servers []netip.Addr
	var search []string
	v.Mapping(map[string]string{"interface": "is not supported: name servers are those of the machine; leave it out"},
		strict.Required("type", new(string), strict.Scalar(anyText)),
		strict.Optional("address", &servers, strict.OneOrMore(strict.Scalar(routerAddress))),
		strict.Optional("search", &search, strict.OneOrMore(strict.Scalar(domain))),
	)
	m.resolvers(servers, search)
}

// placeRoutes gives routes that stand apart to the link from which their gateway
// can be reached.
func (m *machineDecoder) placeRoutes(d *strict.Document) {
	for _, r := range m.routes {
		i := slices.IndexFunc(m.links, func(l PlacedLink) bool { return l.reaches(r.Via) })
		if i < 0 {
			d.ReportAt(r.path+".gateway", "%s is in no subnet of a link", r.Via)
			continue
		}
		m.links[i].addRoute(r.Route, r.path)
	}
}
