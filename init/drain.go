package main

import (
	"fmt"
	"net/netip"
	"time"

	"twinlb/init/drain"
	"twinlb/init/firewall"
	"twinlb/services/keepalived"
)

// drain is failover in a moment when no statement runs.
func (b *balancer) drain(why string, grace time.Duration, say say) error {
	pair := b.pair()
	if pair.Node.VRRP.State != string(keepalived.StateMaster) {
		return elsewhere(pair)
	}
	successor, err := b.successor()
	if err != nil {
		return err
	}
	// Of the peers that are able the first waits its skew time only; three intervals
	// more are for an advert of priority 0 that got lost.
	taken := 5*b.spec().VRRP.AdvertInterval + time.Second
	r, err := drain.Run(&drained{b, why}, grace, taken)
	if err != nil {
		return fmt.Errorf("%w; new connections were held for %.1f s", err, r.Held.Seconds())
	}
	b.node.log("failover", "waited %.3f s until no statement ran, and held new connections for %.3f s", r.Waited.Seconds(), r.Held.Seconds())
	return say("%s has taken the VIP over; new connections waited for %.1f s; %s; %s",
		successor.Name, r.Held.Seconds(), whatWasCut(r, grace), b.returns(successor))
}

func whatWasCut(r drain.Result, grace time.Duration) string {
	connections := fmt.Sprintf("%d connections were", r.Left.Clients)
	if r.Left.Clients == 1 {
		connections = "1 connection was"
	}
	switch {
	case r.Late:
		return fmt.Sprintf("%s open, not all of them idle after %s, and cut", connections, grace)
	case r.Left.Clients == 0:
		return "none was cut"
	}
	return fmt.Sprintf("%s idle, and cut", connections)
}

// drained is this node, for package drain.
type drained struct {
	*balancer
	why string
}

func (d *drained) Hold(atMost time.Duration) error {
	var all []netip.AddrPort
	spec := d.spec()
	for _, vip := range spec.VIPs {
		for _, pool := range spec.Pools {
			all = append(all, netip.AddrPortFrom(vip, pool.Port))
		}
	}
	return firewall.Hold(all, atMost)
}

func (d *drained) Release() error { return firewall.Release() }

func (d *drained) Take() (drain.Census, error) { return drain.Take(d.spec().VIPs) }

func (d *drained) Drop() <-chan struct{} { return d.controller.Drop(d.why) }

func (d *drained) Keep() { d.controller.Keep() }

func (d *drained) Taken() bool {
	for _, n := range d.pair().Known()[1:] {
		if n.VRRP.State == string(keepalived.StateMaster) {
			return true
		}
	}
	return false
}
