package main

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"syscall"
	"time"

	"twinlb/init/network"
	"twinlb/init/supervise"
	"twinlb/seed"
	"twinlb/seed/netconfig"
	"twinlb/services"
	"twinlb/services/admin"
	"twinlb/services/haproxy"
	"twinlb/services/keepalived"
	"twinlb/services/metrics"
)

// applier takes this node from one seed to another, for package change.
type applier struct {
	*balancer
	before  *running        // what Revert goes back to
	retired haproxy.Retired // servers of HAProxy that wait for their last connection to end
}

// prepare resolves a seed for this node, and says why it could not run it.
func (b *balancer) prepare(userData []byte) (*running, error) {
	now := b.now()
	bundle := *now.bundle
	bundle.UserData = userData
	spec, err := bundle.Spec()
	if err != nil {
		return nil, err
	}
	next := &running{bundle: &bundle, spec: spec, host: now.host, links: now.links, link: now.link, over: now.over, end: now.end}
	if err := cannotChange(now.spec, spec); err != nil {
		return nil, err
	}
	return next, next.render()
}

// cannotChange says what of the seeds differs that takes a restart.
func cannotChange(old, new *seed.Spec) error {
	if !admin.Listens(new) {
		return errors.New("the seed has no ssh_authorized_keys: nobody could log in to confirm it")
	}
	if reflect.DeepEqual(old.Network, new.Network) {
		return nil
	}
	for _, id := range []string{old.Network.Traffic, old.Network.Management} {
		before, after := old.Network.Link(id), new.Network.Link(id)
		if before == nil && after == nil {
			continue
		}
		if before == nil || after == nil || !sameInterface(*before, *after) ||
			old.Network.Traffic != new.Network.Traffic || old.Network.Management != new.Network.Management {
			return fmt.Errorf("the seed moves traffic or management to another network interface, which takes a restart: make images with it, or a drive")
		}
	}
	for _, l := range slices.Concat(old.Network.Links, new.Network.Links) {
		if l.DHCPv4 || l.DHCPv6 {
			return fmt.Errorf("the seed changes a network with DHCP (link %s), which takes a restart: make images with it, or a drive", l.ID)
		}
	}
	return nil
}

func sameInterface(a, b netconfig.Link) bool {
	return a.Kind == b.Kind && a.Name == b.Name && reflect.DeepEqual(a.Match, b.Match) && reflect.DeepEqual(a.Bond, b.Bond) && a.VLAN == b.VLAN
}

// Check runs the programs' own checks of what they would run with.
func (a *applier) Check(userData []byte) error {
	next, err := a.prepare(userData)
	if err != nil {
		return err
	}
	return a.try(next)
}

func (b *balancer) try(next *running) error {
	const patience = 10 * time.Second
	for _, trial := range []struct {
		service services.Service
		argv    func(file string) []string
		file    string
	}{
		{next.proxy, haproxy.TryArgv, haproxy.ConfigFile},
		{next.elector, keepalived.TryArgv, keepalived.ConfigFile},
	} {
		file, err := placeForTrial(trial.service, trial.file)
		if err != nil {
			return err
		}
		p := b.node.process(trial.service)
		p.Argv = trial.argv(strings.TrimPrefix(file, trial.service.Root))
		exit, said := supervise.RunOnce(b.node.reaper, p, patience)
		if exit.Status != 0 {
			return fmt.Errorf("%s does not take its configuration: %s\n%s", trial.service.Name, exit.Reason, strings.Join(said, "\n"))
		}
	}
	return nil
}

// Apply goes over to a seed that was checked.
func (a *applier) Apply(userData []byte) (did []string, err error) {
	next, err := a.prepare(userData)
	if err != nil {
		return nil, err
	}
	a.before = a.now()
	if did, err = a.switchTo(next); err != nil {
		return nil, errors.Join(err, a.Revert())
	}
	return did, nil
}

// Revert goes back to what ran before the last Apply.
func (a *applier) Revert() error {
	_, err := a.switchTo(a.before)
	return err
}

// Keep has the node start with the seed that it runs.
func (a *applier) Keep(userData []byte) error {
	if err := writeSeed(a.node.origin.device, a.now().bundle); err != nil {
		return err
	}
	a.before = nil
	return nil
}

func (a *applier) Tell() { go a.tellPeers() }

func (a *applier) Note(text string) { a.node.log("seed", "%s", text) }

// switchTo has the node run something else than it does, and says what that took.
// It goes through all of it whatever fails: a node between two seeds is worse.
func (a *applier) switchTo(next *running) (did []string, err error) {
	old := a.now()
	links, networkErr := a.changeNetwork(old, next)
	if links != nil {
		to := *next
		to.links, to.link = links, links[next.spec.Network.Traffic]
		next = &to
		did = append(did, "network: addresses and routes changed")
	}
	firewallErr := a.changePorts(old, next)

	if !next.watches(old) {
		to := *next
		to.begin()
		next = &to
	}
	a.run.Store(next)
	a.controller.Configure(next.spec.Priority, next.spec.StepBack, next.spec.VRRP.Preempt, heartbeat(next.spec), next.spec.VRRP.AdvertInterval)
	if next.over != old.over {
		old.end()
		a.talkToPeers()
		a.rivals.split.Retime(next.spec.VRRP.AdvertInterval)
		go a.guard()
		go a.watchAdverts()
	}
	proxy, proxyErr := a.changeProxy(old, next)
	elector, electorErr := a.changeElector(old, next)
	login, loginErr := a.changeLogin(old, next)
	monitor, monitorErr := a.changeMonitor(old, next)
	did = slices.Concat(did, proxy, elector, login, monitor)
	if len(did) == 0 {
		did = []string{"nothing changes"}
	}
	a.tellPeers()
	a.show()
	return did, errors.Join(networkErr, firewallErr, proxyErr, electorErr, loginErr, monitorErr)
}

