package dhcp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv6"
	"github.com/insomniacslk/dhcp/dhcpv6/nclient6"
	"github.com/insomniacslk/dhcp/iana"
)

// asker6 speaks DHCPv6, RFC 8415, on one link.
type asker6 struct {
	link string
	last *dhcpv6.Message // the reply that gave the lease
}

func (a *asker6) acquire(ctx context.Context) (offer, error) {
	return a.exchange(func(client *nclient6.Client) (*dhcpv6.Message, error) {
		advertise, err := client.Solicit(ctx, dhcpv6.WithClientID(duid(client.InterfaceAddr())))
		if err != nil {
			return nil, err
		}
		request, err := dhcpv6.NewRequestFromAdvertise(advertise)
		if err != nil {
			return nil, err
		}
		return client.SendAndRead(ctx, client.RemoteAddr(), request, nclient6.IsMessageType(dhcpv6.MessageTypeReply))
	})
}

func (a *asker6) extend(ctx context.Context, any bool) (offer, error) {
	return a.exchange(func(client *nclient6.Client) (*dhcpv6.Message, error) {
		request, err := dhcpv6.NewMessage()
		if err != nil {
			return nil, err
		}
		request.MessageType = dhcpv6.MessageTypeRebind
		request.AddOption(dhcpv6.OptClientID(duid(client.InterfaceAddr())))
		if !any {
			request.MessageType = dhcpv6.MessageTypeRenew
			request.AddOption(dhcpv6.OptServerID(a.last.Options.ServerID()))
		}
		request.AddOption(dhcpv6.OptElapsedTime(0))
		request.AddOption(a.last.Options.OneIANA())
		request.AddOption(dhcpv6.OptRequestedOption(dhcpv6.OptionDNSRecursiveNameServer))
		return client.SendAndRead(ctx, client.RemoteAddr(), request, nclient6.IsMessageType(dhcpv6.MessageTypeReply))
	})
}

// duid is the same after each start, so that the lease is (RFC 8415 §11.4).
func duid(mac net.HardwareAddr) dhcpv6.DUID {
	return &dhcpv6.DUIDLL{HWType: iana.HWTypeEthernet, LinkLayerAddr: mac}
}

// exchange opens the socket for one conversation.
func (a *asker6) exchange(converse func(*nclient6.Client) (*dhcpv6.Message, error)) (offer, error) {
	link, err := net.InterfaceByName(a.link)
	if err != nil {
		return offer{}, err
	}
	conn, err := nclient6.NewIPv6UDPConn(a.link, dhcpv6.DefaultClientPort)
	if err != nil {
		return offer{}, err
	}
	client, err := nclient6.NewWithConn(conn, link.HardwareAddr, nclient6.WithTimeout(time.Second))
	if err != nil {
		conn.Close()
		return offer{}, err
	}
	defer client.Close()
	reply, err := converse(client)
	if errors.Is(err, nclient6.ErrNoResponse) {
		return offer{}, errors.New("no server answers")
	}
	if err != nil {
		return offer{}, err
	}
	got, err := offer6(reply)
	if err == nil {
		a.last = reply
	}
	return got, err
}

// offer6 is what a Reply gives.
func offer6(reply *dhcpv6.Message) (offer, error) {
	if reply.Options.ServerID() == nil {
		return offer{}, errors.New("the server does not say who it is")
	}
	identity := reply.Options.OneIANA()
	if identity == nil {
		return offer{}, errRefused
	}
	if s := identity.Options.Status(); s != nil && s.StatusCode != iana.StatusSuccess {
		return offer{}, errRefused
	}
	address := identity.Options.OneAddress()
	if address == nil || address.ValidLifetime < time.Second {
		return offer{}, errRefused
	}
	const forever = (1<<32 - 1) * time.Second
	a, _ := netip.AddrFromSlice(address.IPv6Addr.To16())
	got := offer{Lease: Lease{Address: netip.PrefixFrom(a, a.BitLen())}}
	if address.ValidLifetime < forever {
		got.Seconds = uint32(address.ValidLifetime / time.Second)
	}
	got.times(identity.T1, identity.T2)
	for _, ip := range reply.Options.DNS() {
		if n, _ := netip.AddrFromSlice(ip.To16()); checkHost(n, 6) == nil && len(got.Nameservers) < maxNameservers {
			got.Nameservers = append(got.Nameservers, n)
		}
	}
	if err := got.check(6); err != nil {
		return offer{}, fmt.Errorf("the server gives what cannot be: %w", err)
	}
	return got, nil
}
