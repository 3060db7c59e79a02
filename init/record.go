package main

import (
	"twinlb/init/control"
	"twinlb/init/failover"
	"twinlb/init/network"
	"twinlb/init/status"
	"twinlb/init/vrrp"
	"twinlb/services/haproxy"
	"twinlb/services/keepalived"
)

// elected tells the controller keepalived's state. A node that is master then looks
// for its first connection.
func (b *balancer) elected(state keepalived.State) {
	before := failover.Passed(b.controller.Status().Servers)
	b.controller.Elected(state)
	if state != keepalived.StateMaster {
		return
	}
	go func() {
		if at, ok := failover.AwaitService(haproxy.Socket, before, b.done); ok {
			b.controller.Served(at)
		}
	}()
}

// completed says what is known of the course of a change, now that no more will be.
func (b *balancer) completed(c status.Change) {
	if took := c.Took(); c.Moves() && took != "" {
		b.node.log("vrrp", "%s at %s: %s", c.To, c.At.UTC().Format("15:04:05.000"), took)
	}
	b.tellPeersAll()
}

// listenForAdverts has the peers' adverts kept for hearAdverts. Without them a record
// lacks when the last one came.
func (b *balancer) listenForAdverts() {
	listener, err := vrrp.Listen(b.spec().Node.Address.Addr())
	if err != nil {
		b.node.log("vrrp", "%v", err)
	}
	if before := b.adverts.Swap(listener); before != nil {
		before.Close()
	}
}

// hearAdverts tells the controller of the adverts that have come since the last time.
func (b *balancer) hearAdverts() {
	listener := b.adverts.Load()
	if listener == nil {
		return
	}
	spec := b.spec()
	for _, h := range listener.Take() {
		for _, p := range spec.Peers {
			if p.Address.Addr() == h.From && int(h.VRID) == spec.VRRP.VirtualRouterID {
				b.controller.Advert(p.Name, int(h.Priority), h.Interval, h.At)
			}
		}
	}
}

// watchVIP reports what comes to the interface and leaves it.
func (b *balancer) watchVIP() <-chan network.Presence {
	presence, err := network.WatchPresence(b.now().link, b.now().over)
	if err != nil {
		b.node.log("vrrp", "%v", err)
		return closedLater[network.Presence](retry)
	}
	return presence
}

// why answers why the VIP moved last, or the nth time before that, as all nodes have
// told it.
func (b *balancer) why(r control.Request, send func(control.Reply) error) error {
	return send(control.Reply{Records: status.Event(b.controller.Records(), r.Nth)})
}
