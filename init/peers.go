package main

import (
	"fmt"
	"net/netip"
	"time"

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
	spec := b.spec()
	if b.now().bundle.PairKey == nil {
		b.node.log("peer", "nothing is exchanged with the other nodes: the seed came without %s; connections through a node that fails hang until they time out", seed.KeysFile)
		return
	}
	config := peer.Config{
		Self:     spec.Node.Name,
		Local:    netip.AddrPortFrom(spec.Node.Address.Addr(), peerPort),
		Key:      b.now().bundle.PairKey,
		Interval: heartbeat(spec),
		Heard:    b.peerSaid,
		Message:  b.peerListed,
		Failed:   func(err error) { b.node.log("peer", "%v", err) },

		Paused:     b.overslept.say,
		LeastPause: leastPause(spec),
	}
	for _, p := range spec.Peers {
		config.Peers = append(config.Peers, peer.Peer{Name: p.Name, Address: netip.AddrPortFrom(p.Address.Addr(), peerPort)})
	}
	exchange, err := peer.Start(config, b.now().over)
	if err != nil {
		b.node.log("peer", "%v", err)
		return
	}
	b.exchange.Store(exchange)
	b.tellPeers()
}

// heartbeat is the time between two datagrams to a peer.
func heartbeat(spec *seed.Spec) time.Duration {
	return min(max(spec.VRRP.AdvertInterval, peer.MinInterval), peer.MaxInterval)
}

// tellPeers tells them how the node is now.
func (b *balancer) tellPeers() { b.tell(false) }

// tellPeersAll tells them the records of this node's changes of role as well. These
// are not urgent, and make several fragments of a datagram that is one else: where
// packets get lost, it arrives far later.
func (b *balancer) tellPeersAll() { b.tell(true) }

// tell does it. Without the lock, who has looked earlier could tell later.
func (b *balancer) tell(records bool) {
	exchange := b.exchange.Load()
	if exchange == nil {
		return
	}
	b.telling.Lock()
	defer b.telling.Unlock()
	report := said{Node: *b.report()}
	report.Memory, report.Warnings, report.NewSeed = memory(), nil, nil
	if !records {
		report.Changes = nil
	}
	if part, ok := b.change.Part(); ok {
		report.Change = &part
	}
	if part, ok := b.drills.Part(); ok {
		report.Drill = &part
	}
	body, err := encode(&report)
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
	b.controller.PeerSaid(&said.Node)
	b.heardDrill(name, said.Drill)
	b.peerIs(&said.Node)
	if said.Change == nil {
		b.change.Forgot(name)
	} else {
		if err := said.Change.Check(); err != nil {
			b.node.log("peer", "read what %s said: %v", name, err)
			return
		}
		b.change.Heard(name, *said.Change)
	}
}

// silence is how long ago a peer was last heard, if ever.
func (b *balancer) silence(name string) (since time.Duration, ever bool) {
	if exchange := b.exchange.Load(); exchange != nil {
		return exchange.Silence(name)
	}
	return 0, false
}
