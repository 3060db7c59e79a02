package main

import (
	"context"
	"slices"

	"twinlb/init/network"
	"twinlb/seed"
	"twinlb/services"
	"twinlb/services/admin"
	"twinlb/services/haproxy"
	"twinlb/services/keepalived"
	"twinlb/services/metrics"

	"github.com/vishvananda/netlink"
)

// running is what a node runs at one moment. It is never changed, only replaced:
// whoever looks at it sees one seed and not parts of two.
type running struct {
	bundle *seed.Bundle
	spec   *seed.Spec
	host   services.Host
	links  network.Links
	link   netlink.Link // of the traffic

	proxy, elector services.Service
	login          *services.Service // nil when nobody can log in
	monitor        services.Service

	// over is closed, by end, when what watches the network of this seed has to begin
	// anew.
	over <-chan struct{}
	end  context.CancelFunc
}

// begin makes what ends with end.
func (r *running) begin() {
	ctx, cancel := context.WithCancel(context.Background())
	r.over, r.end = ctx.Done(), cancel
}

func (b *balancer) now() *running { return b.run.Load() }

func (b *balancer) spec() *seed.Spec { return b.run.Load().spec }

// render adds the services to what is resolved.
func (r *running) render() error {
	var err error
	if r.proxy, err = haproxy.Service(r.spec, r.host); err != nil {
		return err
	}
	if r.elector, err = keepalived.Service(r.spec, r.host); err != nil {
		return err
	}
	if r.monitor, err = metrics.Service(r.spec, r.host); err != nil {
		return err
	}
	if !admin.Listens(r.spec) {
		return nil
	}
	login, err := admin.Service(r.spec, r.host, r.bundle.HostKey)
	r.login = &login
	return err
}

// watches tells whether what watches the network for one seed does so for the other.
func (r *running) watches(other *running) bool {
	return r.link.Attrs().Index == other.link.Attrs().Index &&
		r.spec.VRRP == other.spec.VRRP &&
		slices.Equal(r.spec.Node.Addresses(), other.spec.Node.Addresses()) &&
		slices.EqualFunc(r.spec.Peers, other.spec.Peers, func(a, b seed.Node) bool {
			return a.Name == b.Name && slices.Equal(a.Addresses(), b.Addresses())
		})
}
