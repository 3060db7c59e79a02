package seed

import (
	"fmt"
	"net"
	"net/netip"
	"time"

	"twinlb/seed/netconfig"
	"twinlb/seed/strict"
)

// cloudConfig decodes user-data and validates it.
func cloudConfig(v strict.Value, configured bool, machine *netconfig.Machine) Pair {
	pair, wellFormed := userData(v)
	pair.Machine = machine
	if wellFormed {
		validate(&pair, v.Document, configured)
	}
	if len(v.Problems) == 0 {
		pair.Warnings = lint(&pair, v.Document, configured)
	}
	return pair
}

// userData decodes the top level of user-data. What the seed may leave out has
// its default here, where its key is decoded. wellFormed tells that there is a pair to
// validate.
func userData(v strict.Value) (pair Pair, wellFormed bool) {
	pair = Pair{VRRP: VRRP{
		VirtualRouterID: 100,
		AdvertInterval:  200 * time.Millisecond,
		Preempt:         30 * time.Second,
	}}
	v.Mapping(notActedOn,
		strict.Optional("ssh_authorized_keys", &pair.AuthorizedKeys, strict.List(strict.Scalar(authorizedKey, keyText))),
		strict.Required("twinlb", &pair, func(v strict.Value) (p Pair) {
			p, wellFormed = twinlb(v, pair)
			return p
		}),
	)
	return pair, wellFormed
}

// twinlb decodes what is not cloud-init's.
func twinlb(v strict.Value, pair Pair) (_ Pair, wellFormed bool) {
	wellFormed = v.Topmost().Mapping(map[string]string{
		"ssh_authorized_keys": "belongs to the top level, beside twinlb",
		"network":             notActedOn["network"],
	},
		strict.Required("vips", &pair.VIPs, strict.Sized(1, strict.MaxItems,
			"a pair needs at least one VIP, the address that clients use", "", strict.List(strict.Scalar(address, addressText)))),
		strict.Required("nodes", &pair.Nodes, strict.Sized(2, MaxNodes,
			"a pair needs two nodes or more, not %d",
			fmt.Sprintf("at most %d nodes are possible, not %%d: their priorities have to stay apart", MaxNodes), strict.List(node))),
		strict.Optional("gateway", &pair.Gateways, strict.Sized(1, 2,
			"name a gateway, or leave the key out", "at most two gateways are possible, one of each family", strict.OneOrMore(strict.Scalar(address, addressText)))),
		strict.Optional("vrrp", &pair.VRRP, func(v strict.Value) VRRP { return vrrp(v, pair.VRRP) }),
		strict.Required("pools", &pair.Pools, strict.Sized(1, strict.MaxItems,
			"a pair needs at least one pool, a port with servers behind it", "", strict.List(pool))),
	)
	return pair, wellFormed
}

func node(v strict.Value) (n Node) {
	var addresses []netip.Prefix
	v.Mapping(nil,
		strict.Required("name", &n.Name, strict.Scalar(netconfig.HostLabel, nameText)),
		strict.Required("role", &n.Role, strict.Word(Master, Backup)),
		strict.Required("address", &addresses, strict.Sized(1, 2,
			"a node needs an address", "a node has at most two addresses, one of each family", strict.OneOrMore(strict.Scalar(prefix, prefixText)))),
		strict.Optional("interface", &n.Interface, strict.Scalar(netconfig.InterfaceName, interfaceText)),
		strict.Optional("match", &n.MAC, match),
		strict.Optional("management", &n.Management, management),
	)
	if len(addresses) > 0 {
		n.Address = addresses[0]
	}
	if len(addresses) > 1 {
		n.Second = addresses[1]
	}
	return n
}

func management(v strict.Value) *Management {
	var m Management
	v.Mapping(nil,
		strict.Optional("address", &m.Address, strict.Scalar(netconfig.SubnetAddress, subnetAddressText)),
		strict.Optional("interface", &m.Interface, strict.Scalar(netconfig.InterfaceName, interfaceText)),
		strict.Optional("match", &m.MAC, match),
	)
	return &m
}

func match(v strict.Value) (mac net.HardwareAddr) {
	v.Mapping(nil, strict.Required("macaddress", &mac, strict.Scalar(netconfig.MACAddress, macText)))
	return mac
}

func vrrp(v strict.Value, r VRRP) VRRP {
	v.Mapping(nil,
		strict.Optional("virtual_router_id", &r.VirtualRouterID, strict.Scalar(virtualRouterID, number(1, 255))),
		strict.Optional("advert_interval", &r.AdvertInterval, strict.Scalar(advertInterval, durationText)),
		strict.Optional("preempt", &r.Preempt, strict.Scalar(preempt, durationText, neverText)),
	)
	return r
}

const mysqlPort = 3306

func pool(v strict.Value) Pool {
	p := Pool{
		Port:    mysqlPort,
		Balance: RoundRobin,
		Check:   Check{User: "haproxy_check", Auth: Native},
	}
	ok := v.Mapping(nil,
		strict.Required("name", &p.Name, strict.Scalar(sectionLabel, sectionText)),
		strict.Optional("port", &p.Port, strict.Scalar(port, number(1, 65535))),
		strict.Optional("balance", &p.Balance, strict.Word(RoundRobin, LeastConn, First, SourceHash)),
		strict.Optional("check", &p.Check, func(v strict.Value) Check { return check(v, p.Check) }),
		strict.Optional("allow", &p.Allow, strict.Sized(1, strict.MaxItems,
			"an empty list would let nobody in; name the networks of the clients, or leave the key out to let all in", "", strict.List(strict.Scalar(clients, clientsText)))),
		strict.Optional("proxy_protocol", &p.ProxyProtocol, strict.Scalar(proxyProtocol, strict.Shape{Enum: []any{proxyVersion}})),
		strict.Required("backends", &p.Backends, strict.Sized(1, strict.MaxItems,
			"a pool needs at least one backend", "", strict.List(backend))),
	)
	if !ok {
		return Pool{}
	}
	return p
}

func check(v strict.Value, c Check) Check {
	v.Mapping(nil,
		strict.Optional("user", &c.User, strict.Scalar(checkUser, userText)),
		strict.Optional("auth", &c.Auth, strict.Word(Native, SHA2)),
	)
	return c
}

func backend(v strict.Value) Backend {
	b := Backend{Port: mysqlPort, Weight: 1}
	v.Mapping(nil,
		strict.Required("name", &b.Name, strict.Scalar(sectionLabel, sectionText)),
		strict.Required("address", &b.Address, strict.Scalar(address, addressText)),
		strict.Optional("port", &b.Port, strict.Scalar(port, number(1, 65535))),
		strict.Optional("backup", &b.Backup, strict.Scalar(boolean, booleanText)),
		strict.Optional("weight", &b.Weight, strict.Scalar(weight, number(1, maxWeight))),
		strict.Optional("maxconn", &b.MaxConn, strict.Scalar(maxConn, number(1, maxMaxConn))),
		strict.Optional("slowstart", &b.SlowStart, strict.Scalar(slowStart, durationText)),
	)
	return b
}
