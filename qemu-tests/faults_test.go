//go:build vm

package qemutests

import (
	"cmp"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"twinlb/qemu-tests/mariadb"
)

// fault is something that goes wrong on the master of a pair that is well.
type fault struct {
	name  string
	spoil func(*testing.T, *pair)
	mend  func(*testing.T, *pair) // nil when the pair needs nobody
	// elsewhere: the VIP has to go to the backup. Otherwise it stays.
	elsewhere bool
	// within bounds each outage, loosely: below it something must be done about the
	// fault, above it waiting for three adverts of a second would do. 0 is 10 s.
	within time.Duration
	// on is the node whose history says so, with the state and the reason.
	on         netip.AddrPort
	state, why string
}

// inject runs a command of the test hook on the master.
func inject(command string) func(*testing.T, *pair) {
	return func(t *testing.T, p *pair) { hook(t, p.master, command) }
}

// command runs one on the master over SSH.
func command(text string) func(*testing.T, *pair) {
	return func(t *testing.T, p *pair) { p.expectSSH(t, masterService, text, 0) }
}

// do wraps what is done to a machine or a cable.
func do(on func(*pair) error) func(*testing.T, *pair) {
	return func(t *testing.T, p *pair) {
		if err := on(p); err != nil {
			t.Fatal(err)
		}
	}
}

// faultSeed has the adverts of TWINLB_ADVERTS, for whoever wants to know how long
// outages are on a quiet machine; else they are calm.
func faultSeed(t *testing.T) string {
	adverts := cmp.Or(os.Getenv("TWINLB_ADVERTS"), "1s")
	return withLogin(t, exampleSeed(t, "advert_interval: 200ms", "advert_interval: "+adverts, "preempt: 30s", "preempt: 5s"))
}

func TestFaultsOfAService(t *testing.T) {
	tryAll(t, []fault{
		{name: "haproxy stopped over SSH", spoil: command("stop haproxy"), mend: command("start haproxy"),
			elsewhere: true, within: 2 * time.Second, on: masterService, state: "BACKUP", why: "haproxy is stopped, asked by ops@lab"},
		{name: "haproxy restarted over SSH", spoil: command("restart haproxy"),
			elsewhere: true, within: 2 * time.Second, on: backupService, state: "MASTER", why: "lb-a let it go: haproxy is restarted"},
		{name: "haproxy's worker killed", spoil: inject("kill KILL haproxy-worker"),
			elsewhere: true, within: 2 * time.Second, on: masterService, state: "FAULT", why: "haproxy ended with exit status 137"},
		{name: "haproxy's master process killed", spoil: inject("kill KILL haproxy-master"),
			elsewhere: true, within: 2 * time.Second, on: masterService, state: "FAULT", why: "haproxy ended by signal 9"},
		{name: "haproxy's worker hangs", spoil: inject("kill STOP haproxy-worker"),
			elsewhere: true, on: backupService, state: "MASTER", why: "lb-a let it go: haproxy does not answer"},
		{name: "haproxy's master process hangs", spoil: inject("kill STOP haproxy-master"), mend: inject("kill CONT haproxy-master")},
		{name: "haproxy's worker is killed while its master process hangs", spoil: func(t *testing.T, p *pair) {
			hook(t, p.master, "kill STOP haproxy-master")
			hook(t, p.master, "kill KILL haproxy-worker")
		}, elsewhere: true, within: 2 * time.Second, on: backupService, state: "MASTER", why: "lb-a let it go: haproxy's worker is gone"},

		{name: "keepalived's parent killed", spoil: kill("KILL keepalived-parent"),
			elsewhere: true, within: 2 * time.Second, on: masterService, state: "STOP", why: "keepalived ended by signal 9"},
		{name: "keepalived's child killed", spoil: kill("KILL keepalived-child"),
			elsewhere: true, within: 2 * time.Second, on: masterService, state: "STOP", why: "keepalived ended"},
		{name: "keepalived's parent and child killed", spoil: kill("KILL keepalived-both"),
			elsewhere: true, within: 2 * time.Second, on: masterService, state: "STOP", why: "keepalived ended by signal 9"},
		{name: "keepalived's parent hangs", spoil: inject("kill STOP keepalived-parent"), mend: inject("kill CONT keepalived-parent")},
		{name: "keepalived's child hangs", spoil: inject("kill STOP keepalived-child"),
			elsewhere: true, on: masterService, state: "STOP", why: "has sent no advert"},
		{name: "keepalived's parent and child hang", spoil: inject("kill STOP keepalived-both"),
			elsewhere: true, on: masterService, state: "STOP", why: "has sent no advert"},
		{name: "keepalived stopped over SSH", spoil: command("stop keepalived"), mend: command("start keepalived"),
			elsewhere: true, within: 2 * time.Second, on: masterService, state: "STOP", why: "stopped, asked by ops@lab"},
		{name: "the login killed", spoil: inject("kill KILL admin")},
		{name: "memory is full", spoil: inject("hog")},
	})
}

