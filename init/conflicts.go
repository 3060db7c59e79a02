package main

import (
	"bytes"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"sync/atomic"
	"time"

	"twinlb/init/beat"
	"twinlb/init/conflict"
	"twinlb/init/firewall"
	"twinlb/init/network"
	"twinlb/init/rival"
	"twinlb/init/status"
	"twinlb/services/keepalived"
)

// rivals is what is known of others that act as if they had what is the pair's.
type rivals struct {
	ledger   rival.Ledger
	split    rival.Split
	changes  atomic.Uint64 // of keepalived's state
	foreign  uint64        // adverts, as last counted
	announce chan struct{} // gets something when the VIP's MAC address is to be told
	defended time.Time     // against a stranger
}

// lookAgain is how often a master asks who else has the VIP, and anybody looks for
// foreign adverts.
const lookAgain = 10 * time.Second

// watchClaims hears who claims the VIPs and this node's addresses, as long as the
// node runs.
func (b *balancer) watchClaims() {
	var failed recurring
	for {
		err := b.watchClaimsOf(b.claimable())
		select {
		case <-b.done:
			return
		case <-time.After(lookAgain):
		}
		if failed.news(err) {
			b.node.log("network", "%v", err)
		}
	}
}

// claimable are the addresses that nobody but this node or its peers may have.
func (b *balancer) claimable() []netip.Addr {
	return slices.Concat(b.spec().VIPs, b.spec().Node.IPs())
}

// watchClaimsOf returns when the addresses are others, or nothing is heard any more.
func (b *balancer) watchClaimsOf(addresses []netip.Addr) error {
	watcher, err := conflict.Watch(b.now().link, addresses)
	if err != nil {
		return err
	}
	defer watcher.Close()
	routers, err := conflict.JoinRouters(b.now().link, b.spec().Node.Address.Addr().Is6())
	if err != nil {
		b.node.log("network", "%v", err)
	} else {
		defer routers.Close()
	}
	again := time.NewTicker(lookAgain)
	defer again.Stop()
	for {
		select {
		case claim, ok := <-watcher.Claims:
			if !ok {
				return nil
			}
			b.claimed(claim)
		case <-b.rivals.announce:
			b.announceVIPs(watcher)
		case <-again.C:
			if !slices.Equal(addresses, b.claimable()) {
				return nil
			}
			b.countForeign()
			if b.holds() {
				_ = watcher.Ask(b.spec().VIPs...) // a link that is down has nobody to ask
			}
		case <-b.done:
			return nil
		}
	}
}

// announcements are made so often, an advert interval apart: one may get lost, and a
// switch may have learned the other's last frame since.
const announcements = 3

// announceVIPs tells everybody that the VIPs are here, if they are.
func (b *balancer) announceVIPs(watcher *conflict.Watcher) {
	for i := range announcements {
		if i > 0 {
			time.Sleep(min(b.spec().VRRP.AdvertInterval, time.Second))
		}
		if !b.holds() {
			return
		}
		if err := watcher.Announce(b.spec().VIPs...); err != nil {
			b.node.log("vrrp", "%v", err)
		}
	}
}

// claimed takes what a packet said.
func (b *balancer) claimed(c conflict.Claim) {
	if slices.Contains(b.spec().Node.IPs(), c.Address) {
		b.noteRival(status.AddressClaimed, c.MAC.String(), c.Address.String(), 1)
		return
	}
	if peer := b.peerWith(c.MAC); peer != "" {
		b.learned(b.rivals.split.Claimed(peer))
		return
	}
	b.noteRival(status.VIPClaimed, c.MAC.String(), c.Address.String(), 1)
	if time.Since(b.rivals.defended) >= defendAgain {
		b.rivals.defended = time.Now()
		b.announce()
	}
}

// defendAgain is how long a stranger is let talk after it was contradicted: RFC 5227
// §2.4 (c), or two that do not give in would fill the network.
const defendAgain = 10 * time.Second

// announce has the VIP's MAC address told, if the VIP is here.
func (b *balancer) announce() {
	select {
	case b.rivals.announce <- struct{}{}:
	default: // it is about to be told
	}
}

// peerWith is the node that has the MAC address, as it says itself or as the kernel
// has found it; "" when none has.
func (b *balancer) peerWith(mac net.HardwareAddr) string {
	for _, p := range b.spec().Peers {
		if said := b.controller.Peer(p.Name); said != nil && said.MAC == mac.String() {
			return p.Name
		}
		for _, address := range p.IPs() {
			if bytes.Equal(network.Neighbour(b.now().link, address), mac) {
				return p.Name
			}
		}
	}
	return ""
}

// noteRival says what is worth it, on the consoles and to the peers.
func (b *balancer) noteRival(kind status.ConflictKind, by, address string, times uint64) {
	if !b.rivals.ledger.Saw(kind, by, address, times) {
		return
	}
	for _, c := range b.rivals.ledger.Conflicts() {
		if c.Kind == kind && c.By == by && c.Address == address {
			b.node.log("conflict", "warning: %s", c)
		}
	}
	b.tellPeers()
	b.show()
}

