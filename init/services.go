package main

import (
	"fmt"
	"net/netip"
	"sync"
	"sync/atomic"

	"twinlb/init/beat"
	"twinlb/init/change"
	"twinlb/init/console"
	"twinlb/init/drill"
	"twinlb/init/failover"
	"twinlb/init/network"
	"twinlb/init/peer"
	"twinlb/init/status"
	"twinlb/init/supervise"
	"twinlb/init/tickle"
	"twinlb/init/vrrp"
	"twinlb/services"
	"twinlb/services/admin"
	"twinlb/services/keepalived"

	"golang.org/x/sys/unix"
)

// balancer is the services of a node and the decision between them.
type balancer struct {
	node       *node
	controller *failover.Controller
	exchange   atomic.Pointer[peer.Exchange]
	adverts    atomic.Pointer[vrrp.Listener]
	tickler    *tickle.Tickler
	telling    sync.Mutex // held from looking at the node until the peers are told
	run        atomic.Pointer[running]
	advertises atomic.Int64 // the interval of the adverts in the configuration that keepalived has read
	change     *change.Change
	drills     *drill.Drill
	renewed    chan struct{} // gets something when HAProxy has another worker
	overslept  overslept
	signs      signs
	watchdog   atomic.Pointer[armed] // nil without one
	versions   []status.Version
	units      []*supervise.Service // in the order of their start
	rivals     rivals
	haproxy    *supervise.Service
	keepalived *supervise.Service
	reshaping  sync.Mutex    // held by whoever changes what HAProxy runs
	steering   sync.Mutex    // held by whoever changes something over SSH
	done       chan struct{} // closed when the node stops
}

func (n *node) startServices() error {
	// Timers that are late cost nothing but power.
	if err := slacken(); err != nil {
		n.log("services", "%v", err)
	}
	var info unix.Sysinfo_t
	if err := unix.Sysinfo(&info); err != nil {
		return fmt.Errorf("ask for the size of memory: %w", err)
	}
	n.host.Memory = uint64(info.Totalram) * uint64(info.Unit)

	first := &running{bundle: n.bundle, spec: n.spec, host: n.host, links: n.links, link: n.link}
	first.begin()
	if err := first.render(); err != nil {
		return err
	}
	proxy, elector := first.proxy, first.elector
	if err := place(elector.Files); err != nil {
		return err
	}
	states := make(chan keepalived.State)
	if err := failover.Listen(keepalived.NotifyFIFO, int(elector.UID), int(elector.GID), states); err != nil {
		return err
	}

	// Nothing has used the node's addresses until now.
	if err := n.refuseTaken(); err != nil {
		return err
	}
	b := &balancer{node: n, done: make(chan struct{}), renewed: make(chan struct{}, 1), overslept: newOverslept(), signs: newSigns(), versions: versions()}
	b.rivals.announce = make(chan struct{}, 1)
	b.rivals.split.Interval = n.spec.VRRP.AdvertInterval
	b.run.Store(first)
	b.advertises.Store(int64(n.spec.VRRP.AdvertInterval))
	n.balancer = b
	applier := &applier{balancer: b}
	b.change = change.Start(n.spec.Node.Name, applier, b.done)
	b.drills = drill.New(n.spec.Node.Name, driller{b})
	b.controller = &failover.Controller{
		Self:      n.spec.Node.Name,
		Priority:  n.spec.Priority,
		StepBack:  n.spec.StepBack,
		Preempt:   n.spec.VRRP.Preempt,
		Heartbeat: heartbeat(n.spec),
		Interval:  n.spec.VRRP.AdvertInterval,
		Track:     &failover.Track{Able: keepalived.AbleFile, Preference: keepalived.PreferenceFile},
		KillProxy: func(cause string) { b.haproxy.Kill(cause) },
		Failed:    func(err error) { n.log("failover", "%v", err) },
		Decided:   b.decided,
		Recorded:  b.recorded,
		Completed: b.completed,
		Uptime:    console.Uptime,
		Silence:   b.silence,
	}
	b.haproxy = supervise.New(n.reaper, b.haproxyProcess(proxy))
	b.keepalived = supervise.New(n.reaper, b.keepalivedProcess(elector))
	if n.leases != nil {
		b.units = append(b.units, n.leases.client)
	}
	b.units = append(b.units, b.haproxy, b.keepalived)
	login, err := b.login()
	if err != nil {
		return err
	}
	if login != nil {
		b.units = append(b.units, login)
		login.Start()
	}
	b.shareConnections()
	monitor, err := b.monitor()
	if err != nil {
		return err
	}
	b.units = append(b.units, monitor)
	b.haproxy.Start()
	monitor.Start()
	b.talkToPeers()
	go beat.Every(tellEvery, b.done, func() {
		b.tellPeersAll()
		applier.sweep()
	})
	go b.elect(states)
	go b.guard()
	go b.watchAdverts()
	go b.watchClaims()
	b.startWatchdog()
	return nil
}

