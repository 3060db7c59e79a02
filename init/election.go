package main

import (
	"slices"
	"time"

	"twinlb/init/beat"
	"twinlb/init/failover"
	"twinlb/init/firewall"
	"twinlb/init/network"
	"twinlb/init/status"
	"twinlb/init/supervise"
	"twinlb/services/haproxy"
	"twinlb/services/keepalived"
)

// elect tells the controller all that happens, and takes part in the election once
// this node may hold the VIP: a keepalived that starts without a carrier, or before
// HAProxy is ready, loses a whole dead time.
func (b *balancer) elect(states <-chan keepalived.State) {
	answers, turned := make(chan failover.Answer), make(chan struct{}, 1)
	prober := failover.Prober{Socket: haproxy.Socket, Holds: b.holds, Turned: turned, Renewed: b.renewed, Closed: b.watchPorts()}
	go prober.Run(answers, b.done)

	health := b.watchLink()
	deaf := b.listen()
	presence := b.watchVIP()
	elected := false
	for {
		select {
		case answer := <-answers:
			before := b.controller.Status().Servers
			b.controller.Answered(answer)
			if answer.OK && answer.Servers == nil {
				continue // nothing new to show
			}
			if answer.OK && !slices.EqualFunc(before, answer.Servers, sameHealth) {
				b.tellPeers()
			}
		case state := <-states:
			b.stateIs(state)
			b.hearAdverts()
			b.elected(state)
			select {
			case turned <- struct{}{}:
			default: // it will look anyway
			}
		case is, ok := <-deaf:
			if !ok { // nobody would say that it hears again
				is, deaf = false, b.listen()
			}
			b.controller.Deaf(is)
		case is, ok := <-health:
			if !ok {
				health = b.watchLink()
				continue
			}
			b.controller.Missing(is.Missing)
			b.controller.Carrier(is.Carrier)
			b.logLink(is)
		case is, ok := <-presence:
			if !ok {
				presence = b.watchVIP()
			} else if is.Address == b.spec().VIPs[0] { // the others come and go with it
				b.controller.VIP(is.Here, is.At)
			}
			continue
		case <-b.overslept.told:
			b.controller.Overslept(b.overslept.latest())
		case <-b.signs.elect:
			continue
		case <-b.done:
			return
		}
		if !elected && b.controller.Status().Decision.Able {
			elected = true
			b.keepalived.Start()
		}
		b.show()
	}
}

func sameHealth(a, b haproxy.Server) bool {
	return a.Up == b.Up && a.Check == b.Check && a.Detail == b.Detail
}

// guard ends a keepalived that hangs, whose end takes the VIP off this node, and
// has the controller notice what time alone changes. It ends when the interval is
// another.
func (b *balancer) guard() {
	reader, err := firewall.NewReader()
	if err != nil {
		b.node.log("vrrp", "%v: a keepalived that hangs is not noticed", err)
	} else {
		defer reader.Close()
	}
	b.listenForAdverts()
	interval := b.spec().VRRP.AdvertInterval
	var guard failover.Guard
	var unread recurring
	beat.Every(min(interval, signEvery), b.now().over, func() {
		b.signs.guard.Beat()
		b.hearAdverts()
		b.controller.Reconsider()
		if reader == nil {
			return
		}
		current, counter := b.controller.Status(), firewall.AdvertsHeard
		if current.State == keepalived.StateMaster {
			counter = firewall.AdvertsSent
		}
		adverts, err := reader.Read(counter)
		if unread.news(err) {
			b.node.log("vrrp", "%v", err)
		}
		if err != nil {
			return
		}
		guard.Interval = max(interval, time.Duration(b.advertises.Load()))
		guard.Started = b.electorStarted()
		now := time.Now()
		if by := guard.Stalled(now, current); by > 0 {
			b.controller.Stalled(by)
		}
		if cause := guard.Look(now, current, adverts); cause != "" {
			b.keepalived.Kill(cause)
		}
	})
}

// electorStarted is when the keepalived that runs was started; zero when none does.
func (b *balancer) electorStarted() time.Time {
	if s := b.keepalived.State(); s.Phase == supervise.Running {
		return s.Since
	}
	return time.Time{}
}

// decided makes a new decision known: to the console and to the peers, which have
// to know why this node lets the VIP go.
func (b *balancer) decided(d failover.Decision) {
	b.node.log("failover", "%s: %s", able(d.Able, d.StepsBack > 0, d.Gives()), d.Reason)
	b.tellPeers()
}

// recorded makes a change of role known, and again its reason when that is better
// known.
func (b *balancer) recorded(c status.Change) {
	b.tickler.Elected(b.holds())
	b.node.log("vrrp", "%s: %s", c.To, c.Why)
	b.tellPeers()
}

// retry is for a watch that can't begin, as in a moment without memory: the node
// would go by what it knew then for as long as it runs.
const retry = 10 * time.Second

// closedLater stands for such a watch, and ends as one that does not go on.
func closedLater[T any](after time.Duration) <-chan T {
	c := make(chan T)
	time.AfterFunc(after, func() { close(c) })
	return c
}

func (b *balancer) watchLink() <-chan network.Health {
	health, err := network.Watch(b.now().link, b.spec().Node.IPs(), b.now().over)
	if err != nil {
		b.node.log("network", "%v", err)
		return closedLater[network.Health](retry)
	}
	return health
}

func (b *balancer) holds() bool { return b.controller.Status().State == keepalived.StateMaster }

// listen reports whether anything at all is received.
func (b *balancer) listen() <-chan bool {
	deaf, err := network.Hear(b.now().link, b.spec().VRRP.AdvertInterval, b.holds, b.now().over)
	if err != nil {
		b.node.log("network", "%v", err)
		return closedLater[bool](retry)
	}
	return deaf
}

func (b *balancer) logLink(is network.Health) {
	name := b.now().host.Interface
	switch {
	case !is.Carrier:
		b.node.log("network", "%s has no carrier", name)
	case len(is.Missing) > 0:
		b.node.log("network", "%s is up, and does not have %s", name, is.Missing)
	default:
		b.node.log("network", "%s is up", name)
	}
}
