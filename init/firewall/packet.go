package firewall

import (
	"encoding/binary"
	"net/netip"
	"slices"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"
)

const (
	network   = expr.PayloadBaseNetworkHeader
	transport = expr.PayloadBaseTransportHeader
)

// Offsets of RFC 9293, RFC 768 and RFC 792.
var (
	iif     = meta(expr.MetaKeyIIF)
	iifname = meta(expr.MetaKeyIIFNAME)
	l4proto = meta(expr.MetaKeyL4PROTO)

	sport    = payload(transport, 0, 2)
	dport    = payload(transport, 2, 2)
	tcpFlags = payload(transport, 13, 1).masked(fin | syn | rst | ack)
	icmpType = payload(transport, 0, 1)
	vrid     = payload(transport, 1, 1) // RFC 9568 §5.2

	// RFC 8200 §4.5: in units of 8 bytes, followed by three bits of other use.
	fragmentOffset = field{&expr.Exthdr{
		DestRegister: unix.NFT_REG_1, Op: expr.ExthdrOpIpv6, Type: unix.IPPROTO_FRAGMENT, Offset: 2, Len: 2,
	}}.masked(0xff, 0xf8)
)

// family is where the parts of an IP header are.
type family struct {
	suffix       string // of names
	version      step
	saddr, daddr field
	hops         field // TTL or hop limit

	// The port of a concatenation begins at the next multiple of four bytes.
	daddrAndDport field

	address, addressAndPort nftables.SetDatatype
}

// Offsets of RFC 791 and RFC 8200.
var (
	v4 = newFamily(family{
		suffix: "4", version: meta(expr.MetaKeyNFPROTO).is(unix.NFPROTO_IPV4),
		saddr: payload(network, 12, 4), daddr: payload(network, 16, 4), hops: payload(network, 8, 1),
		address: nftables.TypeIPAddr,
	}, unix.NFT_REG32_01)
	v6 = newFamily(family{
		suffix: "6", version: meta(expr.MetaKeyNFPROTO).is(unix.NFPROTO_IPV6),
		saddr: payload(network, 8, 16), daddr: payload(network, 24, 16), hops: payload(network, 7, 1),
		address: nftables.TypeIP6Addr,
	}, unix.NFT_REG32_04)
)

// newFamily adds the concatenations, with the port in the given register.
func newFamily(f family, register uint32) *family {
	port := field{&expr.Payload{DestRegister: register, Base: transport, Offset: 2, Len: 2}}
	f.daddrAndDport = slices.Concat(f.daddr, port)
	f.addressAndPort = nftables.MustConcatSetType(f.address, nftables.TypeInetService)
	return &f
}

func familyOf(a netip.Addr) *family {
	if a.Is4() {
		return v4
	}
	return v6
}

var (
	tcp    = l4proto.is(unix.IPPROTO_TCP)
	udp    = l4proto.is(unix.IPPROTO_UDP)
	vrrp   = l4proto.is(112)
	icmp   = slices.Concat(v4.version, l4proto.is(unix.IPPROTO_ICMP))
	icmpv6 = slices.Concat(v6.version, l4proto.is(unix.IPPROTO_ICMPV6))
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
	routerAdvert  = 134
)

var (
	icmpErrors        = [][]byte{{3}, {11}, {12}}    // destination unreachable, time exceeded, parameter problem
	icmpErrors6       = [][]byte{{1}, {2}, {3}, {4}} // the same, and packet too big
	neighborDiscovery = [][]byte{{135}, {136}}       // neighbour solicitation and advertisement
)

// loopback is the index of lo, which the kernel fixes (LOOPBACK_IFINDEX).
var loopback = binary.NativeEndian.AppendUint32(nil, 1)
