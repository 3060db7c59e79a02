package firewall

import (
	"cmp"
	"net/netip"
	"slices"

	"github.com/google/nftables"
)

func (r Rules) write(t *table) {
	t.counter(AdvertsSent)
	t.counter(AdvertsHeard)
	t.counter(AdvertsForeign)
	t.counter(AdvertsRefused)
	t.counter(Dropped)

	input := t.chain("input", nftables.ChainHookInput, nftables.ChainPolicyDrop)
	input.rule(tcp, tcpFlags.isNot(syn), accept)
	input.rule(iif.is(loopback...), accept)
	if r.Node.IsValid() {
		r.writeTraffic(t, input)
	}
	if r.Management != "" && len(r.NodePorts) > 0 {
		input.rule(iifname.is(name(r.Management)...), tcp, dport.in(t.anyOf(nftables.TypeInetService, ports(r.NodePorts)...)), accept)
	}
	r.writeLearning(input)
	input.rule(icmp, icmpType.is(echoRequest), limit, accept)
	input.rule(icmp, icmpType.in(t.anyOf(nftables.TypeICMPType, icmpErrors...)), accept)
	input.rule(icmpv6, icmpType.is(echoRequest6), limit, accept)
	input.rule(icmpv6, icmpType.in(t.anyOf(nftables.TypeICMP6Type, icmpErrors6...)), accept)
	input.rule(v6.version, v6.hops.is(255), icmpv6, icmpType.in(t.anyOf(nftables.TypeICMP6Type, neighborDiscovery...)), accept)
	// RFC 4890 §4.4.1: a switch that snoops stops delivering ND to who is silent.
	input.rule(icmpv6, icmpType.is(listenerQuery), accept)
	input.rule(tcp, limit, rejectWithReset)
	input.rule(udp, limit, rejectWithPortUnreachable)
	input.rule(count(Dropped))

	output := t.chain("output", nftables.ChainHookOutput, nftables.ChainPolicyAccept)
	output.rule(vrrp, count(AdvertsSent))

	t.chain("forward", nftables.ChainHookForward, nftables.ChainPolicyDrop)
}

// writeTraffic lets clients and peers in. Networks of clients stand in rules and not
// in a set: the kernel fills a set of ranges a moment after the rules that look
// into it count, and would refuse whoever comes then.
func (r Rules) writeTraffic(t *table, input chain) {
	traffic, of := iifname.is(name(r.Traffic)...), familyOf(r.Node)
	everybody := t.set("everybody", nftables.TypeInetService, ports(r.openToAll())...)
	for _, f := range []*family{v4, v6} {
		open := t.set("open"+f.suffix, f.addressAndPort, r.open(f)...)
		input.rule(traffic, f.version, tcp, f.daddrAndDport.in(t.held(f)), drop)
		here := slices.Concat(traffic, f.version, tcp, f.daddrAndDport.in(open))
		input.rule(here, dport.in(everybody), accept)
		for _, p := range r.Pools {
			for _, n := range outermost(p.Allow) {
				if familyOf(n.Addr()) == f {
					input.rule(here, f.saddr.masked(mask(n)...).is(n.Masked().Addr().AsSlice()...), dport.is(port(p.Port)...), accept)
				}
			}
		}
	}
	peers := t.set("peers", of.address, addresses(r.Peers)...)
	fromPeers := slices.Concat(of.saddr.in(peers), of.daddr.is(r.Node.AsSlice()...))
	// RFC 9568 §5.1.1.3 and §5.1.2.3: with this TTL no router has passed it on.
	input.rule(traffic, vrrp, of.version, fromPeers, of.hops.is(255), count(AdvertsHeard), accept)
	r.writeForeign(t, input)
	input.rule(vrrp, count(AdvertsRefused), drop)
	input.rule(traffic, of.version, fromPeers, udp, dport.is(port(r.PeerPort)...), accept)
	if of == v6 {
		input.rule(traffic, of.version, fromPeers, fragmentOffset.isNot(0, 0), accept)
	}
}

// writeLearning lets in what an interface learns its addresses and routes from.
func (r Rules) writeLearning(input chain) {
	on := func(interfaces []string, steps ...step) {
		for _, i := range interfaces {
			input.rule(iifname.is(name(i)...), slices.Concat(steps...), accept)
		}
	}
	on(r.DHCPv4, v4.version, udp, sport.is(port(67)...), dport.is(port(68)...))
	on(r.DHCPv6, v6.version, udp, sport.is(port(547)...), dport.is(port(546)...))
	on(r.RouterAdverts, v6.version, v6.hops.is(255), icmpv6, icmpType.is(routerAdvert))
}

// open lists the addresses of the family and their ports that accept connections.
func (r Rules) open(f *family) [][]byte {
	var keys [][]byte
	add := func(address netip.Addr, ports ...uint16) {
		if familyOf(address) != f {
			return
		}
		for _, p := range ports {
			keys = append(keys, slices.Concat(address.AsSlice(), paddedPort(p)))
		}
	}
	for _, address := range r.nodes() {
		for _, p := range r.Pools {
			add(address, p.Port)
		}
		if r.Management == "" {
			add(address, r.NodePorts...)
		}
	}
	for _, vip := range r.VIPs {
		for _, p := range r.Pools {
			add(vip, p.Port)
		}
	}
	return keys
}

// openToAll lists the ports that every client may connect to.
func (r Rules) openToAll() []uint16 {
	var all []uint16
	for _, p := range r.Pools {
		if len(p.Allow) == 0 {
			all = append(all, p.Port)
		}
	}
	if r.Management == "" {
		all = append(all, r.NodePorts...)
	}
	return all
}

func (r Rules) nodes() []netip.Addr {
	if r.Second.IsValid() {
		return []netip.Addr{r.Node, r.Second}
	}
	return []netip.Addr{r.Node}
}

// outermost leaves those networks out that are a part of another: the kernel takes
// no overlapping ones.
func outermost(networks []netip.Prefix) []netip.Prefix {
	var outer []netip.Prefix
	for _, n := range slices.SortedFunc(slices.Values(networks), byBits) {
		if !slices.ContainsFunc(outer, func(o netip.Prefix) bool { return o.Contains(n.Addr()) }) {
			outer = append(outer, n)
		}
	}
	return outer
}

func byBits(a, b netip.Prefix) int { return cmp.Compare(a.Bits(), b.Bits()) }
