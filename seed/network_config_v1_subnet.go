package seed

import (
	"fmt"
	"net/netip"
	"strings"
)

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
