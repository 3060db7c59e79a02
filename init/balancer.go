package main

import (
	"fmt"
	"time"

	"twinlb/init/failover"
	"twinlb/init/network"
	"twinlb/init/supervise"
	"twinlb/services"
	"twinlb/services/haproxy"
	"twinlb/services/keepalived"

	"golang.org/x/sys/unix"
)

// balancer is HAProxy, keepalived and the decision between them.
type balancer struct {
	node       *node
	controller *failover.Controller
	haproxy    *supervise.Service
	keepalived *supervise.Service // nil until HAProxy is ready and the link runs
	electing   chan struct{}      // closed when keepalived is started
	done       chan struct{}      // closed when the node stops
}

func (n *node) startServices() error {
	var info unix.Sysinfo_t
	if err := unix.Sysinfo(&info); err != nil {
		return fmt.Errorf("ask for the size of memory: %w", err)
	}
	n.host.Memory = uint64(info.Totalram) * uint64(info.Unit)

	proxy, err := haproxy.Service(n.spec, n.host)
	if err != nil {
		return err
	}
	elector, err := keepalived.Service(n.spec, n.host)
	if err != nil {
		return err
	}
	if err := place(elector.Files); err != nil {
		return err
	}
	states := make(chan keepalived.State)
	if err := failover.Listen(keepalived.NotifyFIFO, int(elector.UID), int(elector.GID), states); err != nil {
		return err
	}

	n.reaper = supervise.NewReaper()
	b := &balancer{node: n, electing: make(chan struct{}), done: make(chan struct{})}
	n.balancer = b
	b.controller = &failover.Controller{
		Preempt:   n.spec.VRRP.Preempt,
		Track:     &failover.Track{Able: keepalived.AbleFile, Preference: keepalived.PreferenceFile},
		KillProxy: func(cause string) { b.haproxy.Kill(cause) },
		Failed:    func(err error) { n.consoles.Log("failover", "%v", err) },
	}
	b.startHAProxy(proxy)
	go b.elect(elector, states)
	return nil
}

func (b *balancer) startHAProxy(service services.Service) {
	p := b.node.process(service)
	changed, exited := p.Changed, p.Exited
	p.Changed = func(s supervise.State) {
		if s.Phase == supervise.Running {
			b.controller.ProxyStarted()
		}
		changed(s)
	}
	p.Exited = func(e supervise.Exit) {
		b.controller.ProxyEnded()
		exited(e)
	}
	b.haproxy = supervise.Start(b.node.reaper, p)
}

// elect takes part in the election once HAProxy is ready and the link runs: a
// keepalived that starts without a carrier loses a whole dead time.
func (b *balancer) elect(service services.Service, states <-chan keepalived.State) {
	answers := make(chan failover.Answer)
	prober := failover.Prober{Socket: haproxy.Socket}
	go prober.Run(answers, b.done)

	running := b.watchLink()
	carrier := false
	for {
		select {
		case answer := <-answers:
			b.controller.Answered(answer)
			if answer.OK && answer.Servers == nil {
				continue // nothing new to show
			}
		case state := <-states:
			b.node.consoles.Log("vrrp", "%s", state)
			b.controller.Elected(state)
		case up, ok := <-running:
			if !ok {
				running = b.watchLink()
				continue
			}
			carrier = up
			b.logLink(up)
		case <-b.done:
			return
		}
		b.node.consoles.Show(b.status(b.controller.Status()))
		if b.keepalived == nil && carrier && b.controller.Status().Decision.Able {
			b.startKeepalived(service)
			close(b.electing)
		}
	}
}

func (b *balancer) startKeepalived(service services.Service) {
	p := b.node.process(service)
	p.Output = func(line string) { b.node.consoles.Log(service.Name, "%s", keepalived.WithoutDate(line)) }
	prepare, exited := p.Prepare, p.Exited
	p.Prepare = func() error {
		b.purge()
		return prepare()
	}
	p.Exited = func(e supervise.Exit) {
		b.purge()
		b.controller.Elected(keepalived.StateStopped)
		exited(e)
	}
	b.keepalived = supervise.Start(b.node.reaper, p)
}

// purge takes off a VIP that keepalived left behind: two nodes would answer for it.
func (b *balancer) purge() {
	purged, err := network.Purge(b.node.link, b.node.spec.VIPs)
	if err != nil {
		b.node.consoles.Log("vrrp", "%v", err)
	}
	for _, vip := range purged {
		b.node.consoles.Log("vrrp", "took the VIP %s off %s: keepalived had left it there", vip, b.node.host.Interface)
	}
}

func (b *balancer) watchLink() <-chan bool {
	running, err := network.Watch(b.node.link, b.done)
	if err != nil {
		b.node.consoles.Log("network", "%v", err)
		return nil
	}
	return running
}

func (b *balancer) logLink(up bool) {
	if up {
		b.node.consoles.Log("network", "%s is up", b.node.host.Interface)
	} else {
		b.node.consoles.Log("network", "%s has no carrier", b.node.host.Interface)
	}
}

// stop hands the VIP over to the peer, if there is one, and ends all services in
// the reverse order of their start.
func (b *balancer) stop() {
	patience := 4*b.node.spec.VRRP.AdvertInterval + 500*time.Millisecond
	select {
	case <-b.controller.Yield():
		b.node.consoles.Log("shutdown", "the VIP is not here")
	case <-time.After(patience):
		b.node.consoles.Log("shutdown", "no peer has taken the VIP within %s", patience)
	}
	select {
	case <-b.electing:
		b.keepalived.Stop()
	default:
	}
	b.haproxy.Stop()
	close(b.done)
}
