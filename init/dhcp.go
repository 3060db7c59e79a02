package main

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"time"

	"twinlb/init/dhcp"
	"twinlb/init/network"
	"twinlb/init/supervise"
	"twinlb/seed/netconfig"
	service "twinlb/services/dhcp"
)

// leaseMetric is that of the routes of a lease: any other is preferred, and those of
// the traffic to those of other links.
const leaseMetric = 1024

// leases are what DHCP servers have given to the links of this node.
type leases struct {
	node   *node
	seed   netconfig.Network
	links  network.Links
	client *supervise.Service

	mu    sync.Mutex
	held  map[leased]network.Lease
	wrong map[int]error // by version of IP, why the last lease for the traffic was not taken
}

// leased is what there is a lease for.
type leased struct {
	link    string // ID
	version int    // of IP
}

// askForLeases starts the process that asks DHCP servers, for the links that want
// that; it does nothing when none does.
func (n *node) askForLeases(links network.Links) {
	var wanting []service.Link
	for _, l := range n.spec.Network.Links {
		if l.DHCPv4 || l.DHCPv6 {
			wanting = append(wanting, service.Link{Name: links[l.ID].Attrs().Name, IPv4: l.DHCPv4, IPv6: l.DHCPv6})
		}
	}
	if wanting == nil {
		return
	}
	n.leases = &leases{node: n, seed: n.spec.Network, links: links, held: make(map[leased]network.Lease), wrong: make(map[int]error)}
	p := n.process(service.Service(wanting))
	p.Changed = nil // there is nobody yet who wants to know
	log := p.Output
	p.Output = func(line string) {
		if dhcp.IsReport(line) {
			n.leases.take(line)
		} else {
			log(line)
		}
	}
	n.leases.client = supervise.New(n.reaper, p)
	n.leases.client.Start()
}

// take takes a line that the process has written, which nobody vouches for. A panic
// over it ends that and not PID 1.
func (l *leases) take(line string) {
	defer func() {
		if p := recover(); p != nil {
			l.node.log(service.Name, "take a lease: panic: %v", p)
		}
	}()
	report, err := dhcp.ParseReport(line)
	if err == nil {
		err = l.apply(report)
	}
	if err != nil {
		l.node.log(service.Name, "%v", err)
	}
}

// apply gives a link what the report says.
func (l *leases) apply(r *dhcp.Report) error {
	link := l.find(r)
	if link == nil {
		return fmt.Errorf("take a lease of IPv%d for %s: it was not asked for", r.Version, r.Link)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	key := leased{link.ID, r.Version}
	var old, next *network.Lease
	if held, ok := l.held[key]; ok {
		old = &held
	}
	wrong := l.suits(link, r)
	if link.ID == l.seed.Traffic {
		l.wrong[r.Version] = wrong
	}
	if r.Lease != nil && wrong == nil {
		next = l.lease(link, r.Lease)
		l.held[key] = *next
	} else {
		delete(l.held, key)
	}
	l.tell(r, old, next)
	if wrong != nil {
		return wrong
	}
	return network.Exchange(l.links[link.ID], old, next)
}

// find returns the link that a lease was asked for.
func (l *leases) find(r *dhcp.Report) *netconfig.Link {
	for i, link := range l.seed.Links {
		if l.links[link.ID].Attrs().Name == r.Link && (r.Version == 4 && link.DHCPv4 || r.Version == 6 && link.DHCPv6) {
			return &l.seed.Links[i]
		}
	}
	return nil
}

// suits tells why a lease cannot be taken: the traffic must have the addresses of the
// seed, which the other nodes and the servers know this node by.
func (l *leases) suits(link *netconfig.Link, r *dhcp.Report) error {
	if r.Lease == nil || link.ID != l.seed.Traffic {
		return nil
	}
	is := r.Lease.Address
	for _, should := range l.node.spec.Node.Addresses() {
		static := slices.ContainsFunc(link.Addresses, func(a netip.Prefix) bool { return a.Addr() == should.Addr() })
		routers := r.Version == 6 && link.AcceptRA
		if should.Addr().Is4() == (r.Version == 4) && should.Addr() != is.Addr() && !static && !routers {
			return fmt.Errorf("the DHCP server%s gives %s the address %s, and the seed says that %s has %s; reserve that one for %s there",
				from(r.Lease.Server), r.Link, is, l.node.spec.Node.Name, should, l.links[link.ID].Attrs().HardwareAddr)
		}
	}
	return nil
}

// lease is what the link gets of a lease.
func (l *leases) lease(link *netconfig.Link, given *dhcp.Lease) *network.Lease {
	lease := &network.Lease{Address: given.Address, Lifetime: given.Lifetime()}
	if link.MTU == 0 {
		lease.MTU = given.MTU
	}
	metric := leaseMetric
	if link.ID != l.seed.Traffic {
		metric += 1 + slices.IndexFunc(l.seed.Links, func(other netconfig.Link) bool { return other.ID == link.ID })
	}
	for _, r := range given.Routes {
		lease.Routes = append(lease.Routes, netconfig.Route{
			To: r.To, Via: r.Via, Metric: metric,
			OnLink: r.Via.IsValid() && !given.Address.Masked().Contains(r.Via),
		})
	}
	return lease
}

// tell says on the consoles what has changed; that a lease was extended is nothing.
func (l *leases) tell(r *dhcp.Report, old, next *network.Lease) {
	link := l.links[l.find(r).ID].Attrs()
	if old != nil && (next == nil || next.Address != old.Address) {
		why := r.Why
		if why == "" {
			why = "the server gives another"
		}
		l.node.log("network", "%s has lost %s: %s", link.Name, old.Address, why)
	}
	if next != nil && (old == nil || next.Address != old.Address) {
		how := "for ever"
		if next.Lifetime > 0 {
			how = "for " + next.Lifetime.String()
		}
		l.node.log("network", "%s (%s) has %s, from DHCP server%s %s", link.Name, link.HardwareAddr, next.Address, from(r.Lease.Server), how)
	}
}

func from(server netip.Addr) string {
	if !server.IsValid() {
		return ""
	}
	return " " + server.String()
}

// misfit is why leases for the traffic were not taken.
func (l *leases) misfit() error {
	if l == nil {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return errors.Join(l.wrong[4], l.wrong[6])
}

// leasePatience is how long the boot waits for the addresses of the traffic.
const leasePatience = 10 * time.Second

// awaitAddresses waits until the traffic link has the node's addresses, which a DHCP
// server or routers may have to give. Without them the node comes up all the same,
// and may not hold the VIP until it has them.
func (n *node) awaitAddresses(links network.Links) error {
	link := links[n.spec.Network.Traffic]
	missing := network.Missing(link, n.addresses())
	if len(missing) == 0 {
		return nil
	}
	n.log("network", "waiting for DHCP on %s", link.Attrs().Name)
	for deadline := time.Now().Add(leasePatience); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if err := n.leases.misfit(); err != nil {
			return err
		}
		if missing = network.Missing(link, n.addresses()); len(missing) == 0 {
			return nil
		}
	}
	n.log("network", "%s does not have %s after %s; goes on without, and holds no VIP until it has", link.Attrs().Name, missing, leasePatience)
	return nil
}

// addresses are the node's, which the traffic link must have.
func (n *node) addresses() []netip.Addr { return n.spec.Node.IPs() }
