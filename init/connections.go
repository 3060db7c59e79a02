package main

import (
	"net/netip"

	"twinlb/init/status"
	"twinlb/init/tickle"
	"twinlb/services/keepalived"

	"github.com/vishvananda/netlink"
)

// shareConnections begins to tell the peers which connections this node has while it
// holds the VIP, and to end those that the VIP has moved away from.
func (b *balancer) shareConnections() {
	b.tickler = tickle.Start(tickle.Config{
		Link: func() netlink.Link { return b.now().link },
		VIPs: func() []netip.Addr { return b.spec().VIPs },
		Peers: func() (names []string) {
			for _, p := range b.spec().Peers {
				names = append(names, p.Name)
			}
			return names
		},
		Holds: b.peerHolds,
		Send: func(message []byte) error {
			if exchange := b.exchange.Load(); exchange != nil {
				return exchange.Send(message)
			}
			return nil // it was said that nothing is exchanged
		},
		Log: func(format string, args ...any) { b.node.log("vrrp", format, args...) },
	}, b.done)
}

// peerListed takes the connections of a peer, as peerSaid does its status.
func (b *balancer) peerListed(name string, message []byte) {
	defer func() {
		if p := recover(); p != nil {
			b.node.log("peer", "read the connections of %s: panic: %v", name, p)
		}
	}()
	b.tickler.Heard(name, message)
}

// peerHolds tells whether a peer is heard, and says that it holds the VIP.
func (b *balancer) peerHolds(name string) bool {
	since, ever := b.silence(name)
	if !ever || since >= status.Silence {
		return false
	}
	peer := b.controller.Peer(name)
	return peer != nil && peer.VRRP.State == string(keepalived.StateMaster)
}
