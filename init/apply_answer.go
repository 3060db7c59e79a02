package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"twinlb/init/change"
	"twinlb/init/control"
	"twinlb/init/status"
	"twinlb/seed"
	"twinlb/services/haproxy"
	"twinlb/services/keepalived"
	"twinlb/services/plan"
)

// How long an admin waits for what the nodes do; it is longer than they take.
const (
	applyPatience   = 50 * time.Second
	confirmPatience = 5 * time.Second
)

// applySeed offers a seed to all nodes, or shows what it would change.
func (b *balancer) applySeed(r control.Request, send func(control.Reply) error, say say, gone <-chan struct{}) error {
	userData, err := change.Unpack(r.Seed)
	if err != nil {
		return err
	}
	if v := b.change.View(); v.Own.ID != "" && !v.Own.Phase.Final() && !r.DryRun {
		return fmt.Errorf("a change is pending already, of %s%s", v.Own.By, untilText(v.Until))
	}
	if err := b.mayApply(); err != nil {
		return err
	}
	next, err := b.prepare(userData)
	if err != nil {
		return err
	}
	others, err := b.partners(next.spec, r.Alone)
	if err != nil {
		return err
	}
	if r.DryRun {
		return b.dryRun(next, send, say)
	}
	if err := b.try(next); err != nil {
		return err
	}
	offer := change.Offer{
		ID: change.NewID(), By: r.By, UserData: userData, Digest: seed.Digest(userData), Within: r.Within, Nodes: others,
	}
	if err := b.change.Offer(offer); err != nil {
		return err
	}
	v, _ := b.change.Await(applyPatience, gone, func(v change.View) bool {
		return v.Own.ID != offer.ID || v.Own.Phase.Final() || v.Own.Phase == change.Applied && allIn(v, others, change.Applied)
	})
	return sayApplied(b.spec().Node.Name, v, others, say)
}

// mayApply says why no seed can be applied to this node at all.
func (b *balancer) mayApply() error {
	if !b.node.origin.baked {
		return fmt.Errorf("the seed of %s came from the drive %s, which would bring it back at the next start; write the new one there", b.spec().Node.Name, b.node.origin.device)
	}
	return nil
}

// partners are the other nodes that have to take part: those that are heard.
func (b *balancer) partners(next *seed.Spec, alone bool) ([]string, error) {
	var heard []string
	for _, p := range b.spec().Peers {
		if !b.hears(p.Name) {
			if !alone {
				return nil, fmt.Errorf("%s is not heard, and would go on with the old seed; --alone applies it to those that are heard", p.Name)
			}
			continue
		}
		if !slices.ContainsFunc(next.Peers, func(n seed.Node) bool { return n.Name == p.Name }) {
			return nil, fmt.Errorf("the seed has no node %s, which is heard: power it off first", p.Name)
		}
		heard = append(heard, p.Name)
	}
	return heard, nil
}

func (b *balancer) hears(name string) bool {
	since, ever := b.silence(name)
	return ever && since < status.Silence
}

// dryRun shows what would run instead, and what it would take.
func (b *balancer) dryRun(next *running, send func(control.Reply) error, say say) error {
	now := b.now()
	from, err := plan.Of(now.spec, now.host)
	if err != nil {
		return err
	}
	to, err := plan.Of(next.spec, next.host)
	if err != nil {
		return err
	}
	diff := plan.Diff(from, to)
	if diff == "" {
		return say("%s: nothing changes", now.spec.Node.Name)
	}
	if err := b.try(next); err != nil {
		return err
	}
	if err := send(control.Reply{Diff: diff + "\n"}); err != nil {
		return err
	}
	takes, err := b.takes(now, next)
	if err != nil {
		return err
	}
	for _, what := range takes {
		if err := say("%s: %s", now.spec.Node.Name, what); err != nil {
			return err
		}
	}
	return nil
}