func TestFaultsOfTheNetwork(t *testing.T) {
	tryAll(t, []fault{
		{name: "cable pulled",
			spoil: do(func(p *pair) error { return p.master.Unplug() }), mend: do(func(p *pair) error { return p.master.Replug() }),
			elsewhere: true, on: masterService, state: "FAULT", why: "no carrier"},
		{name: "frames dropped in both directions",
			spoil: do(func(p *pair) error { return p.master.Port.Mute() }), mend: do(func(p *pair) error { return p.master.Port.Unmute() }),
			elsewhere: true, on: backupService, state: "MASTER", why: "the adverts of lb-a stopped"},
		{name: "frames to the master dropped",
			spoil: do(func(p *pair) error { return p.master.Deafen() }), mend: do(func(p *pair) error { return p.master.Undeafen() }),
			elsewhere: true, on: masterService, state: "FAULT", why: "nothing is received"},
		{name: "frames of the master dropped",
			spoil: do(func(p *pair) error { return p.master.Silence() }), mend: do(func(p *pair) error { return p.master.Unsilence() }),
			elsewhere: true, on: backupService, state: "MASTER", why: "the adverts of lb-a stopped"},
		{name: "frames to the backup dropped",
			spoil: do(func(p *pair) error { return p.backup.Deafen() }), mend: do(func(p *pair) error { return p.backup.Undeafen() }),
			within: time.Second, on: backupService, state: "FAULT", why: "nothing is received"},
		{name: "frames of the backup dropped",
			spoil: do(func(p *pair) error { return p.backup.Silence() }), mend: do(func(p *pair) error { return p.backup.Unsilence() })},
		{name: "the master alone loses its backends",
			spoil:     func(t *testing.T, p *pair) { p.route(t, "add", "blackhole", "192.168.100.53") },
			mend:      func(t *testing.T, p *pair) { p.route(t, "delete", "blackhole", "192.168.100.53") },
			elsewhere: true, on: masterService, state: "BACKUP", why: "no backend of mysql is up for this node, and lb-b reaches some"},
		{name: "the serial console is blocked, and haproxy is killed",
			spoil: func(t *testing.T, p *pair) {
				p.master.Serial.Block()
				hook(t, p.master, "chatter")
				hook(t, p.master, "kill KILL haproxy-worker")
			},
			mend: func(t *testing.T, p *pair) {
				p.master.Serial.Unblock()
				p.master.WaitSerial("messages dropped: this console was too slow", time.Minute) // it was blocked
			},
			elsewhere: true, within: 2 * time.Second, on: masterService, state: "FAULT", why: "haproxy ended with exit status 137"},
	})
}

// route changes the routes of both MySQL servers (ip-route(8)).
func (s *site) route(t *testing.T, change ...string) {
	t.Helper()
	for _, server := range []*mariadb.Server{s.mysql1, s.mysql2} {
		if out, err := server.Host.Command("ip", append([]string{"route"}, change...)...).CombinedOutput(); err != nil {
			t.Fatalf("ip route %v on server %d: %v: %s", change, server.ID, err, out)
		}
	}
}

// kill injects a kill and wants the VIP off the master within 100 ms.
func kill(what string) func(*testing.T, *pair) {
	return func(t *testing.T, p *pair) { expectGone(t, hook(t, p.master, "kill "+what)) }
}

// tryAll injects one fault after the other into the same pair.
func tryAll(t *testing.T, faults []fault) {
	p := startPair(t, image{seed: faultSeed(t), hook: true})
	for _, f := range faults {
		t.Run(f.name, func(t *testing.T) { p.try(t, f) })
	}
}

