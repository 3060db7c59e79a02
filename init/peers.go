package main

import (
	"fmt"
	"net/netip"
	"time"

	"twinlb/init/beat"
	"twinlb/init/peer"
	"twinlb/seed"
)

// peerPort is where the nodes of a pair tell each other how they are, over UDP.
const peerPort = 8405

// tellEvery is how often the peers are told what has changed a little: uptimes,
// sessions. What matters they are told at once.
const tellEvery = 5 * time.Second

// talkToPeers begins to exchange status with the other nodes. A node that can't
// still elects: keepalived needs nothing of this.
func (b *balancer) talkToPeers() {
	spec := b.node.spec
	if b.node.bundle.PairKey == nil {
		b.node.log("peer", "nothing is exchanged with the other nodes: the seed came without %s", seed.KeysFile)
		return
	}
	config := peer.Config{
		Self:     spec.Node.Name,
		Local:    netip.AddrPortFrom(spec.Node.Address.Addr(), peerPort),
		Key:      b.node.bundle.PairKey,
		Interval: heartbeat(spec),
		Heard:    b.peerSaid,
		Failed:   func(err error) { b.node.log("peer", "%v", err) },
	}
	for _, p := range spec.Peers {
		config.Peers = append(config.Peers, peer.Peer{Name: p.Name, Address: netip.AddrPortFrom(p.Address.Addr(), peerPort)})
	}
	exchange, err := peer.Start(config, b.done)
	if err != nil {
		b.node.log("peer", "%v", err)
		return
	}
	b.exchange.Store(exchange)
	b.tellPeers()
	go beat.Every(tellEvery, b.done, b.tellPeers)
}

// heartbeat is the time between two datagrams to a peer.
func heartbeat(spec *seed.Spec) time.Duration {
	return min(max(spec.VRRP.AdvertInterval, peer.MinInterval), peer.MaxInterval)
}

// tellPeers tells them how the node is now. Without the lock, who has looked earlier
// could tell later.
func (b *balancer) tellPeers() {
	exchange := b.exchange.Load()
	if exchange == nil {
		return
	}
	b.telling.Lock()
	defer b.telling.Unlock()
	report := b.report()
	report.Memory, report.Warnings = memory(), nil
	body, err := encode(report)
	if err != nil {
		b.node.log("peer", "tell the peers: %v", err)
		return
	}
	if err := exchange.Tell(body); err != nil {
		b.node.log("peer", "%v", err)
	}
}

// peerSaid takes what came from a node that has the pair's key. A panic on what it
// says ends that and not PID 1.
func (b *balancer) peerSaid(name string, body []byte) {
	defer func() {
		if p := recover(); p != nil {
			b.node.log("peer", "read what %s said: panic: %v", name, p)
		}
	}()
	said, err := decode(body)
	if err == nil && said.Name != name {
		err = fmt.Errorf("it calls itself %q", said.Name)
	}
	if err != nil {
		b.node.log("peer", "read what %s said: %v", name, err)
		return
	}
	b.controller.PeerSaid(said)
}

// silence is how long ago a peer was last heard, if ever.
func (b *balancer) silence(name string) (since time.Duration, ever bool) {
	if exchange := b.exchange.Load(); exchange != nil {
		return exchange.Silence(name)
	}
	return 0, false
}
