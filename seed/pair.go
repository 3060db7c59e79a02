// Package seed reads the one file that describes a pair of load balancers and
// resolves it to what one node has to do.
//
// It is imported by the builder, which refuses a wrong seed before anything is
// built, and by PID 1, which refuses it before anything is started. It imports
// neither, touches no network and runs no process. Below it are strict, which
// reads YAML, and netconfig, which reads the network-config of a machine.
package seed

import (
	"net"
	"net/netip"
	"time"

	"twinlb/seed/netconfig"
	"twinlb/seed/strict"
)

// Pair is a seed that has been parsed, completed with defaults and validated.
type Pair struct {
	// AuthorizedKeys are lines in the format of OpenSSH's authorized_keys(5).
	AuthorizedKeys []string
	VIPs           []netip.Addr // at least one, in the order of the seed, of either family
	Nodes          []Node       // at least two, in order of preference, the master first
	Gateways       []netip.Addr // default routes, at most one of a family
	VRRP           VRRP
	Pools          []Pool // at least one

	// Machine is the network-config that came with the seed. It is that of one
	// node's machine; nil when there was none.
	Machine *netconfig.Machine
	// Hostname is local-hostname of the meta-data: the node that the seed was given
	// to; "" when it does not say.
	Hostname string
	Warnings strict.Problems // what works now and may not later
}

// Role is a node's part while all is well.
type Role string

// The two roles. Which node holds the VIP at a moment is VRRP's state, not a role.
const (
	Master Role = "master"
	Backup Role = "backup"
)

// Node is one of the load balancers of a pair.
type Node struct {
	Name    string       // also the host name; RFC 1123 label
	Role    Role         // exactly one node is Master
	Address netip.Prefix // node address with the length of its subnet; VRRP speaks over it
	Second  netip.Prefix // node address of the other family; zero when there is none
	// Interface and MAC say which network interface carries the addresses. At most
	// one is set; with neither, the node must have exactly one interface.
	Interface string
	MAC       net.HardwareAddr
	// Management is where admin and metrics listen; nil when that is Address.
	Management *Management
}

// Management is an interface apart from the traffic.
type Management struct {
	Address   netip.Prefix // zero when the network-config has it
	Interface string       // as those of Node, one of them is set
	MAC       net.HardwareAddr
}

// Addresses are the node addresses, that of VRRP first.
func (n Node) Addresses() []netip.Prefix {
	if n.Second.IsValid() {
		return []netip.Prefix{n.Address, n.Second}
	}
	return []netip.Prefix{n.Address}
}

// IPs are the node addresses without their subnets.
func (n Node) IPs() []netip.Addr {
	var all []netip.Addr
	for _, a := range n.Addresses() {
		all = append(all, a.Addr())
	}
	return all
}

// Source is the node address from which a node reaches an address of that
// family; the zero Addr when it has none.
func (n Node) Source(to netip.Addr) netip.Addr {
	for _, a := range n.Addresses() {
		if a.Addr().Is4() == to.Is4() {
			return a.Addr()
		}
	}
	return netip.Addr{}
}

// VRRP holds what all nodes of a pair must agree on (RFC 9568).
type VRRP struct {
	VirtualRouterID int           // 1–255, unique on the network segment
	AdvertInterval  time.Duration // time between two adverts, in centiseconds on the wire
	// Preempt is how long a returning node must be healthy before it takes the
	// VIP back from a node of lower priority; NeverPreempt when it must not.
	Preempt time.Duration
}

// NeverPreempt is the Preempt of a pair whose VIP stays where it is until its
// holder fails.
const NeverPreempt time.Duration = -1

// Pool is one port and the MySQL servers behind it.
type Pool struct {
	Name     string
	Port     uint16 // on every VIP and on the node's own address
	Balance  Balance
	Check    Check
	Backends []Backend // at least one that is not Backup
	// Allow are the networks of clients that may connect; all when it is empty.
	Allow []netip.Prefix
	// ProxyProtocol has connections to the backends begin with a PROXY header of
	// version 2 (HAProxy's proxy-protocol.txt), which tells the client's address.
	ProxyProtocol bool
}

// Balance is an algorithm that picks a backend for a new connection, by its
// name in HAProxy's configuration manual.
type Balance string

// The algorithms that make sense for MySQL connections.
const (
	RoundRobin Balance = "roundrobin"
	LeastConn  Balance = "leastconn"
	First      Balance = "first"
	SourceHash Balance = "source"
)

// Check is the account with which a node logs in to see whether a backend serves.
type Check struct {
	User string // no password, no privileges; see Pair.Grants
	Auth Auth
}

// Auth is the authentication method of the check account.
type Auth string

// The two methods. Native is mysql_native_password: MariaDB, and MySQL up to
// 8.0. SHA2 is caching_sha2_password: MySQL 8.4 and 9.
const (
	Native Auth = "native"
	SHA2   Auth = "sha2"
)

// Plugin returns the name of the method in the MySQL protocol.
func (a Auth) Plugin() string {
	if a == SHA2 {
		return "caching_sha2_password"
	}
	return "mysql_native_password"
}

// Backend is one MySQL or MariaDB server.
type Backend struct {
	Name    string
	Address netip.Addr
	Port    uint16
	Backup  bool // takes connections only when no other backend is up
	Weight  int  // share of the connections, relative to that of the others: 1–256
	MaxConn int  // connections at a time, others wait; 0 is no limit
	// SlowStart is how long the weight grows to its full once the backend is up.
	SlowStart time.Duration
}
