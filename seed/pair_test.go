package seed

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"twinlb/seed/strict"

	"github.com/google/go-cmp/cmp"
	"gotest.tools/v3/golden"
)

// addresses lets cmp look at netip types.
var addresses = cmp.Options{
	cmp.Comparer(func(a, b netip.Addr) bool { return a == b }),
	cmp.Comparer(func(a, b netip.Prefix) bool { return a == b }),
}

// base is a seed that tests change to make it wrong.
const base = `#cloud-config
ssh_authorized_keys: []
twinlb:
  vips: [192.0.2.60]
  nodes:
    - {name: lb-a, role: master, address: 192.0.2.53/24}
    - {name: lb-b, role: backup, address: 192.0.2.54/24}
  gateway: 192.0.2.1
  vrrp: {virtual_router_id: 7, advert_interval: 1s, preempt: 5m}
  pools:
    - name: mysql
      port: 3306
      check: {user: check, auth: native}
      backends:
        - {name: db1, address: 192.0.2.51}
        - {name: db2, address: 198.51.100.50, port: 3307, backup: true}
`

func TestParseBase(t *testing.T) {
	got, err := Parse("base.yaml", []byte(base))
	if err != nil {
		t.Fatal(err)
	}
	want := &Pair{
		AuthorizedKeys: []string{},
		VIPs:           []netip.Addr{netip.MustParseAddr("192.0.2.60")},
		Nodes: []Node{
			{Name: "lb-a", Role: Master, Address: netip.MustParsePrefix("192.0.2.53/24")},
			{Name: "lb-b", Role: Backup, Address: netip.MustParsePrefix("192.0.2.54/24")},
		},
		Gateways: []netip.Addr{netip.MustParseAddr("192.0.2.1")},
		VRRP:     VRRP{VirtualRouterID: 7, AdvertInterval: time.Second, Preempt: 5 * time.Minute},
		Pools: []Pool{{
			Name: "mysql", Port: 3306, Balance: RoundRobin, Check: Check{User: "check", Auth: Native},
			Backends: []Backend{
				{Name: "db1", Address: netip.MustParseAddr("192.0.2.51"), Port: 3306, Weight: 1},
				{Name: "db2", Address: netip.MustParseAddr("198.51.100.50"), Port: 3307, Backup: true, Weight: 1},
			},
		}},
		Warnings: strict.Problems{{
			File: "base.yaml", Line: 2, Column: 22, Warning: true, Source: "ssh_authorized_keys: []",
			Message: "ssh_authorized_keys: no SSH key may log in: nobody can look at a node or change it but on its console",
		}},
	}
	if diff := cmp.Diff(want, got, addresses); diff != "" {
		t.Errorf("Parse (-want +got)\n%s", diff)
	}
}

// TestGoodSeeds compares pairs in a form that is easy to read.
func TestGoodSeeds(t *testing.T) {
	for _, file := range seedFiles(t, "testdata/good") {
		pair, err := Load(file)
		if err != nil {
			t.Errorf("Load:\n%v", err)
			continue
		}
		golden.Assert(t, dump(pair), beside(file))
	}
}

func dump(p *Pair) string {
	var b strings.Builder
	for _, k := range p.AuthorizedKeys {
		fmt.Fprintf(&b, "key %.20s… %s\n", k, k[strings.LastIndexByte(k, ' ')+1:])
	}
	fmt.Fprintf(&b, "VIPs %v gateways %v\n", p.VIPs, p.Gateways)
	for _, s := range p.Specs() {
		fmt.Fprintf(&b, "node %s %s %v priority %d interface %q MAC %q\n",
			s.Node.Name, s.Node.Role, s.Node.Addresses(), s.Priority, s.Node.Interface, s.Node.MAC)
		if m := s.Node.Management; m != nil {
			fmt.Fprintf(&b, "  management %v interface %q MAC %q\n", m.Address, m.Interface, m.MAC)
		}
	}
	fmt.Fprintf(&b, "VRRP %+v\n", p.VRRP)
	for _, pool := range p.Pools {
		fmt.Fprintf(&b, "pool %s port %d %s check %+v\n", pool.Name, pool.Port, pool.Balance, pool.Check)
		if len(pool.Allow) > 0 || pool.ProxyProtocol {
			fmt.Fprintf(&b, "  allow %v PROXY protocol %t\n", pool.Allow, pool.ProxyProtocol)
		}
		for _, s := range pool.Backends {
			fmt.Fprintf(&b, "  %s %v backup %t weight %d maxconn %d slowstart %v\n",
				s.Name, netip.AddrPortFrom(s.Address, s.Port), s.Backup, s.Weight, s.MaxConn, s.SlowStart)
		}
	}
	return b.String()
}

