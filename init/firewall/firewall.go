// Package firewall is the node's packet filter: what may come in, and how many
// VRRP adverts have passed. It knows nothing of who listens.
//
// The table is replaced as a whole, in one transaction. For the node 192.0.2.53
// with the VIP 192.0.2.60, one peer, a pool on port 3306, SSH, metrics and a peer
// exchange on port 3307 it is, in the syntax of nft(8):
//
//	table inet twinlb {
//		counter adverts_sent { }
//		counter adverts_heard { }
//		counter adverts_refused { }
//		counter dropped { }
//
//		set open {
//			type ipv4_addr . inet_service
//			elements = { 192.0.2.53 . 3306, 192.0.2.60 . 3306, 192.0.2.53 . 22, 192.0.2.53 . 8404 }
//		}
//		set peers {
//			type ipv4_addr
//			elements = { 192.0.2.54 }
//		}
//
//		chain input {
//			type filter hook input priority filter; policy drop;
//			tcp flags & (fin | syn | rst | ack) != syn accept
//			iif lo accept
//			ip daddr . tcp dport @open accept
//			meta l4proto 112 ip saddr @peers ip daddr 192.0.2.53 ip ttl 255 counter name adverts_heard accept
//			meta l4proto 112 counter name adverts_refused drop
//			ip saddr @peers ip daddr 192.0.2.53 udp dport 3307 accept
//			icmp type echo-request limit rate 100/second burst 50 packets accept
//			icmp type { destination-unreachable, time-exceeded, parameter-problem } accept
//			icmpv6 type echo-request limit rate 100/second burst 50 packets accept
//			icmpv6 type { destination-unreachable, packet-too-big, time-exceeded, parameter-problem } accept
//			ip6 hoplimit 255 icmpv6 type { nd-router-solicit, nd-router-advert, nd-neighbor-solicit, nd-neighbor-advert, nd-redirect } accept
//			icmpv6 type mld-listener-query accept
//			meta l4proto tcp limit rate 100/second burst 50 packets reject with tcp reset
//			meta l4proto udp limit rate 100/second burst 50 packets reject with icmpx type port-unreachable
//			counter name dropped
//		}
//		chain output {
//			type filter hook output priority filter; policy accept;
//			meta l4proto 112 counter name adverts_sent
//		}
//		chain forward {
//			type filter hook forward priority filter; policy drop;
//		}
//	}
//
// There is no connection tracking, which would cost every packet. TCP needs
// none: a packet that opens no connection belongs to a socket of this node, or
// the kernel answers it with a reset, which is how a client learns that the VIP
// has moved away from under its connection. UDP would: a reply to a question of
// this node's own is refused, unless it comes from a peer to the port of the
// exchange.
package firewall

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/google/nftables"
)

// Rules are what differs between nodes. All addresses are IPv4.
type Rules struct {
	Node      netip.Addr   // the node's own address
	VIPs      []netip.Addr // whether they are here or not
	Ports     []uint16     // TCP, of the pools: open on the VIPs and the node's address
	NodePorts []uint16     // TCP, as SSH and metrics: open on the node's address alone
	Peers     []netip.Addr // the other nodes: VRRP comes from them and nobody else
	PeerPort  uint16       // UDP, open to the peers on the node's address
}

// Apply puts the rules in place of those that were there, all or nothing, and
// sets the counters to zero.
func Apply(r Rules) error {
	if err := r.check(); err != nil {
		return err
	}
	conn, err := connect()
	if err != nil {
		return fmt.Errorf("apply the firewall rules: %w", err)
	}
	t := newTable(conn)
	r.write(t)
	if err := t.commit(); err != nil {
		return fmt.Errorf("apply the firewall rules: %w; the kernel must have NF_TABLES_INET, NFT_LIMIT and NFT_REJECT", err)
	}
	return nil
}

func (r Rules) check() error {
	for _, address := range slices.Concat([]netip.Addr{r.Node}, r.VIPs, r.Peers) {
		if !address.Is4() {
			return fmt.Errorf("apply the firewall rules: %s is not an IPv4 address", address)
		}
	}
	return nil
}

func (r Rules) write(t *table) {
	t.counter(AdvertsSent)
	t.counter(AdvertsHeard)
	t.counter(AdvertsRefused)
	t.counter(Dropped)
	open := t.set("open", addressAndPort, r.open()...)
	peers := t.set("peers", nftables.TypeIPAddr, addresses(r.Peers)...)
	node := r.Node.AsSlice()

	input := t.chain("input", nftables.ChainHookInput, nftables.ChainPolicyDrop)
	input.rule(tcp, tcpFlags.isNot(syn), accept)
	input.rule(iif.is(loopback...), accept)
	input.rule(ipv4, tcp, daddrAndDport.in(open), accept)
	// RFC 9568 §5.1.1.3: with this TTL no router has passed it on.
	input.rule(vrrp, ipv4, saddr.in(peers), daddr.is(node...), ttl.is(255), count(AdvertsHeard), accept)
	input.rule(vrrp, count(AdvertsRefused), drop)
	input.rule(ipv4, saddr.in(peers), daddr.is(node...), udp, dport.is(port(r.PeerPort)...), accept)
	input.rule(icmp, icmpType.is(echoRequest), limit, accept)
	input.rule(icmp, icmpType.in(t.anyOf(nftables.TypeICMPType, icmpErrors...)), accept)
	input.rule(icmpv6, icmpType.is(echoRequest6), limit, accept)
	input.rule(icmpv6, icmpType.in(t.anyOf(nftables.TypeICMP6Type, icmpErrors6...)), accept)
	input.rule(ipv6, hopLimit.is(255), icmpv6, icmpType.in(t.anyOf(nftables.TypeICMP6Type, neighborDiscovery...)), accept)
	// RFC 4890 §4.4.1: a switch that snoops stops delivering ND to who is silent.
	input.rule(icmpv6, icmpType.is(listenerQuery), accept)
	input.rule(tcp, limit, rejectWithReset)
	input.rule(udp, limit, rejectWithPortUnreachable)
	input.rule(count(Dropped))

	output := t.chain("output", nftables.ChainHookOutput, nftables.ChainPolicyAccept)
	output.rule(vrrp, count(AdvertsSent))

	t.chain("forward", nftables.ChainHookForward, nftables.ChainPolicyDrop)
}

// open lists every address and port that accepts connections.
func (r Rules) open() [][]byte {
	var keys [][]byte
	add := func(address netip.Addr, ports []uint16) {
		for _, p := range ports {
			keys = append(keys, slices.Concat(address.AsSlice(), port(p), []byte{0, 0}))
		}
	}
	for _, vip := range r.VIPs {
		add(vip, r.Ports)
	}
	add(r.Node, r.Ports)
	add(r.Node, r.NodePorts)
	return keys
}

func addresses(all []netip.Addr) [][]byte {
	var keys [][]byte
	for _, address := range all {
		keys = append(keys, address.AsSlice())
	}
	return keys
}

func port(p uint16) []byte { return []byte{byte(p >> 8), byte(p)} }
