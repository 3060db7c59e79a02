// Package firewall is the node's packet filter: what may come in, and how many
// VRRP adverts have passed. It knows nothing of who listens.
//
// The table is replaced as a whole, in one transaction. Take the node 192.0.2.53
// and 2001:db8::53 on eth0, with a VIP of each family, one peer, with which it talks
// on port 8405 and is virtual router 100, a pool on port 3306, and one on port 3307 for some clients only. SSH
// and metrics are on eth1, which takes its addresses from the network. Its table is,
// in the syntax of nft(8):
//
//	table inet twinlb {
//		counter adverts_sent { }
//		counter adverts_heard { }
//		counter adverts_foreign { }
//		counter adverts_refused { }
//		counter dropped { }
//
//		set everybody {
//			type inet_service
//			elements = { 3306 }
//		}
//		set open4 {
//			type ipv4_addr . inet_service
//			elements = { 192.0.2.53 . 3306, 192.0.2.60 . 3306, 192.0.2.53 . 3307, 192.0.2.60 . 3307 }
//		}
//		set held4 {
//			type ipv4_addr . inet_service
//			flags timeout
//		}
//		set open6 {
//			type ipv6_addr . inet_service
//			elements = { 2001:db8::53 . 3306, 2001:db8::60 . 3306, 2001:db8::53 . 3307, 2001:db8::60 . 3307 }
//		}
//		set held6 {
//			type ipv6_addr . inet_service
//			flags timeout
//		}
//		set peers {
//			type ipv4_addr
//			elements = { 192.0.2.54 }
//		}
//		set foreign4 {
//			type ipv4_addr
//			size 8
//			flags dynamic,timeout
//			timeout 1m
//		}
//		set foreign6 {
//			type ipv6_addr
//			size 8
//			flags dynamic,timeout
//			timeout 1m
//		}
//
//		chain input {
//			type filter hook input priority filter; policy drop;
//			tcp flags & (fin | syn | rst | ack) != syn accept
//			iif lo accept
//			iifname "eth0" ip daddr . tcp dport @held4 drop
//			iifname "eth0" ip daddr . tcp dport @open4 tcp dport @everybody accept
//			iifname "eth0" ip daddr . tcp dport @open4 ip saddr 192.0.2.0/28 tcp dport 3307 accept
//			iifname "eth0" ip6 daddr . tcp dport @held6 drop
//			iifname "eth0" ip6 daddr . tcp dport @open6 tcp dport @everybody accept
//			iifname "eth0" ip6 daddr . tcp dport @open6 ip6 saddr 2001:db8::/124 tcp dport 3307 accept
//			iifname "eth0" meta l4proto 112 ip saddr @peers ip daddr 192.0.2.53 ip ttl 255 counter name adverts_heard accept
//			meta nfproto ipv4 meta l4proto 112 @th,8,8 100 counter name adverts_foreign update @foreign4 { ip saddr }
//			meta nfproto ipv6 meta l4proto 112 @th,8,8 100 counter name adverts_foreign update @foreign6 { ip6 saddr }
//			meta l4proto 112 counter name adverts_refused drop
//			iifname "eth0" ip saddr @peers ip daddr 192.0.2.53 udp dport 8405 accept
//			iifname "eth1" tcp dport { 22, 8404 } accept
//			iifname "eth1" meta nfproto ipv4 udp sport 67 udp dport 68 accept
//			iifname "eth1" meta nfproto ipv6 udp sport 547 udp dport 546 accept
//			iifname "eth1" ip6 hoplimit 255 icmpv6 type nd-router-advert accept
//			icmp type echo-request limit rate 100/second burst 50 packets accept
//			icmp type { destination-unreachable, time-exceeded, parameter-problem } accept
//			icmpv6 type echo-request limit rate 100/second burst 50 packets accept
//			icmpv6 type { destination-unreachable, packet-too-big, time-exceeded, parameter-problem } accept
//			ip6 hoplimit 255 icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept
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
// exchange, or from a DHCP server.
//
// The sets held4 and held6 are empty but while Hold keeps new connections waiting:
// their clients repeat a SYN that got no answer.
//
// Where the nodes speak over IPv6, fragments from peers are let in:
//
//	iifname "eth0" ip6 saddr @peers ip6 daddr 2001:db8::53 frag frag-off != 0 accept
//
// Without connection tracking, the kernel puts fragments of IPv6 together after
// this filter, those of IPv4 before it. Only the first fragment has ports, and
// without that one the others are nothing.
package firewall

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"golang.org/x/sys/unix"
)

// Rules are what differs between nodes. The zero Rules let nobody in.
//
// Addresses are of either family. Interfaces are names of the kernel; those that
// are not there yet are waited for.
type Rules struct {
	Node     netip.Addr   // over which the nodes talk: VRRP and the peer exchange
	Second   netip.Addr   // the node address of the other family; zero when there is none
	VIPs     []netip.Addr // whether they are here or not
	Pools    []Pool       // open on the VIPs and the node addresses, through Traffic alone
	Traffic  string       // interface of all of these
	Peers    []netip.Addr // the other nodes, of Node's family: VRRP comes from them and nobody else
	PeerPort uint16       // UDP, open to the peers on Node
	VRID     uint8        // of the virtual router that only this node and the peers may advertise

	NodePorts  []uint16 // TCP, as SSH and metrics: open on the node addresses, or on Management alone
	Management string   // interface; "" when there is none

	// Interfaces that learn from the network: by DHCP for IPv4 (RFC 2131), for IPv6
	// (RFC 8415), and from router advertisements (RFC 4861).
	DHCPv4, DHCPv6, RouterAdverts []string
}

// Pool is a TCP port, and the networks of clients that may connect to it; all when
// there are none.
type Pool struct {
	Port  uint16
	Allow []netip.Prefix
}

// Apply puts the rules in place of those that were there, all or nothing, and
// sets the counters to zero.
func Apply(r Rules) error {
	if err := r.check(); err != nil {
		return fmt.Errorf("apply the firewall rules: %w", err)
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
	if !r.Node.IsValid() {
		if r.Traffic != "" || len(r.Pools)+len(r.VIPs)+len(r.Peers) > 0 {
			return errors.New("there is no node address")
		}
		return nil
	}
	var all []netip.Addr
	for _, p := range r.Pools {
		for _, n := range p.Allow {
			if !n.IsValid() {
				return fmt.Errorf("a network that may connect to port %d is %s", p.Port, n)
			}
			all = append(all, n.Addr())
		}
	}
	for _, a := range slices.Concat(all, r.nodes(), r.VIPs, r.Peers) {
		if !a.IsValid() || a.Zone() != "" || a.Is4In6() {
			return fmt.Errorf("%s is neither an IPv4 nor a global IPv6 address", a)
		}
	}
	for _, peer := range r.Peers {
		if familyOf(peer) != familyOf(r.Node) {
			return fmt.Errorf("the peer %s and the node %s are not of one address family", peer, r.Node)
		}
	}
	if r.Traffic == "" {
		return fmt.Errorf("there is no interface for %s", r.Node)
	}
	for _, n := range slices.Concat([]string{r.Traffic, r.Management}, r.DHCPv4, r.DHCPv6, r.RouterAdverts) {
		if len(n) >= unix.IFNAMSIZ {
			return fmt.Errorf("%q is no name of an interface: it must have less than %d bytes", n, unix.IFNAMSIZ)
		}
	}
	return nil
}
