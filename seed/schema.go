package seed

import (
	"net"
	"time"
)

// cloudConfig decodes the top level of user-data. What the seed may leave out
// has its default here, where its key is decoded.
func cloudConfig(v value) Pair {
	pair := Pair{VRRP: VRRP{
		VirtualRouterID: 100,
		AdvertInterval:  200 * time.Millisecond,
		Preempt:         30 * time.Second,
	}}
	v.mapping(notActedOn,
		optional("ssh_authorized_keys", &pair.AuthorizedKeys, list(scalar(authorizedKey))),
		required("twinlb", &pair, func(v value) Pair { return twinlb(v, pair) }),
	)
	return pair
}

// twinlb decodes and validates what is not cloud-init's.
func twinlb(v value, pair Pair) Pair {
	ok := v.mapping(map[string]string{
		"ssh_authorized_keys": "belongs to the top level, beside twinlb",
		"network":             notActedOn["network"],
	},
		required("vips", &pair.VIPs, list(scalar(address))),
		required("nodes", &pair.Nodes, list(node)),
		optional("gateway", &pair.Gateway, scalar(address)),
		optional("vrrp", &pair.VRRP, func(v value) VRRP { return vrrp(v, pair.VRRP) }),
		required("pools", &pair.Pools, list(pool)),
	)
	if ok {
		validate(&pair, v.decoder)
	}
	return pair
}

func node(v value) (n Node) {
	v.mapping(nil,
		required("name", &n.Name, scalar(hostLabel)),
		required("role", &n.Role, scalar(oneOf(Master, Backup))),
		required("address", &n.Address, scalar(prefix)),
		optional("interface", &n.Interface, scalar(interfaceName)),
		optional("match", &n.MAC, match),
	)
	return n
}

func match(v value) (mac net.HardwareAddr) {
	v.mapping(nil, required("macaddress", &mac, scalar(macAddress)))
	return mac
}

func vrrp(v value, r VRRP) VRRP {
	v.mapping(nil,
		optional("virtual_router_id", &r.VirtualRouterID, scalar(virtualRouterID)),
		optional("advert_interval", &r.AdvertInterval, scalar(advertInterval)),
		optional("preempt", &r.Preempt, scalar(preempt)),
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
		required("name", &p.Name, scalar(sectionLabel)),
		optional("port", &p.Port, scalar(port)),
		optional("balance", &p.Balance, scalar(oneOf(RoundRobin, LeastConn, First, SourceHash))),
		optional("check", &p.Check, func(v value) Check { return check(v, p.Check) }),
		required("backends", &p.Backends, list(backend)),
	)
	if !ok {
		return Pool{}
	}
	return p
}

func check(v value, c Check) Check {
	v.mapping(nil,
		optional("user", &c.User, scalar(checkUser)),
		optional("auth", &c.Auth, scalar(oneOf(Native, SHA2))),
	)
	return c
}

func backend(v value) Backend {
	b := Backend{Port: mysqlPort}
	v.mapping(nil,
		required("name", &b.Name, scalar(sectionLabel)),
		required("address", &b.Address, scalar(address)),
		optional("port", &b.Port, scalar(port)),
		optional("backup", &b.Backup, scalar(boolean)),
	)
	return b
}
