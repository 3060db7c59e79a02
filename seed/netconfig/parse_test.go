package netconfig

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// TestParseRefuses makes one thing wrong at a time, and wants that alone.
func TestParseRefuses(t *testing.T) {
	const (
		eth0 = "  eth0: {addresses: [192.0.2.53/24]}\n"
		v2   = "version: 2\nethernets:\n" + eth0
	)
	for _, test := range []struct{ name, text, want string }{
		{"no mapping", "- x\n", "1:1: must be a mapping with the keys version, ethernets, …, not a list"},
		{"a word", "disabled\n", `1:1: must be a mapping with the keys version, ethernets, …, not "disabled"`},
		{"no version", "ethernets: {}\n", "1:1: the key version is missing; it is 2, or 1"},
		{"disabled", "network: {config: disabled}\n", "1:10: the key version is missing"},
		{"disabled, version 1", "version: 1\nconfig: disabled\n", "2:9: config: a node cannot do without its network"},
		{"quoted version", "version: '3'\n", `1:10: version: "3" is unknown`},
		{"beside the wrapper", "network: {version: 2, ethernets: {eth0: {addresses: [192.0.2.53/24], gateway4: 192.0.2.1}}}\nethernets: {}\n", "2:1: ethernets: unknown key; known here: network"},
		{"no links", "version: 2\n", "1:1: there is no link in it"},
		{"no links, version 1", "version: 1\nconfig: []\n", "1:1: there is no link in it"},
		{"an alias", v2 + "  eth1: &a {dhcp4: true}\n  eth2: *a\n", "5:9: an alias is not supported in network-config"},
		{"a merge", v2 + "  eth1: {<<: {dhcp4: true}}\n", "4:10: ethernets.eth1: every key must be a plain word"},
		{"a link twice", v2 + eth0, "4:3: ethernets: duplicate key \"eth0\""},
		{"a list of links", "version: 2\nethernets: [eth0]\n", "2:12: ethernets: must be a mapping with the names of links as keys, not a list"},
		{"too many links", v2 + manyLinks(maxLinks), "3:3: ethernets: has 65 links, at most 64 are possible"},
		{"version 2 in version 1", "version: 1\nconfig: []\nethernets: {}\n", "3:1: ethernets: belongs to version 2"},
		{"version 1 in version 2", v2 + "config: []\n", "4:1: config: belongs to version 1"},
		{"no MTU for IPv6", v2 + "  eth1: {addresses: ['2001:db8:9::1/64'], mtu: 1279}\n", "4:48: ethernets.eth1.mtu: 1279 is less than IPv6 needs, 1280"},
		{"two default routes", "version: 2\nethernets:\n  eth0: {addresses: [192.0.2.53/24], gateway4: 192.0.2.1, routes: [{to: default, via: 192.0.2.2}]}\n",
			"3:68: ethernets.eth0.routes[0]: a route to 0.0.0.0/0 with the metric 0 is ethernets.eth0.gateway4 already"},
		{"gzip", "\x1f\x8b", "1:1: the file is compressed with gzip, which only user-data may be"},
		{"pattern", v2 + "  x: {match: {name: 'eth[0-'}}\n", `4:21: ethernets.x.match.name: "eth[0-" is not a pattern`},
		{"long name", v2 + "  x: {match: {name: eth1}, set-name: abcdefghijklmnop}\n", `4:38: ethernets.x.set-name: "abcdefghijklmnop" is not the name`},
		{"up-delay", v2 + "  eth1: {}\n  eth2: {}\nbonds: {b: {interfaces: [eth1, eth2], parameters: {mode: active-backup, up-delay: 60s}}}\n",
			`6:83: bonds.b.parameters.up-delay: "60s" is not a time in milliseconds`},
		{"bond of a bond", v2 + "  eth1: {}\nbonds:\n  b: {interfaces: [eth1], parameters: {mode: active-backup}}\n  c: {interfaces: [b], parameters: {mode: active-backup}}\n",
			"7:20: bonds.c.interfaces[0]: b is a bond; the members of a bond are Ethernet interfaces"},
		{"DHCP on a member", v2 + "  eth1: {dhcp4: true}\nbonds: {b: {interfaces: [eth1], parameters: {mode: active-backup}}}\n", "4:9: ethernets.eth1: eth1 is a member of a bond; the bond has DHCP"},
		{"a route of a member", v2 + "  eth1: {routes: [{to: default, via: fe80::1}]}\nbonds: {b: {interfaces: [eth1], parameters: {mode: active-backup}}}\n",
			"4:19: ethernets.eth1.routes[0]: eth1 is a member of a bond; the bond has the routes"},
		{"a zone", v2 + "  eth1: {gateway6: 'fe80::1%eth1'}\n", `4:20: ethernets.eth1.gateway6: "fe80::1%eth1" has a zone; write fe80::1`},
		{"IPv4 in IPv6", v2 + "  eth1: {gateway4: '::ffff:192.0.2.1'}\n", `4:20: ethernets.eth1.gateway4: "::ffff:192.0.2.1" is an IPv4 address in the form of IPv6; write 192.0.2.1`},
		{"VLAN on itself", v2 + "vlans: {v: {id: 1, link: v}}\n", "4:26: vlans.v.link: v is a VLAN"},
	} {
		t.Run(test.name, func(t *testing.T) {
			machine, problems := Parse("network-config", []byte(test.text))
			if machine != nil || len(problems) != 1 || !strings.HasPrefix(problems.Error(), "network-config:"+test.want) {
				t.Fatalf("Parse = %v,\n%v\nwant that alone:\nnetwork-config:%s…", machine, problems, test.want)
			}
			if p, lines := problems[0], strings.Split(test.text, "\n"); p.Line > len(lines) || p.Source != "" && p.Source != lines[p.Line-1] {
				t.Errorf("the source of line %d is %q", p.Line, p.Source)
			}
		})
	}
}

