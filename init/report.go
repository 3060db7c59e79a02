package main

import (
	"os"
	"strings"
	"time"

	"twinlb/init/console"
	"twinlb/init/status"
	"twinlb/seed"
)

// versionsFile is made by the builder: a line for each part, its name and version.
const versionsFile = "/etc/versions"

// report is what this node says of itself, but for its memory: most reports are
// for the console, which does not show that.
func (b *balancer) report() *status.Node {
	spec, now := b.node.spec, b.controller.Status()
	report := &status.Node{
		Name:    spec.Node.Name,
		Role:    string(spec.Node.Role),
		Address: spec.Node.Address.String(),
		Seed:    seed.Digest(b.node.bundle.UserData),
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
	}
	if !now.Since.IsZero() {
		report.VRRP.For = status.InSeconds(time.Since(now.Since))
	}
	for _, vip := range spec.VIPs {
		report.VIPs = append(report.VIPs, vip.String())
	}
	for _, s := range now.Servers {
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
	for _, node := range b.node.spec.Peers {
		known := status.Peer{Name: node.Name, Address: node.Address.String(), Node: b.controller.Peer(node.Name)}
		if since, ever := b.silence(node.Name); ever {
			known.Heard, known.Ago = since < status.Silence, status.InSeconds(since)
		}
		p.Peers = append(p.Peers, known)
	}
	p.Judge()
	return p
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