// try spoils a pair that is well and wants exactly one node to answer for the VIP
// soon after, with its reason in the history, and the pair well again without a
// hand but the one that mends.
func (p *pair) try(t *testing.T, f fault) {
	p.awaitHolder(t, p.master)
	p.awaitVerdict(t, masterService, 0, "the pair to be well before")
	holder := p.master
	if f.elsewhere {
		holder = p.backup
	}
	r := p.measure(t, f.name, func() {
		f.spoil(t, p)
		p.awaitHolder(t, holder)
		p.expectHolder(t, holder, 2*time.Second)
	})
	expectOutage(t, r, cmp.Or(f.within, 10*time.Second))
	if f.mend != nil {
		f.mend(t, p)
	}
	p.awaitHolder(t, p.master)
	p.expectNeverBoth(t, time.Second)
	if f.why != "" {
		p.expectHistory(t, f.on, f.state, f.why)
	}
	p.awaitVerdict(t, masterService, 0, "the pair to be well again")
}

// A haproxy that ends again and again must not take the VIP to and fro.
func TestHAProxyKilledInALoop(t *testing.T) {
	p := startPair(t, image{seed: faultSeed(t), hook: true})
	takeOvers := func() int { return strings.Count(p.expectSSH(t, backupService, "history", 0), "lb-a let it go") }
	before := takeOvers()
	r := p.measure(t, "haproxy killed again and again", func() {
		kills := 0
		for end := time.Now().Add(10 * time.Second); time.Now().Before(end); {
			if _, err := p.master.Hook("kill KILL haproxy-worker"); err == nil { // else it does not run
				kills++
			}
		}
		t.Logf("killed %d times", kills)
		if kills < 3 {
			t.Errorf("killed %d times in 10 s, want more: it is not started again", kills)
		}
		p.awaitHolder(t, p.backup)
	})
	if n := len(r.Outages()); n > 1 {
		t.Errorf("%d outages, want at most one", n)
	}
	if n := takeOvers() - before; n != 1 {
		t.Errorf("the backup took the VIP %d times, want once", n)
	}
	p.awaitHolder(t, p.master)
}

// Backends fail for both nodes at the same time: the VIP stays where it is.
func TestBackendsFail(t *testing.T) {
	p := startPair(t, image{seed: faultSeed(t)})
	p.awaitVerdict(t, masterService, 0, "the pair to be well before")
	before := p.expectSSH(t, backupService, "history", 0)

	t.Run("one is killed", func(t *testing.T) {
		r := p.measure(t, "one backend killed", func() {
			p.mysql2.Kill()
			p.awaitVerdict(t, masterService, 1, "the pair to be degraded")
		})
		expectFewFailed(t, len(r.Failed()))
		r = p.measure(t, "that backend is back", func() {
			p.mysql2.Restart()
			p.awaitVerdict(t, masterService, 0, "the pair to be well again")
		})
		expectFewFailed(t, len(r.Failed()))
		p.awaitServers(t, vipService, 1, 2)
	})
	t.Run("one hangs", func(t *testing.T) {
		r := p.measure(t, "one backend hangs", func() {
			p.mysql2.Freeze()
			p.awaitVerdict(t, masterService, 1, "the pair to be degraded")
		})
		expectOutage(t, r, 10*time.Second)
		p.mysql2.Thaw()
		p.awaitServers(t, vipService, 1, 2)
	})
	t.Run("both are killed", func(t *testing.T) {
		p.mysql1.Kill()
		p.mysql2.Kill()
		p.awaitVerdict(t, masterService, 2, "the pair not to serve")
		p.expectHolder(t, p.master, 8*time.Second) // longer than failover.LostAfter
		p.mysql1.Restart()
		p.mysql2.Restart()
		p.awaitServers(t, vipService, 1, 2)
	})
	if after := p.expectSSH(t, backupService, "history", 0); after != before {
		t.Errorf("the VIP has moved because of backends that both nodes lost:\n%s", after)
	}
}

// expectFewFailed wants what a backend's end costs: the connections in login then.
func expectFewFailed(t *testing.T, failed int) {
	t.Helper()
	if failed > 5 {
		t.Errorf("%d connections failed, want at most 2, and some for a busy host", failed)
	}
}

// expectGone wants the VIP off within 100 ms, and as much again for a busy host.
func expectGone(t *testing.T, gone string) {
	t.Helper()
	took, err := time.ParseDuration(gone)
	if err != nil || took > 200*time.Millisecond {
		t.Errorf("the VIP was off the interface after: %s, want at most 100 ms", gone)
		return
	}
	t.Logf("the VIP was off the interface after %v", took.Round(time.Millisecond))
}
