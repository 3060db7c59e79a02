package firewall

import (
	"encoding/binary"
	"slices"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"
)

const (
	network   = expr.PayloadBaseNetworkHeader
	transport = expr.PayloadBaseTransportHeader
)

// Offsets of RFC 791, RFC 8200, RFC 9293, RFC 768 and RFC 792.
var (
	iif     = meta(expr.MetaKeyIIF)
	nfproto = meta(expr.MetaKeyNFPROTO)
	l4proto = meta(expr.MetaKeyL4PROTO)

	ttl      = payload(network, 8, 1)
	saddr    = payload(network, 12, 4)
	daddr    = payload(network, 16, 4)
	hopLimit = payload(network, 7, 1)

	dport    = payload(transport, 2, 2)
	tcpFlags = payload(transport, 13, 1).masked(fin | syn | rst | ack)
	icmpType = payload(transport, 0, 1)

	// The second part of a concatenation begins four bytes into register 1.
	daddrAndDport = slices.Concat(daddr,
		field{&expr.Payload{DestRegister: unix.NFT_REG32_01, Base: transport, Offset: 2, Len: 2}})
	addressAndPort = nftables.MustConcatSetType(nftables.TypeIPAddr, nftables.TypeInetService)
)

var (
	ipv4   = nfproto.is(unix.NFPROTO_IPV4)
	ipv6   = nfproto.is(unix.NFPROTO_IPV6)
	tcp    = l4proto.is(unix.IPPROTO_TCP)
	udp    = l4proto.is(unix.IPPROTO_UDP)
	vrrp   = l4proto.is(112)
	icmp   = slices.Concat(ipv4, l4proto.is(unix.IPPROTO_ICMP))
	icmpv6 = slices.Concat(ipv6, l4proto.is(unix.IPPROTO_ICMPV6))
)

// Flags of RFC 9293 §3.1 that tell the first packet of a connection.
const (
	fin = 0x01
	syn = 0x02
	rst = 0x04
	ack = 0x10
)

// Types of RFC 792, RFC 4443, RFC 2710 and RFC 4861.
const (
	echoRequest   = 8
	echoRequest6  = 128
	listenerQuery = 130
)

var (
	icmpErrors        = [][]byte{{3}, {11}, {12}}    // destination unreachable, time exceeded, parameter problem
	icmpErrors6       = [][]byte{{1}, {2}, {3}, {4}} // the same, and packet too big
	neighborDiscovery = [][]byte{{133}, {134}, {135}, {136}, {137}}
)

// loopback is the index of lo, which the kernel fixes (LOOPBACK_IFINDEX).
var loopback = binary.NativeEndian.AppendUint32(nil, 1)