// takes says what going over to another seed takes on this node.
func (b *balancer) takes(now, next *running) (all []string, err error) {
	if !sameFiles(now.proxy, next.proxy) {
		c, err := haproxy.Diff(now.spec, next.spec, next.host, nil)
		if err != nil {
			return nil, err
		}
		all = append(all, c.Did...)
	}
	if !sameFiles(now.elector, next.elector) {
		all = append(all, keepalived.Name+": reload"+awayFor(now.spec, next.spec))
	}
	if now.login != nil && next.login != nil && !sameFiles(*now.login, *next.login) {
		all = append(all, "admin: other keys or another address")
	}
	return all, nil
}

func allIn(v change.View, names []string, phase change.Phase) bool {
	return !slices.ContainsFunc(names, func(name string) bool { return v.Others[name].Phase != phase })
}

// sayApplied tells what came of an offer, on each node.
func sayApplied(self string, v change.View, others []string, say say) error {
	if v.Own.Phase != change.Applied {
		if v.Own.Why == "" {
			return fmt.Errorf("the seed is %s", v.Own.Phase)
		}
		return fmt.Errorf("the seed is %s: %s", v.Own.Phase, v.Own.Why)
	}
	for _, what := range v.Own.Did {
		if err := say("%s: %s", self, what); err != nil {
			return err
		}
	}
	for _, name := range others {
		other := v.Others[name]
		if other.Phase != change.Applied {
			if err := say("%s: has not said yet that it is done", name); err != nil {
				return err
			}
		}
		for _, what := range other.Did {
			if err := say("%s: %s", name, what); err != nil {
				return err
			}
		}
	}
	return say("The seed %s runs. It is undone at %s unless `confirm` comes before that.", v.Own.Seed, at(v.Until))
}

func untilText(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return ", until " + at(t)
}

func at(t time.Time) string { return t.UTC().Format(time.TimeOnly) + " UTC" }

// confirm keeps what was applied, on all nodes that hear of it.
func (b *balancer) confirm(say say, gone <-chan struct{}) error {
	if err := b.change.Confirm(b.hears); err != nil {
		return err
	}
	id := b.change.View().Own.ID
	v, _ := b.change.Await(confirmPatience, gone, func(v change.View) bool {
		if v.Own.ID != id || !v.Own.Phase.Final() {
			return v.Own.ID != id
		}
		for _, p := range v.Others {
			if !p.Phase.Final() {
				return false
			}
		}
		return true
	})
	if v.Own.Phase != change.Confirmed {
		return fmt.Errorf("the seed is not kept: it is %s %s", v.Own.Phase, v.Own.Why)
	}
	if err := sayPart(b.spec().Node.Name, v.Own, say); err != nil {
		return err
	}
	var open []string
	for _, name := range slices.Concat([]string{v.Own.Leader}, v.Own.Nodes) {
		p, told := v.Others[name]
		switch {
		case name == b.spec().Node.Name:
		case !told || p.Phase != change.Confirmed:
			open = append(open, name)
		default:
			if err := sayPart(name, p, say); err != nil {
				return err
			}
		}
	}
	if len(open) > 0 {
		return fmt.Errorf("no word from %s: it goes back to the old seed unless it hears of this in time; `status` tells whether the seeds differ", strings.Join(open, ", "))
	}
	return nil
}

func sayPart(name string, p change.Part, say say) error {
	if p.Why != "" {
		return say("%s: %s", name, p.Why)
	}
	return say("%s: keeps the seed %s", name, p.Seed)
}

// rollback undoes what was applied, on all nodes that hear of it.
func (b *balancer) rollback(by string, say say, gone <-chan struct{}) error {
	if err := b.change.Rollback("asked by " + by); err != nil {
		return err
	}
	v, done := b.change.Await(applyPatience, gone, func(v change.View) bool { return v.Own.Phase.Final() })
	if !done {
		return errors.New("this node has not gone back yet; `status` tells when")
	}
	return say("The seed %s is %s: %s. The other nodes follow.", v.Own.Seed, v.Own.Phase, v.Own.Why)
}

// newSeed is what status says of the latest change; nil when there was none.
func (b *balancer) newSeed() *status.NewSeed {
	if b.change == nil {
		return nil
	}
	v := b.change.View()
	if v.Own.ID == "" {
		return nil
	}
	return &status.NewSeed{Seed: v.Own.Seed, By: v.Own.By, Phase: string(v.Own.Phase), Until: v.Until.UTC(), Why: v.Own.Why}
}
