package seed

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
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
		Gateway: netip.MustParseAddr("192.0.2.1"),
		VRRP:    VRRP{VirtualRouterID: 7, AdvertInterval: time.Second, Preempt: 5 * time.Minute},
		Pools: []Pool{{
			Name: "mysql", Port: 3306, Balance: RoundRobin, Check: Check{User: "check", Auth: Native},
			Backends: []Backend{
				{Name: "db1", Address: netip.MustParseAddr("192.0.2.51"), Port: 3306},
				{Name: "db2", Address: netip.MustParseAddr("198.51.100.50"), Port: 3307, Backup: true},
			},
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
		golden(t, file, dump(pair))
	}
}

func dump(p *Pair) string {
	var b strings.Builder
	for _, k := range p.AuthorizedKeys {
		fmt.Fprintf(&b, "key %.20s… %s\n", k, k[strings.LastIndexByte(k, ' ')+1:])
	}
	fmt.Fprintf(&b, "VIPs %v gateway %v\n", p.VIPs, p.Gateway)
	for _, s := range p.Specs() {
		fmt.Fprintf(&b, "node %s %s %v priority %d interface %q MAC %q\n",
			s.Node.Name, s.Node.Role, s.Node.Address, s.Priority, s.Node.Interface, s.Node.MAC)
	}
	fmt.Fprintf(&b, "VRRP %+v\n", p.VRRP)
	for _, pool := range p.Pools {
		fmt.Fprintf(&b, "pool %s port %d %s check %+v\n", pool.Name, pool.Port, pool.Balance, pool.Check)
		for _, s := range pool.Backends {
			fmt.Fprintf(&b, "  %s %v:%d backup %t\n", s.Name, s.Address, s.Port, s.Backup)
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
		{"IPv6", "192.0.2.60", "2001:db8::60", `4:10: vips[0]: "2001:db8::60" is an IPv6 address, which is not supported yet`},
		{"IPv4 in IPv6", "192.0.2.60", `"::ffff:192.0.2.60"`, `4:10: vips[0]: "::ffff:192.0.2.60" is an IPv6 address`},
		{"octal byte", "192.0.2.60", "192.0.2.060", `4:10: vips[0]: "192.0.2.060" is not an IPv4 address`},
		{"this network", "192.0.2.60", "0.1.2.3", `4:10: vips[0]: "0.1.2.3" is not an address that a machine can have`},
		{"limited broadcast", "192.0.2.60", "255.255.255.255", `4:10: vips[0]: "255.255.255.255" is not an address that`},
		{"empty address", "192.0.2.60", `""`, `4:10: vips[0]: "" is not an IPv4 address`},

		{"no nodes", nodeA + nodeB, "    []\n", "6:5: nodes: a pair needs two nodes or more, not 0"},
		{"one node", nodeB, "", "6:5: nodes: a pair needs two nodes or more, not 1"},
		{"six nodes", nodeB, nodeB + extraNodes(4), "6:5: nodes: at most 5 nodes are possible, not 6"},
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
		{"unreadable gateway", "192.0.2.1\n", "router\n", `8:12: gateway: "router" is not an IPv4 address`},

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
			var problems Problems
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
