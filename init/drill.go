package main

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"twinlb/init/control"
	"twinlb/init/drill"
	"twinlb/init/status"
	"twinlb/services/haproxy"
	"twinlb/services/keepalived"
)

// longestStep ends a measurement whose drill is forgotten.
const longestStep = 5 * time.Minute

// driller is this node, for package drill.
type driller struct{ *balancer }

// leadDrill tells what a drill does, and does it if that is wanted.
func (b *balancer) leadDrill(r control.Request, send func(control.Reply) error, say say, gone <-chan struct{}) error {
	var others, all []string
	for _, p := range b.spec().Peers {
		others = append(others, p.Name)
	}
	all = append(slices.Clone(others), b.spec().Node.Name)
	slices.Sort(all)
	if !r.Yes {
		return send(control.Reply{Steps: drill.Steps(all)})
	}
	past := b.drills.Past()
	err := b.drills.Lead(r.By, others, gone, func(result drill.Result) {
		report := drill.Compare(result, past)
		_ = send(control.Reply{Drilled: &report})
		b.node.log("drill", "%s of %s: outage %s, %d of %d connections from %s failed", result.Do, result.On, result.Outage, result.Failed, result.Tried, result.From)
	})
	if err != nil {
		b.node.log("drill", "%v", err)
		return err
	}
	return say("the pair is well after all of it")
}

func (d driller) Well() (holder string, err error) {
	pair := d.pair()
	if pair.Verdict != status.Well {
		return "", errors.New(pair.Problems[0])
	}
	for _, n := range pair.Known() {
		if n.VRRP.State == string(keepalived.StateMaster) {
			return n.Name, nil
		}
	}
	return "", errors.New("nobody holds the VIP")
}

// Act does what an admin could do. The VIP never goes without a successor.
func (d driller) Act(do drill.Action, by string) error {
	d.steering.Lock()
	defer d.steering.Unlock()
	why := "drill, asked by " + by
	d.node.log("drill", "%s, asked by %s", do, by)
	if pair := d.pair(); pair.Node.VRRP.State == string(keepalived.StateMaster) {
		if _, err := successor(pair); err != nil {
			return err
		}
	}
	log := func(format string, args ...any) error {
		d.node.log("drill", format, args...)
		return nil
	}
	switch do {
	case drill.Switchover:
		return d.failover(why, log)
	case drill.Proxy:
		return d.restartService(haproxy.Name, "restarted, "+why, log)
	case drill.Elector:
		return d.restartService(keepalived.Name, "restarted, "+why, log)
	}
	return fmt.Errorf("a %s is not known to this node", do)
}

// Watch connects to the first pool that lets this node in.
func (d driller) Watch() (drill.Watch, error) {
	spec := d.spec()
	vip := spec.VIPs[0]
	from := spec.Node.Source(vip)
	for _, pool := range spec.Pools {
		if len(pool.Allow) > 0 && !slices.ContainsFunc(pool.Allow, func(n netip.Prefix) bool { return n.Contains(from) }) {
			continue
		}
		m := &drill.Meter{
			To: netip.AddrPortFrom(vip, pool.Port), From: from,
			Login: haproxy.Login(pool.Check), Quit: haproxy.Quit(),
		}
		m.Start(longestStep)
		return m, nil
	}
	return nil, fmt.Errorf("no pool lets %s in to measure it", from)
}

func (d driller) Tell() { go d.tellPeers() }

func (d driller) Note(text string) { d.node.log("drill", "%s", text) }

// heardDrill takes what a peer tells of a drill.
func (b *balancer) heardDrill(name string, part *drill.Part) {
	if part != nil {
		if err := part.Check(); err != nil {
			b.node.log("peer", "read what %s said: %v", name, err)
			return
		}
	}
	b.drills.Heard(name, part)
}