func (b *balancer) haproxyProcess(service services.Service) supervise.Process {
	p := b.node.processWith(service, func() []services.File { return b.now().proxy.Files })
	changed, exited := p.Changed, p.Exited
	p.Changed = func(s supervise.State) {
		if s.Phase == supervise.Running {
			b.controller.ProxyStarted()
		}
		changed(s)
	}
	p.Exited = func(e supervise.Exit) {
		b.controller.ProxyEnded(e.Reason)
		exited(e)
	}
	return p
}

func (b *balancer) keepalivedProcess(service services.Service) supervise.Process {
	p := b.node.processWith(service, func() []services.File { return b.now().elector.Files })
	p.Output = func(line string) { b.node.log(service.Name, "%s", keepalived.WithoutDate(line)) }
	prepare, exited := p.Prepare, p.Exited
	p.Prepare = func() error {
		b.purge()
		return prepare()
	}
	p.Exited = func(e supervise.Exit) {
		held := b.controller.Status().State == keepalived.StateMaster
		b.purge()
		if held {
			b.resign()
		}
		b.controller.ElectorEnded(e.Reason)
		exited(e)
	}
	return p
}

// login is the service for those whose keys are in the seed; nil when there are none.
func (b *balancer) login() (*supervise.Service, error) {
	service := b.now().login
	if service == nil {
		b.node.log(admin.Name, "nobody can log in: there are no ssh_authorized_keys in the seed")
		return nil, nil
	}
	if err := place(service.Files); err != nil {
		return nil, err
	}
	if err := b.answerAdmin(); err != nil {
		return nil, err
	}
	files := func() []services.File { return b.now().login.Files }
	return supervise.New(b.node.reaper, b.node.processWith(*service, files)), nil
}

// purge takes off a VIP that keepalived left behind: two nodes would answer for it.
func (b *balancer) purge() {
	purged, err := network.Purge(b.now().link, b.spec().VIPs)
	if err != nil {
		b.node.log("vrrp", "%v", err)
	}
	for _, vip := range purged {
		b.node.log("vrrp", "took the VIP %s off %s: keepalived had left it there", vip, b.now().host.Interface)
	}
}

// resign tells the peers what a keepalived that was killed could not: that nobody
// holds the VIP. They would wait for its adverts otherwise.
func (b *balancer) resign() {
	spec := b.spec()
	from := spec.Node.Address.Addr()
	var peers []netip.Addr
	for _, p := range spec.Peers {
		peers = append(peers, p.Address.Addr())
	}
	advert := vrrp.Advert{VRID: uint8(spec.VRRP.VirtualRouterID), Interval: spec.VRRP.AdvertInterval}
	// keepalived has those of the other family as virtual_ipaddress_excluded.
	for _, vip := range spec.VIPs {
		if vip.Is4() == from.Is4() {
			advert.VIPs = append(advert.VIPs, vip)
		}
	}
	if err := vrrp.Resign(from, peers, advert); err != nil {
		b.node.log("vrrp", "%v", err)
	}
}

// stop hands the VIP over to a peer, if there is one, and ends all services in
// the reverse order of their start.
func (b *balancer) stop(why string) {
	if err := b.hasLeft(b.controller.End(why)); err != nil {
		b.node.log("shutdown", "%v", err)
	} else {
		b.node.log("shutdown", "the VIP is not here")
	}
	for i := len(b.units) - 1; i >= 0; i-- {
		b.units[i].Stop(why)
	}
	b.disarm()
	close(b.done)
	b.now().end()
}