// change replaces text that must be in the seed.
func change(t *testing.T, from, to string) []byte {
	t.Helper()
	if !strings.Contains(base, from) {
		t.Fatalf("%q is not in the base seed", from)
	}
	return []byte(strings.Replace(base, from, to, 1))
}

// TestProblems makes one thing wrong at a time, and wants that problem alone.
func TestProblems(t *testing.T) {
	const (
		nodeA = "    - {name: lb-a, role: master, address: 192.0.2.53/24}\n"
		nodeB = "    - {name: lb-b, role: backup, address: 192.0.2.54/24}\n"
		db1   = "        - {name: db1, address: 192.0.2.51}\n"
		db2   = "        - {name: db2, address: 198.51.100.50, port: 3307, backup: true}\n"
	)
	for _, test := range []struct{ name, from, to, want string }{
		{"no VIP", "[192.0.2.60]", "[]", "4:9: vips: a pair needs at least one VIP"},
		{"VIP twice", "192.0.2.60", "192.0.2.60, 192.0.2.60", "4:22: vips[1]: 192.0.2.60 is vips[0] already"},
		{"VIP is a node", "192.0.2.60", "192.0.2.54", "4:10: vips[0]: 192.0.2.54 is nodes[1].address already"},
		{"VIP is the gateway", "192.0.2.60", "192.0.2.1", "4:10: vips[0]: 192.0.2.1 is gateway already"},
		{"VIP is a backend", "192.0.2.51", "192.0.2.60", "15:32: pools[0].backends[0].address: 192.0.2.60 is vips[0], so"},
		{"VIP outside", "192.0.2.60", "192.0.3.60", "4:10: vips[0]: 192.0.3.60 is outside the nodes' subnet 192.0.2.0/24"},
		{"VIP is the network", "192.0.2.60", "192.0.2.0", "4:10: vips[0]: 192.0.2.0 is the address of the subnet"},
		{"VIP is broadcast", "192.0.2.60", "192.0.2.255", "4:10: vips[0]: 192.0.2.255 is the broadcast address"},
		{"no node of the family", "192.0.2.60", "2001:db8::60", `4:10: vips[0]: 2001:db8::60 is an IPv6 address, and the nodes have none`},
		{"IPv4 in IPv6", "192.0.2.60", `"::ffff:192.0.2.60"`, `4:10: vips[0]: "::ffff:192.0.2.60" is an IPv4 address written as IPv6; write 192.0.2.60`},
		{"octal byte", "192.0.2.60", "192.0.2.060", `4:10: vips[0]: "192.0.2.060" is not an address`},
		{"this network", "192.0.2.60", "0.1.2.3", `4:10: vips[0]: "0.1.2.3" is not an address that a machine can have`},
		{"limited broadcast", "192.0.2.60", "255.255.255.255", `4:10: vips[0]: "255.255.255.255" is not an address that`},
		{"zone", "192.0.2.60", "fe80::1%eth0", `4:10: vips[0]: "fe80::1%eth0" has a zone`},
		{"link-local", "192.0.2.60", "fe80::1", `4:10: vips[0]: "fe80::1" is a link-local address`},
		{"multicast", "192.0.2.60", "ff02::12", `4:10: vips[0]: "ff02::12" is a multicast address`},
		{"loopback", "192.0.2.60", `"::1"`, `4:10: vips[0]: "::1" is a loopback address`},
		{"brackets", "192.0.2.60", "'[2001:db8::60]'", `4:10: vips[0]: "[2001:db8::60]" stands in brackets`},
		{"empty address", "192.0.2.60", `""`, `4:10: vips[0]: "" is not an address`},

		{"no nodes", nodeA + nodeB, "    []\n", "6:5: nodes: a pair needs two nodes or more, not 0"},
		{"one node", nodeB, "", "6:5: nodes: a pair needs two nodes or more, not 1"},
		{"too many nodes", nodeB, nodeB + extraNodes(MaxNodes-1), "6:5: nodes: at most 20 nodes are possible, not 21"},
		{"no master", "master", "backup", "6:5: nodes: no node has the role master"},
		{"two masters", "backup", "master", "7:26: nodes[1].role: nodes[0] is master already"},
		{"master second", nodeA + nodeB, nodeB + nodeA, "7:26: nodes[1].role: the master must be the first node"},
		{"one name", "lb-b", "lb-a", "7:14: nodes[1].name: lb-a is nodes[0].name already"},
		{"one address", "192.0.2.54", "192.0.2.53", "7:43: nodes[1].address: 192.0.2.53 is nodes[0].address already"},
		{"two subnets", "192.0.2.54/24", "192.0.3.54/24", "7:43: nodes[1].address: 192.0.3.54/24 is in the subnet 192.0.3.0/24"},
		{"two prefix lengths", "192.0.2.54/24", "192.0.2.54/25", "7:43: nodes[1].address: 192.0.2.54/25 is in the subnet 192.0.2.0/25"},
		{"node is the network", "192.0.2.54", "192.0.2.0", "7:43: nodes[1].address: 192.0.2.0 is the address of the subnet"},
		{"node is broadcast", "192.0.2.54", "192.0.2.255", "7:43: nodes[1].address: 192.0.2.255 is the broadcast address"},
		{"point to point", "192.0.2.54/24", "192.0.2.54/30", `7:43: nodes[1].address: "192.0.2.54/30" has the prefix length 30`},
		{"trailing hyphen", "lb-b", "lb-", `7:14: nodes[1].name: "lb-" is not a host name`},
		{"long name", "lb-b", strings.Repeat("b", 64), `7:14: nodes[1].name: "bbb`},
		{"loopback interface", "54/24}", "54/24, interface: lo}", `7:69: nodes[1].interface: "lo" is not a network interface that leads anywhere`},
		{"long interface", "54/24}", "54/24, interface: abcdefghijklmnop}", `7:69: nodes[1].interface: "abcdefghijklmnop" is not the name`},
		{"interface and MAC", "54/24}", "54/24, interface: eth0, match: {macaddress: 52:54:00:00:00:01}}", "7:69: nodes[1].interface: interface and match both"},
		{"long MAC", "54/24}", "54/24, match: {macaddress: 52:54:00:00:00:01:02:03}}", `7:78: nodes[1].match.macaddress: "52:54:00:00:00:01:02:03" is not a MAC address`},
		{"empty match", "54/24}", "54/24, match: {}}", "7:65: nodes[1].match: the key macaddress is missing"},

		{"gateway outside", "192.0.2.1\n", "192.0.3.1\n", "8:12: gateway: 192.0.3.1 is outside the nodes' subnet"},
		{"gateway is a node", "192.0.2.1\n", "192.0.2.53\n", "8:12: gateway: 192.0.2.53 is nodes[0].address already"},
		{"no gateway to the backend", "  gateway: 192.0.2.1\n", "", "15:32: pools[0].backends[1].address: 198.51.100.50 is outside the nodes' subnet 192.0.2.0/24, and without a gateway"},
		{"unreadable gateway", "192.0.2.1\n", "router\n", `8:12: gateway: "router" is not an address`},

		{"VRID 0", "_id: 7", "_id: 0", `9:29: vrrp.virtual_router_id: "0" is not a virtual router ID`},
		{"VRID 256", "_id: 7", "_id: 256", `9:29: vrrp.virtual_router_id: "256" is not a virtual router ID`},
		{"VRID with a sign", "_id: 7", "_id: +7", `9:29: vrrp.virtual_router_id: "+7" is not a virtual router ID`},
		{"short interval", ": 1s", ": 40ms", `9:49: vrrp.advert_interval: "40ms" is out of range`},
		{"long interval", ": 1s", ": 11s", `9:49: vrrp.advert_interval: "11s" is out of range`},
		{"odd interval", ": 1s", ": 105ms", `9:49: vrrp.advert_interval: "105ms" is not a multiple of 10ms`},
		{"negative preempt", "5m", "-1s", `9:62: vrrp.preempt: "-1s" is out of range`},
		{"long preempt", "5m", "25h", `9:62: vrrp.preempt: "25h" is out of range`},

		{"no backends", db1 + db2, "        []\n", "15:9: pools[0].backends: a pool needs at least one backend"},
		{"only backups", db1, "", "15:9: pools[0].backends: all backends have backup: true"},
		{"one backend name", "db2", "db1", "16:18: pools[0].backends[1].name: db1 is pools[0].backends[0].name already"},
		{"one server", "198.51.100.50, port: 3307", "192.0.2.51", "16:32: pools[0].backends[1].address: 192.0.2.51:3306 is pools[0].backends[0].address already"},
		{"backend is a node", "192.0.2.51", "192.0.2.54", "15:32: pools[0].backends[0].address: 192.0.2.54 is nodes[1].address, so"},
		{"backend is broadcast", "192.0.2.51", "192.0.2.255", "15:32: pools[0].backends[0].address: 192.0.2.255 is the broadcast address"},
		{"metrics port", "port: 3306", "port: 8404", "12:13: pools[0].port: 8404 is the port of HAProxy's statistics"},
		{"SSH port", "port: 3306", "port: 22", "12:13: pools[0].port: 22 is the port of SSH"},
		{"port 0", "port: 3306", "port: 0", `12:13: pools[0].port: "0" is not a port`},
		{"port twice by default", "  pools:\n", "  pools:\n    - {name: other, backends: [{name: db, address: 192.0.2.51}]}\n    - {name: third, port: 1, backends: [{name: db, address: 192.0.2.51}]}\n",
			"14:13: pools[2].port: 3306 is pools[0].port already"},
		{"long user", "user: check", "user: " + strings.Repeat("u", 33), `13:21: pools[0].check.user: "uuu`},
		{"unknown method", "native", "sha1", `13:34: pools[0].check.auth: "sha1" is unknown; did you mean sha2?`},
	} {
		t.Run(test.name, func(t *testing.T) {
			data := change(t, test.from, test.to)
			_, err := Parse("x", data)
			var problems strict.Problems
			if !errors.As(err, &problems) || len(problems) != 1 || !strings.HasPrefix(err.Error(), "x:"+test.want) {
				t.Fatalf("Parse:\n%v\nwant that alone:\nx:%s…", err, test.want)
			}
			checkPlaces(t, problems, data)
		})
	}
}

