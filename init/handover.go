package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"twinlb/init/status"
	"twinlb/seed"
	"twinlb/services/keepalived"
)

// failover gives the VIP to a peer, for as long as a node that returns would have
// to wait for it.
func (b *balancer) failover(why string, say say) error {
	pair := b.pair()
	if pair.Node.VRRP.State != string(keepalived.StateMaster) {
		return elsewhere(pair)
	}
	successor, err := b.successor()
	if err != nil {
		return err
	}
	began := time.Now()
	err = b.hasLeft(b.controller.LetGo(why))
	b.controller.Keep()
	if err != nil {
		return fmt.Errorf("%w; this node keeps it", err)
	}
	return say("%s has taken the VIP over, in %.1f s; %s", successor.Name, time.Since(began).Seconds(), b.returns(successor))
}

// returns says what becomes of a failover by itself.
func (b *balancer) returns(successor *status.Node) string {
	preempt := b.spec().VRRP.Preempt
	switch {
	case preempt == seed.NeverPreempt:
		return "it stays there: preempt is never"
	case b.spec().Priority < successor.VRRP.Priority:
		return "it stays there: that node comes first in the seed"
	}
	return fmt.Sprintf("this node takes it back in %s: preempt", preempt)
}

// vacate has a peer take the VIP over, if it is here and one can, before a service
// is stopped without which this node could not hold it. Its caller calls the
// controller's Keep when that is done.
func (b *balancer) vacate(why string, say say) {
	pair := b.pair()
	if pair.Node.VRRP.State != string(keepalived.StateMaster) {
		return
	}
	successor, err := b.successor()
	if err == nil {
		err = b.hasLeft(b.controller.LetGo(why))
	}
	if err != nil {
		_ = say("the VIP goes without a successor: %v", err)
		return
	}
	_ = say("%s has taken the VIP over", successor.Name)
}

// hasLeft returns when this node does not hold the VIP any more, which the controller
// was told to have a peer take over. When nobody takes it, the node keeps it. What was
// asked for stands until the controller's Keep.
func (b *balancer) hasLeft(left <-chan struct{}) error {
	// A peer takes over three intervals after the last advert that it obeyed. It
	// waits up to two more if its own priority changes meanwhile, and the advert that
	// tells of it may get lost. A busy hypervisor takes its time too.
	patience := max(6*b.spec().VRRP.AdvertInterval, 2*time.Second) + 500*time.Millisecond
	select {
	case <-left:
		return nil
	case <-time.After(patience):
		return fmt.Errorf("no peer has taken the VIP within %s", patience)
	}
}

// settles is how long a peer that has just let the VIP go may take to be a backup, and
// to say so.
const settles = time.Second

// successor is that of this moment, or of the next in which there is one.
func (b *balancer) successor() (*status.Node, error) {
	for until := time.Now().Add(settles); ; time.Sleep(settles / 20) {
		if n, err := successor(b.pair()); err == nil || time.Now().After(until) {
			return n, err
		}
	}
}

// successor is the peer that would take the VIP over from this node, which holds
// it, or why none would.
func successor(pair *status.Pair) (*status.Node, error) {
	var refused []string
	for _, p := range byPriority(pair.Peers) {
		why := ""
		switch n := p.Node; {
		case !p.Heard || n == nil:
			why = "is not heard"
		case !n.VRRP.Able:
			why = "may not hold it: " + n.VRRP.Reason
		case n.VRRP.State != string(keepalived.StateBackup):
			why = fmt.Sprintf("is %s", n.VRRP.State)
		case len(n.Lost()) > len(pair.Node.Lost()):
			// It would be elected all the same, whoever comes after it.
			return nil, fmt.Errorf("%s would take the VIP over, and reaches no backend of %s", p.Name, strings.Join(n.Lost(), ", "))
		default:
			return n, nil
		}
		refused = append(refused, p.Name+" "+why)
	}
	return nil, fmt.Errorf("nobody would take the VIP over: %s", strings.Join(refused, "; "))
}

// byPriority is the order in which keepalived elects peers, those that are not known
// last.
func byPriority(peers []status.Peer) []status.Peer {
	priority := func(p status.Peer) int {
		if p.Node == nil {
			return 0
		}
		return p.Node.VRRP.Priority + p.Node.VRRP.Preference
	}
	return slices.SortedStableFunc(slices.Values(peers), func(a, b status.Peer) int {
		return cmp.Compare(priority(b), priority(a))
	})
}

// elsewhere says where the VIP is when it is not here.
func elsewhere(pair *status.Pair) error {
	for _, p := range pair.Peers {
		if p.Heard && p.Node != nil && p.Node.VRRP.State == string(keepalived.StateMaster) {
			return fmt.Errorf("the VIP is not here but on %s: ask there", p.Name)
		}
	}
	return fmt.Errorf("the VIP is not here: %s", pair.Node.VRRP.Reason)
}