// changeNetwork returns nil when nothing changes.
func (a *applier) changeNetwork(old, next *running) (network.Links, error) {
	if reflect.DeepEqual(old.spec.Network, next.spec.Network) {
		return nil, nil
	}
	return network.Change(old.spec.Network, next.spec.Network, linkPatience, func(err error) { a.node.log("network", "%v", err) })
}

func (a *applier) changePorts(old, next *running) error {
	if reflect.DeepEqual(portRules(old.spec, old.host, old.links), portRules(next.spec, next.host, next.links)) {
		return nil
	}
	return openPorts(next.spec, next.host, next.links)
}

// changeProxy writes the new configuration first, so that HAProxy starts with it
// whatever becomes of this.
func (a *applier) changeProxy(old, next *running) ([]string, error) {
	if sameFiles(old.proxy, next.proxy) {
		return nil, nil
	}
	a.reshaping.Lock()
	defer a.reshaping.Unlock()
	if err := place(next.proxy.Files); err != nil {
		return nil, err
	}
	if a.haproxy.State().Phase != supervise.Running {
		return []string{"haproxy: starts with it, when it does"}, nil
	}
	c, err := haproxy.Diff(old.spec, next.spec, next.host, a.retired)
	if err != nil {
		return nil, err
	}
	if c.Reload == "" {
		if err = c.Apply(haproxy.Socket); err == nil {
			a.retired = c.Retired
			return c.Did, nil
		}
		c.Did = []string{fmt.Sprintf("haproxy: hitless reload, because %v", err)}
	}
	return c.Did, a.reloadProxy()
}

// reloadProxy has HAProxy start another worker, and the prober talk to that.
func (a *applier) reloadProxy() error {
	former, err := haproxy.Worker(haproxy.Socket)
	if err != nil {
		return err
	}
	a.haproxy.Signal(syscall.SIGUSR2)
	if err := haproxy.AwaitReload(haproxy.Socket, former); err != nil {
		return err
	}
	a.retired = nil
	select {
	case a.renewed <- struct{}{}:
	default: // it was not looked at since the last
	}
	return nil
}

// sweep deletes HAProxy's retired servers, again and again.
func (a *applier) sweep() {
	if !a.reshaping.TryLock() {
		return // it is not urgent
	}
	defer a.reshaping.Unlock()
	if len(a.retired) == 0 {
		return
	}
	left, err := haproxy.Sweep(haproxy.Socket, a.retired)
	if err != nil {
		a.node.log(haproxy.Name, "%v", err)
	}
	a.retired = left
}

// changeElector has keepalived read its configuration again: it keeps the VIP unless
// its source address or the virtual router ID is another.
func (a *applier) changeElector(old, next *running) ([]string, error) {
	if sameFiles(old.elector, next.elector) {
		return nil, nil
	}
	if err := place(next.elector.Files); err != nil {
		return nil, err
	}
	a.keepalived.Signal(syscall.SIGHUP)
	time.AfterFunc(electorReads, func() { a.advertises.Store(int64(next.spec.VRRP.AdvertInterval)) })
	return []string{"keepalived: reload" + awayFor(old.spec, next.spec)}, nil
}

// electorReads is more than keepalived takes to read its configuration again. Until
// then its guard asks no quicker adverts of it than it had to send before.
const electorReads = 2 * time.Second

// awayFor says how long nobody holds the VIP: a master that begins anew waits like
// any backup (RFC 9568 §6.1).
func awayFor(old, next *seed.Spec) string {
	if old.VRRP.VirtualRouterID == next.VRRP.VirtualRouterID && old.Node.Address == next.Node.Address {
		return ", the VIP stays"
	}
	return fmt.Sprintf(", the VIP is away for up to %s", 5*next.VRRP.AdvertInterval)
}

// answerOut is for the answer to who applied a seed to get out, before the process
// ends that carries it.
const answerOut = 3 * time.Second

// changeLogin has the login listen elsewhere. Keys it reads at each login.
func (a *applier) changeLogin(old, next *running) ([]string, error) {
	if old.login == nil || next.login == nil || sameFiles(*old.login, *next.login) {
		return nil, nil
	}
	if err := place(next.login.Files); err != nil {
		return nil, err
	}
	if reflect.DeepEqual(file(*old.login, admin.ConfigFile), file(*next.login, admin.ConfigFile)) {
		return []string{"admin: other keys may log in"}, nil
	}
	unit, err := a.unit(admin.Name)
	if err != nil {
		return nil, err
	}
	time.AfterFunc(answerOut, func() {
		unit.Stop("it listens elsewhere with the seed that was applied")
		unit.Start()
	})
	return []string{fmt.Sprintf("admin: listens elsewhere; sessions end in %s", answerOut)}, nil
}

// changeMonitor has what tells Prometheus listen elsewhere.
func (a *applier) changeMonitor(old, next *running) ([]string, error) {
	if sameFiles(old.monitor, next.monitor) {
		return nil, nil
	}
	unit, err := a.unit(metrics.Name)
	if err != nil {
		return nil, err
	}
	unit.Stop("it listens elsewhere with the seed that was applied")
	unit.Start()
	return []string{"metrics: listens elsewhere"}, nil
}

func sameFiles(a, b services.Service) bool { return reflect.DeepEqual(a.Files, b.Files) }

func file(s services.Service, path string) []byte {
	for _, f := range s.Files {
		if f.Path == path {
			return f.Data
		}
	}
	return nil
}
