package main

import (
	"net/netip"
	"os"
	"strings"
	"time"

	"twinlb/init/console"
	"twinlb/init/status"
	"twinlb/seed"
	"twinlb/services/haproxy"
)

// versionsFile is made by the builder: a line for each part, its name and version.
const versionsFile = "/etc/versions"

// report is what this node says of itself, but for its memory: most reports are
// for the console, which does not show that.
func (b *balancer) report() *status.Node {
	spec, now := b.spec(), b.controller.Status()
	report := &status.Node{
		Name:       spec.Node.Name,
		Role:       string(spec.Node.Role),
		Address:    spec.Node.Address.String(),
		Second:     prefix(spec.Node.Second),
		Management: b.management(),
		Seed:       seed.Digest(b.now().bundle.UserData),
		Warnings:   b.warnings(),
		VRRP: status.VRRP{
			State:      string(now.State),
			Able:       now.Decision.Able,
			Priority:   spec.Priority,
			Preference: now.Decision.StepsBack * spec.StepBack,
			GivesAway:  now.Decision.Gives(),
			Reason:     now.Decision.Reason,
		},
		Backends: []status.Backend{},
		Services: b.services(),
		Versions: b.versions,
		Uptime:   status.InSeconds(console.Uptime()),
		Changes:  b.controller.Latest(),
	}
	report.NewSeed, report.Watchdog = b.newSeed(), b.watchedBy()
	report.MAC = b.now().link.Attrs().HardwareAddr.String()
	report.Conflicts = b.rivals.ledger.Conflicts()
	if !b.node.origin.baked {
		report.SeedFrom = b.node.origin.device
	}
	if !now.Since.IsZero() {
		report.VRRP.For = status.InSeconds(time.Since(now.Since))
	}
	for _, vip := range spec.VIPs {
		report.VIPs = append(report.VIPs, vip.String())
	}
	for _, s := range haproxy.Of(spec, now.Servers) {
		report.Backends = append(report.Backends, status.Backend{
			Pool: s.Pool, Name: s.Name, Address: s.Address,
			Up: s.Up, Check: s.Check, Detail: s.Detail, Sessions: s.Sessions,
		})
	}
	return report
}

// pair is what this node knows of all.
func (b *balancer) pair() *status.Pair {
	p := &status.Pair{Node: *b.report(), Peers: []status.Peer{}}
	for _, node := range b.spec().Peers {
		known := status.Peer{
			Name: node.Name, Address: node.Address.String(), Second: prefix(node.Second),
			Node: b.controller.Peer(node.Name),
		}
		if since, ever := b.silence(node.Name); ever {
			known.Heard, known.Ago = since < status.Silence, status.InSeconds(since)
		}
		p.Peers = append(p.Peers, known)
	}
	p.Judge()
	return p
}

// fullPair is pair with what takes the kernel to be asked.
func (b *balancer) fullPair() *status.Pair {
	p := b.pair()
	p.Node.Memory, p.Node.Counters, p.Node.Takeover = memory(), b.counters(), b.controller.Takeover()
	return p
}

// management is where admin and metrics listen, if that is an interface of their own.
func (b *balancer) management() string {
	name := b.now().host.Management
	if name == "" {
		return ""
	}
	link := b.spec().Network.Link(b.spec().Network.Management)
	var addresses []string
	for _, a := range link.Addresses {
		addresses = append(addresses, a.String())
	}
	if link.DHCPv4 || link.DHCPv6 || link.AcceptRA {
		addresses = append(addresses, "what the network gives")
	}
	return strings.Join(addresses, ", ") + " on " + name
}

// warnings are those about the seed, each in one line.
func (b *balancer) warnings() []string {
	var all []string
	if b.now().bundle.PairKey == nil {
		all = append(all, "warning: the seed came without "+seed.KeysFile+": the nodes can't tell each other how they are")
	}
	for _, w := range b.spec().Warnings {
		line, _, _ := strings.Cut(w.String(), "\n")
		all = append(all, line)
	}
	return all
}

func prefix(p netip.Prefix) string {
	if !p.IsValid() {
		return ""
	}
	return p.String()
}

func (b *balancer) services() []status.Service {
	var all []status.Service
	for _, unit := range b.units {
		s := unit.State()
		all = append(all, status.Service{
			Name:     s.Name,
			Phase:    string(s.Phase),
			PID:      s.PID,
			For:      status.InSeconds(time.Since(s.Since)),
			Restarts: s.Restarts,
			LastExit: s.LastExit,
		})
	}
	return all
}

// versions reads the builder's file.
func versions() []status.Version {
	all := []status.Version{}
	text, err := os.ReadFile(versionsFile)
	if err != nil {
		return all
	}
	for line := range strings.Lines(string(text)) {
		part, version, _ := strings.Cut(strings.TrimSpace(line), " ")
		all = append(all, status.Version{Part: part, Version: version})
	}
	return all
}