func extraNodes(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "    - {name: extra-%d, role: backup, address: 192.0.2.%d/24}\n", i, 100+i)
	}
	return b.String()
}

// dual is the base seed with both families.
const dual = `#cloud-config
ssh_authorized_keys: []
twinlb:
  vips: [192.0.2.60, 2001:db8::60]
  nodes:
    - {name: lb-a, role: master, address: [192.0.2.53/24, 2001:db8::53/64]}
    - {name: lb-b, role: backup, address: [192.0.2.54/24, 2001:db8::54/64], management: {address: 10.0.0.54/24, interface: eth1}}
  gateway: [192.0.2.1, 2001:db8::1]
  pools:
    - name: mysql
      allow: [10.0.0.0/8]
      backends:
        - {name: db1, address: 192.0.2.51, weight: 2}
        - {name: db2, address: 2001:db8:1::50, maxconn: 100}
`

// TestDualStackProblems makes one thing wrong at a time with the two families.
func TestDualStackProblems(t *testing.T) {
	for _, test := range []struct{ name, from, to, want string }{
		{"nothing", "", "", ""},
		{"VIP outside", "2001:db8::60", "2001:db8:0:1::60", "4:22: vips[1]: 2001:db8:0:1::60 is outside the nodes' subnet 2001:db8::/64"},
		{"VIP is anycast", "2001:db8::60", "'2001:db8::'", "4:22: vips[1]: 2001:db8:: is the anycast address of the routers of the subnet"},
		{"VIP is a node", "2001:db8::60", "2001:db8::54", "4:22: vips[1]: 2001:db8::54 is nodes[1].address[1] already"},
		{"two of one family", "192.0.2.54/24, 2001:db8::54/64", "192.0.2.54/24, 192.0.2.55/24", "7:59: nodes[1].address[1]: 192.0.2.55/24 is a second IPv4 address"},
		{"three addresses", "2001:db8::54/64]", "2001:db8::54/64, 2001:db8::55/64]", "7:43: nodes[1].address: a node has at most two addresses"},
		{"no address", "[192.0.2.54/24, 2001:db8::54/64]", "[]", "7:43: nodes[1].address: a node needs an address"},
		{"other order", "192.0.2.54/24, 2001:db8::54/64", "2001:db8::54/64, 192.0.2.54/24", "7:44: nodes[1].address[0]: 2001:db8::54/64 comes first, but nodes[0] has its IPv4 address first"},
		{"one without", "[192.0.2.54/24, 2001:db8::54/64]", "192.0.2.54/24", "7:43: nodes[1].address: nodes[0] has an IPv6 address too"},
		{"the first without", "[192.0.2.53/24, 2001:db8::53/64]", "192.0.2.53/24", "7:59: nodes[1].address[1]: nodes[0] has no IPv6 address"},
		{"subnets differ", "2001:db8::54/64", "2001:db8:0:1::54/64", "7:59: nodes[1].address[1]: 2001:db8:0:1::54/64 is in the subnet 2001:db8:0:1::/64"},
		{"long prefix", "2001:db8::54/64", "2001:db8::54/127", `7:59: nodes[1].address[1]: "2001:db8::54/127" has the prefix length 127; a subnet for two nodes and a VIP has 16 to 126`},
		{"no prefix", "2001:db8::54/64", "2001:db8::54", `7:59: nodes[1].address[1]: "2001:db8::54" lacks the prefix length of its subnet, like 2001:db8::54/64`},
		{"gateway outside", "2001:db8::1]", "2001:db8:9::1]", "8:24: gateway[1]: 2001:db8:9::1 is outside the nodes' subnet 2001:db8::/64"},
		{"link-local gateway", "2001:db8::1]", "fe80::1]", `8:24: gateway[1]: "fe80::1" is a link-local address`},
		{"two gateways", "2001:db8::1]", "192.0.2.2]", "8:24: gateway[1]: 192.0.2.2 is a second IPv4 gateway"},
		{"no gateway of the family", "[192.0.2.1, 2001:db8::1]", "192.0.2.1", "14:32: pools[0].backends[1].address: 2001:db8:1::50 is outside the nodes' subnet 2001:db8::/64, and without a gateway"},
		{"empty gateway", "[192.0.2.1, 2001:db8::1]", "[]", "8:12: gateway: name a gateway, or leave the key out"},
		{"host bits", "10.0.0.0/8", "10.0.0.1/8", "11:15: pools[0].allow[0]: 10.0.0.1/8 is an address in a network, not the network; write 10.0.0.0/8, or 10.0.0.1 for"},
		{"empty allow", "[10.0.0.0/8]", "[]", "11:14: pools[0].allow: an empty list would let nobody in"},
		{"network twice", "10.0.0.0/8]", "10.0.0.0/8, 10.0.0.0/8]", "11:27: pools[0].allow[1]: 10.0.0.0/8 is pools[0].allow[0] already"},
		{"no network", "10.0.0.0/8", "internal", `11:15: pools[0].allow[0]: "internal" is not a network`},
		{"mapped network", "10.0.0.0/8", "'::ffff:10.0.0.0/104'", `11:15: pools[0].allow[0]: "::ffff:10.0.0.0/104" is an IPv4 network written as IPv6`},
		{"weight 0", "weight: 2", "weight: 0", `13:52: pools[0].backends[0].weight: "0" is not a weight, a decimal number from 1 to 256`},
		{"weight 257", "weight: 2", "weight: 257", `13:52: pools[0].backends[0].weight: "257" is not a weight`},
		{"maxconn 0", "maxconn: 100", "maxconn: 0", `14:57: pools[0].backends[1].maxconn: "0" is not a number of connections`},
		{"short slowstart", "weight: 2", "slowstart: 10ms", `13:55: pools[0].backends[0].slowstart: "10ms" is out of range`},
		{"PROXY v1", "allow: [10.0.0.0/8]", "proxy_protocol: v1", `11:23: pools[0].proxy_protocol: "v1" is no version that a node speaks; write v2`},
		{"management in the subnet", "10.0.0.54/24", "192.0.2.154/24", "7:99: nodes[1].management.address: 192.0.2.154/24 overlaps the nodes' subnet 192.0.2.0/24"},
		{"management is a node", "10.0.0.54/24", "192.0.2.53/32", "7:99: nodes[1].management.address: 192.0.2.53 is nodes[0].address[0] already"},
		{"management on the traffic interface", "management: {", "interface: eth1, management: {", "7:141: nodes[1].management.interface: eth1 carries the traffic"},
		{"management with two choices", "interface: eth1}", "interface: eth1, match: {macaddress: 52:54:00:00:00:01}}", "7:124: nodes[1].management.interface: interface and match both"},
		{"management nowhere", ", interface: eth1}", "}", "7:89: nodes[1].management: which interface is it?"},
		{"management without address", "address: 10.0.0.54/24, ", "", "7:89: nodes[1].management: the key address is missing"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if !strings.Contains(dual, test.from) {
				t.Fatalf("%q is not in the seed", test.from)
			}
			data := []byte(strings.Replace(dual, test.from, test.to, 1))
			_, err := Parse("x", data)
			if test.want == "" {
				if err != nil {
					t.Errorf("Parse:\n%v\nwant no error", err)
				}
				return
			}
			var problems strict.Problems
			if !errors.As(err, &problems) || len(problems) != 1 || !strings.HasPrefix(err.Error(), "x:"+test.want) {
				t.Fatalf("Parse:\n%v\nwant that alone:\nx:%s…", err, test.want)
			}
			checkPlaces(t, problems, data)
		})
	}
}

// TestAccepted has values at the edge of what is allowed.
func TestAccepted(t *testing.T) {
	for _, test := range []struct{ from, to string }{
		{"_id: 7", "_id: 1"},
		{"_id: 7", "_id: 255"},
		{": 1s", ": 50ms"},
		{": 1s", ": 10s"},
		{"5m", "0s"},
		{"5m", "24h"},
		{"5m", "never"},
		{"5m", "false"},
		{"port: 3306", "port: '65535'"},
		{"lb-b", strings.Repeat("b", 63)},
		{"user: check", "user: " + strings.Repeat("u", 32)},
		{"54/24}", "54/24, interface: enp0s31f6.4094}"},
		{"54/24}", "54/24, match: {macaddress: 52-54-00-12-34-56}}"},
		{"192.0.2.51", "192.0.2.1"}, // a router may run MySQL
		{"#cloud-config\n", "#cloud-config \t\r\n"},
		{base, strings.ReplaceAll(base, "\n", "\r\n")},
		{base, strings.TrimSuffix(base, "\n")},
		{base, base + "...\n"},
	} {
		if _, err := Parse("x", change(t, test.from, test.to)); err != nil {
			t.Errorf("Parse with %q:\n%v", test.to, err)
		}
	}
}
