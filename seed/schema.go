package seed

import (
	"fmt"
	"net"
	"net/netip"
	"time"
)

// cloudConfig decodes user-data and validates it.
func cloudConfig(v value) Pair {
	pair := userData(v)
	pair.Machine = v.machine
	if v.wellFormed {
		validate(&pair, v.decoder)
	}
	if len(v.problems) == 0 {
		pair.Warnings = lint(&pair, v.decoder)
	}
	return pair
}

// userData decodes the top level of user-data. What the seed may leave out has
// its default here, where its key is decoded.
func userData(v value) Pair {
	pair := Pair{VRRP: VRRP{
		VirtualRouterID: 100,
		AdvertInterval:  200 * time.Millisecond,
		Preempt:         30 * time.Second,
	}}
	v.mapping(notActedOn,
		optional("ssh_authorized_keys", &pair.AuthorizedKeys, list(scalar(authorizedKey, keyText))),
		required("twinlb", &pair, func(v value) Pair { return twinlb(v, pair) }),
	)
	return pair
}

// twinlb decodes what is not cloud-init's.
func twinlb(v value, pair Pair) Pair {
	v.wellFormed = v.mapping(map[string]string{
		"ssh_authorized_keys": "belongs to the top level, beside twinlb",
		"network":             notActedOn["network"],
	},
		required("vips", &pair.VIPs, sized(1, maxItems,
			"a pair needs at least one VIP, the address that clients use", "", list(scalar(address, addressText)))),
		required("nodes", &pair.Nodes, sized(2, MaxNodes,
			"a pair needs two nodes or more, not %d",
			fmt.Sprintf("at most %d nodes are possible, not %%d: their priorities have to stay apart", MaxNodes), list(node))),
		optional("gateway", &pair.Gateways, sized(1, 2,
			"name a gateway, or leave the key out", "at most two gateways are possible, one of each family", oneOrMore(scalar(address, addressText)))),
		optional("vrrp", &pair.VRRP, func(v value) VRRP { return vrrp(v, pair.VRRP) }),
		required("pools", &pair.Pools, sized(1, maxItems,
			"a pair needs at least one pool, a port with servers behind it", "", list(pool))),
	)
	return pair
}

func node(v value) (n Node) {
	var addresses []netip.Prefix
	v.mapping(nil,
		required("name", &n.Name, scalar(hostLabel, nameText)),
		required("role", &n.Role, word(Master, Backup)),
		required("address", &addresses, sized(1, 2,
			"a node needs an address", "a node has at most two addresses, one of each family", oneOrMore(scalar(prefix, prefixText)))),
		optional("interface", &n.Interface, scalar(interfaceName, interfaceText)),
		optional("match", &n.MAC, match),
		optional("management", &n.Management, management),
	)
	if len(addresses) > 0 {
		n.Address = addresses[0]
	}
	if len(addresses) > 1 {
		n.Second = addresses[1]
	}
	return n
}

func management(v value) *Management {
	var m Management
	v.mapping(nil,
		optional("address", &m.Address, scalar(subnetAddress, subnetAddressText)),
		optional("interface", &m.Interface, scalar(interfaceName, interfaceText)),
		optional("match", &m.MAC, match),
	)
	return &m
}

func match(v value) (mac net.HardwareAddr) {
	v.mapping(nil, required("macaddress", &mac, scalar(macAddress, macText)))
	return mac
}

func vrrp(v value, r VRRP) VRRP {
	v.mapping(nil,
		optional("virtual_router_id", &r.VirtualRouterID, scalar(virtualRouterID, number(1, 255))),
		optional("advert_interval", &r.AdvertInterval, scalar(advertInterval, durationText)),
		optional("preempt", &r.Preempt, scalar(preempt, durationText, neverText)),
	)
	return r
}

const mysqlPort = 3306

func pool(v value) Pool {
	p := Pool{
		Port:    mysqlPort,
		Balance: RoundRobin,
		Check:   Check{User: "haproxy_check", Auth: Native},
	}
	ok := v.mapping(nil,
		required("name", &p.Name, scalar(sectionLabel, sectionText)),
		optional("port", &p.Port, scalar(port, number(1, 65535))),
		optional("balance", &p.Balance, word(RoundRobin, LeastConn, First, SourceHash)),
		optional("check", &p.Check, func(v value) Check { return check(v, p.Check) }),
		optional("allow", &p.Allow, sized(1, maxItems,
			"an empty list would let nobody in; name the networks of the clients, or leave the key out to let all in", "", list(scalar(clients, clientsText)))),
		optional("proxy_protocol", &p.ProxyProtocol, scalar(proxyProtocol, shape{Enum: []any{proxyVersion}})),
		required("backends", &p.Backends, sized(1, maxItems,
			"a pool needs at least one backend", "", list(backend))),
	)
	if !ok {
		return Pool{}
	}
	return p
}

func check(v value, c Check) Check {
	v.mapping(nil,
		optional("user", &c.User, scalar(checkUser, userText)),
		optional("auth", &c.Auth, word(Native, SHA2)),
	)
	return c
}

func backend(v value) Backend {
	b := Backend{Port: mysqlPort, Weight: 1}
	v.mapping(nil,
		required("name", &b.Name, scalar(sectionLabel, sectionText)),
		required("address", &b.Address, scalar(address, addressText)),
		optional("port", &b.Port, scalar(port, number(1, 65535))),
		optional("backup", &b.Backup, scalar(boolean, booleanText)),
		optional("weight", &b.Weight, scalar(weight, number(1, maxWeight))),
		optional("maxconn", &b.MaxConn, scalar(maxConn, number(1, maxMaxConn))),
		optional("slowstart", &b.SlowStart, scalar(slowStart, durationText)),
	)
	return b
}