// countForeign asks the packet filter for adverts of routers that are no nodes.
func (b *balancer) countForeign() {
	adverts := b.count(firewall.AdvertsForeign)
	more := adverts - b.rivals.foreign
	if adverts < b.rivals.foreign { // it was set up anew
		more = adverts
	}
	b.rivals.foreign = adverts
	if more == 0 {
		return
	}
	sources, err := firewall.Foreign()
	if err != nil {
		b.node.log("vrrp", "%v", err)
	}
	if len(sources) == 0 {
		b.noteRival(status.ForeignAdverts, "", "", more)
		return
	}
	for i, source := range sources {
		share := more / uint64(len(sources))
		if i == 0 {
			share += more % uint64(len(sources))
		}
		b.noteRival(status.ForeignAdverts, source.String(), "", share)
	}
}

// watchAdverts looks at each interval whether a peer advertises beside this node while
// that is master. It ends when the interval is another.
func (b *balancer) watchAdverts() {
	reader, err := firewall.NewReader()
	if err != nil {
		b.node.log("vrrp", "%v", err)
		return
	}
	defer reader.Close()
	beat.Every(b.spec().VRRP.AdvertInterval, b.now().over, func() {
		if !b.holds() {
			return
		}
		if adverts, err := reader.Read(firewall.AdvertsHeard); err == nil {
			b.learned(b.rivals.split.Look(adverts, b.otherMaster()))
		}
	})
}

// otherMaster is the peer that is likely to be master too.
func (b *balancer) otherMaster() string {
	peers := b.spec().Peers
	for _, p := range peers {
		if said := b.controller.Peer(p.Name); said != nil && said.VRRP.State == string(keepalived.StateMaster) {
			return p.Name
		}
	}
	if len(peers) == 1 {
		return peers[0].Name
	}
	return "another node"
}

// stateIs takes the state that keepalived has now.
func (b *balancer) stateIs(state keepalived.State) {
	if state != b.controller.Status().State {
		b.rivals.changes.Add(1)
	}
	b.learned(b.rivals.split.Elected(state == keepalived.StateMaster))
}

// peerIs takes what a peer says of itself.
func (b *balancer) peerIs(said *status.Node) {
	master := said.VRRP.State == string(keepalived.StateMaster)
	b.learned(b.rivals.split.Said(said.Name, master, said.VRRP.For.Duration()))
	if master {
		return
	}
	for _, c := range said.Conflicts {
		if c.Kind == status.SplitBrain && c.By == b.spec().Node.Name && c.Over && c.Ago.Duration() < tellEvery {
			b.learned(b.rivals.split.Told(said.Name, c.For.Duration(), c.Ago.Duration()))
		}
	}
}

// learned notes and says what is known of a split brain, and tells everybody the
// VIP's MAC address where it is this node's.
func (b *balancer) learned(events []rival.Event) {
	for _, e := range events {
		if e.Ours {
			b.announce()
		}
		if !e.Began && !e.Over {
			continue
		}
		news := false
		if e.Began {
			news = b.rivals.ledger.Saw(status.SplitBrain, e.Peer, "", 1)
		}
		if e.Over {
			b.rivals.ledger.Ended(e.Peer, e.Lasted)
		}
		if news || e.Over {
			b.node.log("vrrp", "%s", describe(e))
		}
		b.tellPeers()
		b.show()
	}
}

func describe(e rival.Event) string {
	lasted := ""
	if e.Lasted > 0 {
		lasted = fmt.Sprintf(" for %.1f s", e.Lasted.Seconds())
	}
	switch {
	case !e.Over:
		return fmt.Sprintf("SPLIT BRAIN: %s has held the VIP beside this node%s", e.Peer, lasted)
	case e.Ours:
		return fmt.Sprintf("the split brain is over: %s had held the VIP beside this node%s, and has let it go; everybody is told that it is here", e.Peer, lasted)
	}
	return fmt.Sprintf("the split brain is over: this node had held the VIP beside %s%s, and has let it go", e.Peer, lasted)
}

// counters are read when somebody asks.
func (b *balancer) counters() *status.Counters {
	c := &status.Counters{
		StateChanges:   b.rivals.changes.Load(),
		AdvertsSent:    b.count(firewall.AdvertsSent),
		AdvertsHeard:   b.count(firewall.AdvertsHeard),
		AdvertsRefused: b.count(firewall.AdvertsRefused),
		AdvertsForeign: b.count(firewall.AdvertsForeign),
		Dropped:        b.count(firewall.Dropped),
		Conflicts:      make(map[status.ConflictKind]uint64),
	}
	for _, kind := range status.ConflictKinds {
		c.Conflicts[kind] = b.rivals.ledger.Total(kind)
	}
	return c
}

// count is one of the packet filter's; 0 when it cannot be read.
func (b *balancer) count(c firewall.Counter) uint64 {
	reader, err := firewall.NewReader()
	if err != nil {
		return 0
	}
	defer reader.Close()
	packets, _ := reader.Read(c)
	return packets
}
