package dhcp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"
	"github.com/insomniacslk/dhcp/dhcpv4/nclient4"
	"github.com/mdlayher/packet"
	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// asker4 speaks DHCPv4, RFC 2131, on one link.
type asker4 struct {
	link string
	last *nclient4.Lease
}

// wanted is what a server is asked to tell, RFC 2132 and 3442.
var wanted = dhcpv4.WithRequestedOptions(
	dhcpv4.OptionSubnetMask, dhcpv4.OptionRouter, dhcpv4.OptionClasslessStaticRoute,
	dhcpv4.OptionDomainNameServer, dhcpv4.OptionInterfaceMTU,
	dhcpv4.OptionRenewTimeValue, dhcpv4.OptionRebindingTimeValue,
)

func (a *asker4) acquire(ctx context.Context) (offer, error) {
	return a.exchange(func(client *nclient4.Client) (*nclient4.Lease, error) {
		// A link without an address gets no answers that are sent to one.
		return client.Request(ctx, wanted, dhcpv4.WithBroadcast(true))
	})
}

// extend always asks all: with the server's address in it the question of RENEWING
// differs from that of REBINDING only in who may answer.
func (a *asker4) extend(ctx context.Context, any bool) (offer, error) {
	return a.exchange(func(client *nclient4.Client) (*nclient4.Lease, error) {
		if !any {
			return client.Renew(ctx, a.last, wanted)
		}
		request, err := dhcpv4.NewRenewFromAck(a.last.ACK, wanted)
		if err != nil {
			return nil, err
		}
		answer, err := client.SendAndRead(ctx, client.RemoteAddr(), request,
			nclient4.IsMessageType(dhcpv4.MessageTypeAck, dhcpv4.MessageTypeNak))
		if err != nil {
			return nil, err
		}
		if answer.MessageType() == dhcpv4.MessageTypeNak {
			return nil, &nclient4.ErrNak{Offer: a.last.Offer, Nak: answer}
		}
		return &nclient4.Lease{Offer: answer, ACK: answer}, nil
	})
}

// exchange opens the socket for one conversation, and closes it: while it is open,
// the kernel looks at each packet for it.
func (a *asker4) exchange(converse func(*nclient4.Client) (*nclient4.Lease, error)) (offer, error) {
	link, err := net.InterfaceByName(a.link)
	if err != nil {
		return offer{}, err
	}
	filter, err := bpf.Assemble(toClients)
	if err != nil {
		return offer{}, fmt.Errorf("assemble the socket's filter: %w", err)
	}
	raw, err := packet.Listen(link, packet.Datagram, unix.ETH_P_IP, &packet.Config{Filter: filter})
	if err != nil {
		return offer{}, err
	}
	conn := nclient4.NewBroadcastUDPConn(raw, &net.UDPAddr{Port: nclient4.ClientPort})
	client, err := nclient4.NewWithConn(conn, link.HardwareAddr, nclient4.WithTimeout(time.Second))
	if err != nil {
		raw.Close()
		return offer{}, err
	}
	defer client.Close()
	lease, err := converse(client)
	var refused *nclient4.ErrNak
	switch {
	case errors.As(err, &refused):
		return offer{}, errRefused
	case errors.Is(err, nclient4.ErrNoResponse):
		return offer{}, errors.New("no server answers")
	case err != nil:
		return offer{}, err
	}
	got, err := offer4(lease.ACK)
	if err == nil {
		a.last = lease
	}
	return got, err
}

// toClients lets in what is sent by UDP to the client's port, in packets that begin
// with the IPv4 header, and no other traffic of a balancer.
var toClients = []bpf.Instruction{
	bpf.LoadAbsolute{Off: 9, Size: 1},
	bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: unix.IPPROTO_UDP, SkipTrue: 5},
	bpf.LoadAbsolute{Off: 6, Size: 2},
	bpf.JumpIf{Cond: bpf.JumpBitsSet, Val: 0x1fff, SkipTrue: 3}, // not the first fragment
	bpf.LoadMemShift{Off: 0},
	bpf.LoadIndirect{Off: 2, Size: 2},
	bpf.JumpIf{Cond: bpf.JumpEqual, Val: nclient4.ClientPort, SkipTrue: 1},
	bpf.RetConstant{Val: 0},
	bpf.RetConstant{Val: 1<<16 - 1},
}

// offer4 is what a DHCPACK gives.
func offer4(ack *dhcpv4.DHCPv4) (offer, error) {
	const forever = (1<<32 - 1) * time.Second
	mask := ack.SubnetMask()
	if mask == nil {
		return offer{}, fmt.Errorf("the server gives %s without a subnet mask", ack.YourIPAddr)
	}
	bits, size := mask.Size()
	if size != 32 || bits == 0 {
		return offer{}, fmt.Errorf("the server gives %s with the subnet mask %s", ack.YourIPAddr, net.IP(mask))
	}
	got := offer{Lease: Lease{Address: netip.PrefixFrom(address4(ack.YourIPAddr), bits), Server: address4(ack.ServerIdentifier())}}
	// RFC 2131 §4.3.1: a lease always says how long it lasts.
	lifetime := ack.IPAddressLeaseTime(0)
	switch {
	case lifetime < time.Second:
		return offer{}, fmt.Errorf("the server gives %s for no time", got.Address)
	case lifetime < forever:
		got.Seconds = uint32(lifetime / time.Second)
	}
	got.times(ack.IPAddressRenewalTime(0), ack.IPAddressRebindingTime(0))
	got.Routes = routes4(ack)
	for _, ip := range ack.DNS() {
		if a := address4(ip); checkHost(a, 4) == nil && len(got.Nameservers) < maxNameservers {
			got.Nameservers = append(got.Nameservers, a)
		}
	}
	if mtu, err := dhcpv4.GetUint16(dhcpv4.OptionInterfaceMTU, ack.Options); err == nil && mtu >= minMTU && mtu <= maxMTU {
		got.MTU = int(mtu)
	}
	return got, got.check(4)
}

// routes4 are the routes that can be used, the default route first. RFC 3442: where
// there are classless ones the router does not count.
func routes4(ack *dhcpv4.DHCPv4) []Route {
	var routes []Route
	for _, r := range ack.ClasslessStaticRoute() {
		bits, _ := r.Dest.Mask.Size()
		to := netip.PrefixFrom(address4(r.Dest.IP), bits).Masked()
		via := address4(r.Router)
		if via.IsUnspecified() {
			via = netip.Addr{}
		}
		if to.IsValid() && (!via.IsValid() || checkHost(via, 4) == nil) {
			routes = append(routes, Route{To: to, Via: via})
		}
	}
	if len(routes) == 0 {
		for _, ip := range ack.Router() {
			if via := address4(ip); checkHost(via, 4) == nil {
				return []Route{{To: netip.PrefixFrom(netip.IPv4Unspecified(), 0), Via: via}}
			}
		}
	}
	slices.SortStableFunc(routes, func(a, b Route) int { return a.To.Bits() - b.To.Bits() })
	return routes[:min(len(routes), maxRoutes)]
}

// address4 is an address of IPv4, zero when it is none.
func address4(ip net.IP) netip.Addr {
	a, _ := netip.AddrFromSlice(ip.To4())
	return a
}