func manyLinks(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "  x%d: {}\n", i)
	}
	return b.String()
}

// TestVersionsAgree writes one network in both versions.
func TestVersionsAgree(t *testing.T) {
	const v1 = `version: 1
config:
  - {type: physical, name: eth1, mac_address: '52:54:00:00:00:01'}
  - {type: physical, name: eth2, mac_address: '52:54:00:00:00:02'}
  - type: bond
    name: bond0
    mtu: 9000
    bond_interfaces: [eth1, eth2]
    params: {bond-mode: active-backup, bond-primary: eth1, bond-miimon: 50, bond-updelay: 200}
    subnets:
      - {type: static, address: 192.0.2.53, netmask: 255.255.255.0, gateway: 192.0.2.1}
      - {type: static6, address: '2001:db8::53/64'}
  - type: vlan
    name: vlan7
    vlan_id: 7
    vlan_link: bond0
    subnets:
      - {type: dhcp4}
  - {type: route, destination: 10.0.0.0/8, gateway: 192.0.2.2, metric: 5}
  - {type: nameserver, address: 192.0.2.9, search: example.com}
`
	const v2 = `network:
  version: 2
  ethernets:
    eth1: {match: {macaddress: '52:54:00:00:00:01'}, set-name: eth1}
    eth2: {match: {macaddress: '52:54:00:00:00:02'}, set-name: eth2}
  bonds:
    bond0:
      mtu: 9000
      interfaces: [eth1, eth2]
      parameters: {mode: active-backup, primary: eth1, mii-monitor-interval: 50, up-delay: 200}
      addresses: [192.0.2.53/24, '2001:db8::53/64']
      gateway4: 192.0.2.1
      routes: [{to: 10.0.0.0/8, via: 192.0.2.2, metric: 5}]
      nameservers: {addresses: [192.0.2.9], search: [example.com]}
  vlans:
    vlan7: {id: 7, link: bond0, dhcp4: true}
`
	var networks []Network
	for _, text := range []string{v1, v2} {
		machine, problems := Parse("network-config", []byte(text))
		if machine == nil {
			t.Fatalf("Parse:\n%v\n%s", problems, text)
		}
		networks = append(networks, machine.Network)
	}
	if diff := cmp.Diff(networks[0], networks[1], cmpopts.EquateComparable(netip.Addr{}, netip.Prefix{})); diff != "" {
		t.Errorf("version 1 and 2 (-1 +2)\n%s", diff)
	}
	if links := networks[0].Links; len(links) != 4 || len(links[2].Routes) != 2 || links[3].VLAN.On != "bond0" {
		t.Errorf("links %+v, want two interfaces, a bond with two routes and a VLAN on it", links)
	}
}
