package netconfig

import (
	"fmt"
	"net/netip"
	"strings"

	"twinlb/seed/strict"
)

// subnet decodes what a link has of one network.
func (m *machineDecoder) subnet(v strict.Value, l *PlacedLink) {
	var (
		kind, control, address string
		mask                   = -1
		gateway                netip.Addr
		routeMetric            int
		servers                []netip.Addr
		search                 []string
		routes                 []Route
	)
	v.Mapping(notOfSubnet,
		strict.Required("type", &kind, strict.Word("static", "static6", "dhcp", "dhcp4", "dhcp6", "ipv6_slaac",
			"ipv6_dhcpv6-stateful", "ipv6_dhcpv6-stateless", "manual")),
		strict.Optional("control", &control, strict.Scalar(only("a node needs every link that it has; leave it out", "auto"))),
		strict.Optional("address", &address, strict.Scalar(anyText)),
		strict.Optional("netmask", &mask, strict.Scalar(netmask)),
		strict.Optional("gateway", &gateway, strict.Scalar(routerAddress)),
		strict.Optional("metric", &routeMetric, strict.Scalar(metric)),
		strict.Optional("dns_nameservers", &servers, strict.OneOrMore(strict.Scalar(routerAddress))),
		strict.Optional("dns_search", &search, strict.OneOrMore(strict.Scalar(domain))),
		strict.Optional("routes", &routes, strict.List(func(v strict.Value) Route {
			r := route1(v)
			l.addRoute(r, v.Path)
			return r
		})),
	)
	m.resolvers(servers, search)
	switch kind {
	case "static", "static6":
		l.static(v, kind, address, mask)
		if gateway.IsValid() {
			r := DefaultRoute(gateway)
			r.Metric = routeMetric
			l.addRoute(r, v.Path+".gateway")
		}
		return
	case "dhcp", "dhcp4":
		l.DHCPv4, l.keys.dhcp4 = true, strings.TrimPrefix(v.Path, l.Path)+".type"
	case "dhcp6", "ipv6_dhcpv6-stateful":
		l.DHCPv6, l.AcceptRA, l.keys.dhcp6 = true, true, strings.TrimPrefix(v.Path, l.Path)+".type"
	case "ipv6_slaac", "ipv6_dhcpv6-stateless":
		l.AcceptRA, l.keys.dhcp6 = true, strings.TrimPrefix(v.Path, l.Path)+".type"
	}
	for _, key := range []string{"address", "netmask", "gateway"} {
		if kind != "" && child(v, key) != nil {
			v.ReportAt(v.Path+"."+key, "belongs to the types static and static6, not to %s", kind)
		}
	}
}

// static adds the address of a subnet, whose length stands in either of two keys.
func (l *PlacedLink) static(v strict.Value, kind, address string, mask int) {
	path := v.Path + ".address"
	if v.Faulty(path) || v.Faulty(v.Path+".netmask") {
		return
	}
	if address == "" {
		v.Report("the key address is missing")
		return
	}
	p, err := withNetmask(address, mask, SubnetAddress)
	switch {
	case err != nil:
		v.ReportAt(path, "%s %v", strict.Quote(address), err)
		return
	case kind == "static6" && p.Addr().Is4():
		v.ReportAt(path, "%s is an IPv4 address, and the type static6", p.Addr())
	}
	l.Addresses = append(l.Addresses, p)
	l.AddressPaths = append(l.AddressPaths, path)
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
func route1(v strict.Value, more ...strict.Field) (r Route) {
	var network string
	mask := -1
	ok := v.Mapping(notOfRoute, append([]strict.Field{
		strict.Optional("destination", &network, strict.Scalar(anyText)),
		strict.Optional("network", &network, strict.Scalar(anyText)),
		strict.Optional("netmask", &mask, strict.Scalar(netmask)),
		strict.Required("gateway", &r.Via, strict.Scalar(routerAddress)),
		strict.Optional("metric", &r.Metric, strict.Scalar(metric)),
	}, more...)...)
	if !ok || v.Faulty(v.Path+".netmask") || v.Faulty(v.Path+".destination") || v.Faulty(v.Path+".network") {
		return r
	}
	if network == "" {
		v.Report("the key destination is missing")
		return r
	}
	path := v.Path + ".destination"
	if child(v, "destination") == nil {
		path = v.Path + ".network"
	}
	to, err := withNetmask(network, mask, routeDestination)
	if err != nil {
		v.ReportAt(path, "%s %v", strict.Quote(network), err)
	}
	r.To = to.like(r.Via)
	return r
}
