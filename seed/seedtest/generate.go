// Package seedtest makes seeds for tests: random ones that are right, and that
// together say all that a seed can.
package seedtest

import (
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"strings"
)

// Generate returns the text of a user-data that seed.Parse accepts. The same
// numbers give the same text.
func Generate(r *rand.Rand) string {
	g := &generator{
		Rand:    r,
		beyond4: subnetOf("203.0.113.0/24"),
		beyond6: subnetOf("2001:db8:beef::/48"),
		names:   make(map[string]bool),
	}
	g.networks()
	g.line("#cloud-config")
	if g.often() {
		g.line("ssh_authorized_keys:")
		g.line("  - ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAICQfnd6bwyqDZYspD34lLZ5TJtTdtaZk7pHQEzn/2s15 ops@example")
	}
	g.line("twinlb:")
	g.vips()
	g.nodes()
	g.gateways()
	g.vrrp()
	g.pools()
	return g.text.String()
}

type generator struct {
	*rand.Rand
	text  strings.Builder
	nets  []*network // of the nodes, that of VRRP first
	apart *network   // of the management interfaces; nil when there are none

	beyond4, beyond6 *network // where a gateway leads
	names            map[string]bool
	macs             int
}

// network is a subnet whose addresses are given out one after the other.
type network struct {
	netip.Prefix
	last    netip.Addr
	gateway netip.Addr // zero when there is none
}

func (g *generator) line(format string, args ...any) {
	fmt.Fprintf(&g.text, format+"\n", args...)
}

// often and seldom say whether something is to be in the seed.
func (g *generator) often() bool  { return g.IntN(4) > 0 }
func (g *generator) seldom() bool { return g.IntN(4) == 0 }

func pick[T any](g *generator, of ...T) T { return of[g.IntN(len(of))] }

// networks chooses families and subnets.
func (g *generator) networks() {
	v4 := pick(g, "192.0.2.0/24", "10.1.0.0/16", "172.16.5.64/26", "198.51.100.128/25")
	v6 := pick(g, "2001:db8:0:1::/64", "fd00:1::/120", "2001:db8:ffff:ffff::/48")
	families := pick(g, []string{v4}, []string{v6}, []string{v4, v6}, []string{v6, v4})
	for _, subnet := range families {
		n := subnetOf(subnet)
		if g.often() {
			n.gateway = n.next()
		}
		g.nets = append(g.nets, n)
	}
	if g.seldom() {
		g.apart = subnetOf(pick(g, "10.254.0.0/24", "fd00:fe::/64"))
	}
}

func subnetOf(text string) *network {
	p := netip.MustParsePrefix(text).Masked()
	return &network{Prefix: p, last: p.Addr()}
}

func (n *network) next() netip.Addr {
	n.last = n.last.Next()
	return n.last
}

// host is the next address with the length of the subnet.
func (n *network) host() netip.Prefix { return netip.PrefixFrom(n.next(), n.Bits()) }

// one writes a list of one item as the item, at times.
func (g *generator) one(items []string) string {
	if len(items) == 1 && g.often() {
		return items[0]
	}
	return "[" + strings.Join(items, ", ") + "]"
}

func (g *generator) vips() {
	vips := []string{g.nets[0].next().String()}
	for range g.IntN(4) {
		vips = append(vips, pick(g, g.nets...).next().String())
	}
	g.Shuffle(len(vips), func(i, j int) { vips[i], vips[j] = vips[j], vips[i] })
	g.line("  vips: [%s]", strings.Join(vips, ", "))
}

func (g *generator) nodes() {
	g.line("  nodes:")
	for i := range 2 + g.IntN(5) {
		role := "backup"
		if i == 0 {
			role = "master"
		}
		var addresses []string
		for _, n := range g.nets {
			addresses = append(addresses, n.host().String())
		}
		g.line("    - name: %s", g.name("lb-a", "lb-b", "lb-c", "default", "none", "0", "a1-b2", strings.Repeat("n", 63)))
		g.line("      role: %s", role)
		g.line("      address: %s", g.one(addresses))
		managed := g.apart != nil && g.often()
		if managed || g.seldom() {
			g.line("      %s", g.card("eth0", "ens18", "bond0", "bond0.100", "Ethernet_0-1.20"))
		}
		if managed {
			g.line("      management:")
			g.line("        address: %s", g.apart.host())
			g.line("        %s", g.card("eth1", "mgmt", "enp2s0.4094"))
		}
	}
}

// card chooses a network interface.
func (g *generator) card(names ...string) string {
	if g.seldom() {
		g.macs++
		return fmt.Sprintf("match: {macaddress: %s}", net.HardwareAddr{0x52, 0x54, 0, 0, byte(g.macs >> 8), byte(g.macs)})
	}
	return "interface: " + pick(g, names...)
}

// name returns one that has not been used yet.
func (g *generator) name(of ...string) string {
	name := pick(g, of...)
	for n := 2; g.names[name]; n++ {
		name = fmt.Sprintf("n%d", n)
	}
	g.names[name] = true
	return name
}

func (g *generator) gateways() {
	var all []string
	for _, n := range g.nets {
		if n.gateway.IsValid() {
			all = append(all, n.gateway.String())
		}
	}
	if len(all) > 0 {
		g.line("  gateway: %s", g.one(all))
	}
}

func (g *generator) vrrp() {
	if g.seldom() {
		return
	}
	g.line("  vrrp: {virtual_router_id: %d, advert_interval: %s, preempt: %s}",
		1+g.IntN(255), pick(g, "200ms", "1s", "1.01s", "10s"), pick(g, "0s", "30s", "24h", "never"))
}
