//go:build vm

package qemutests

import (
	"cmp"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"twinlb/qemu-tests/images"
	"twinlb/qemu-tests/lab"
	"twinlb/qemu-tests/site"
)

// want is what a fault of the site has to lead to.
type want struct {
	// within bounds each outage, loosely: below it something must be done about the
	// fault, above it waiting for three adverts of a second would do. 0 is 10 s.
	within time.Duration
	// on is the node whose history says so, with the state and the reason.
	on         netip.AddrPort
	state, why string
}

// faultSeed has the adverts of TWINLB_ADVERTS, for whoever wants to know how long
// outages are on a quiet machine; else they are calm.
func faultSeed(t *testing.T) string {
	adverts := cmp.Or(os.Getenv("TWINLB_ADVERTS"), "1s")
	return withLogin(t, exampleSeed(t, "advert_interval: 200ms", "advert_interval: "+adverts, "preempt: 30s", "preempt: 5s"))
}

func TestFaultsOfAService(t *testing.T) {
	tryAll(t, append(site.ServiceFaults(),
		site.Fault{Name: "the login killed", Spoil: func(t lab.T, p *site.Pair) { p.Inside.Signal(t, p.Master, "KILL", "admin") }},
		site.Fault{Name: "memory is full", Spoil: inject("hog")},
		site.Fault{Name: "haproxy's ports are closed", Spoil: inject("shut"), Moves: true},
	), map[string]want{
		"haproxy stopped over SSH":                                  {2 * time.Second, masterService, "BACKUP", "haproxy is stopped, asked by ops@lab"},
		"haproxy restarted over SSH":                                {2 * time.Second, backupService, "MASTER", "lb-a let it go: haproxy is restarted"},
		"haproxy's worker killed":                                   {2 * time.Second, masterService, "FAULT", "haproxy ended with exit status 137"},
		"haproxy's master process killed":                           {2 * time.Second, masterService, "FAULT", "haproxy ended by signal 9"},
		"haproxy's worker hangs":                                    {0, backupService, "MASTER", "lb-a let it go: haproxy does not answer"},
		"haproxy's worker is killed while its master process hangs": {2 * time.Second, backupService, "MASTER", "lb-a let it go: haproxy's worker is gone"},
		"haproxy's ports are closed":                                {0, backupService, "MASTER", "lb-a let it go: haproxy does not listen at [192.168.100.60:3306]"},
		"keepalived's parent killed":                                {2 * time.Second, masterService, "STOP", "keepalived ended by signal 9"},
		"keepalived's child killed":                                 {2 * time.Second, masterService, "STOP", "keepalived ended"},
		"keepalived's parent and child killed":                      {2 * time.Second, masterService, "STOP", "keepalived ended by signal 9"},
		"keepalived's child hangs":                                  {0, masterService, "STOP", "has sent no advert"},
		"keepalived's parent and child hang":                        {0, masterService, "STOP", "has sent no advert"},
		"keepalived stopped over SSH":                               {2 * time.Second, masterService, "STOP", "stopped, asked by ops@lab"},
	})
}

func TestFaultsOfTheNetwork(t *testing.T) {
	tryAll(t, append(site.NetworkFaults(), site.Fault{
		Name: "the serial console is blocked, and haproxy is killed",
		Spoil: func(t lab.T, p *site.Pair) {
			p.Master.Serial.Block()
			inject("chatter")(t, p)
			p.Inside.Signal(t, p.Master, "KILL", "haproxy-worker")
		},
		Mend: func(t lab.T, p *site.Pair) {
			p.Master.Serial.Unblock()
			p.Master.WaitSerial("messages dropped: this console was too slow", time.Minute) // it was blocked
		},
		Moves: true,
	}), map[string]want{
		"cable pulled":                                         {0, masterService, "FAULT", "no carrier"},
		"frames dropped in both directions":                    {0, backupService, "MASTER", "the adverts of lb-a stopped"},
		"frames to the master dropped":                         {0, masterService, "FAULT", "nothing is received"},
		"frames of the master dropped":                         {0, backupService, "MASTER", "the adverts of lb-a stopped"},
		"frames to the backup dropped":                         {time.Second, backupService, "FAULT", "nothing is received"},
		"the master alone loses its backends":                  {0, masterService, "BACKUP", "no backend of mysql is up for this node, and lb-b reaches some"},
		"the serial console is blocked, and haproxy is killed": {2 * time.Second, masterService, "FAULT", "haproxy ended with exit status 137"},
	})
}

// inject runs a command of the test hook on the master.
func inject(command string) func(lab.T, *site.Pair) {
	return func(t lab.T, p *site.Pair) {
		if _, err := p.Master.Hook(command); err != nil {
			t.Fatal(err)
		}
	}
}

// tryAll injects one fault after the other into the same pair.
func tryAll(t *testing.T, faults []site.Fault, wants map[string]want) {
	p := startPair(t, images.Image{Seed: faultSeed(t), Hook: true})
	for _, f := range faults {
		t.Run(f.Name, func(t *testing.T) { p.try(t, f, wants[f.Name]) })
		delete(wants, f.Name)
	}
	for name := range wants {
		t.Errorf("something is wanted of the fault %q, which does not exist", name)
	}
}

// try spoils a pair that is well and wants exactly one node to answer for the VIP
// soon after, with its reason in the history, and the pair well again without a
// hand but the one that mends.
func (p *pair) try(t *testing.T, f site.Fault, w want) {
	p.AwaitHolder(t, p.Master)
	p.awaitVerdict(t, masterService, 0, "the pair to be well before")
	holder := p.Master
	if f.Moves {
		holder = p.Backup
	}
	r := p.measure(t, f.Name, func() {
		f.Spoil(t, p.Pair)
		p.AwaitHolder(t, holder)
		p.expectHolder(t, holder, 2*time.Second)
	})
	expectOutage(t, r, cmp.Or(w.within, 10*time.Second))
	if f.Mend != nil {
		f.Mend(t, p.Pair)
	}
	p.AwaitHolder(t, p.Master)
	p.expectNeverBoth(t, time.Second)
	if w.why != "" {
		p.expectHistory(t, w.on, w.state, w.why)
	}
	p.awaitVerdict(t, masterService, 0, "the pair to be well again")
}

// The VIP of a keepalived that ended must not stay behind.
func TestVIPLeavesWithKeepalived(t *testing.T) {
	p := startPair(t, images.Image{Seed: faultSeed(t), Hook: true})
	for _, which := range []string{"parent", "child", "both"} {
		t.Run(which, func(t *testing.T) {
			p.AwaitHolder(t, p.Master)
			expectGone(t, hook(t, p.Master, "kill KILL keepalived-"+which))
			p.AwaitHolder(t, p.Backup)
		})
	}
}

// A haproxy that ends again and again must not take the VIP to and fro.
func TestHAProxyKilledInALoop(t *testing.T) {
	p := startPair(t, images.Image{Seed: faultSeed(t), Hook: true})
	takeOvers := func() int { return strings.Count(p.expectSSH(t, backupService, "history", 0), "lb-a let it go") }
	before := takeOvers()
	r := p.measure(t, "haproxy killed again and again", func() {
		kills := 0
		for end := time.Now().Add(10 * time.Second); time.Now().Before(end); {
			if _, err := p.Master.Hook("kill KILL haproxy-worker"); err == nil { // else it does not run
				kills++
			}
		}
		t.Logf("killed %d times", kills)
		if kills < 3 {
			t.Errorf("killed %d times in 10 s, want more: it is not started again", kills)
		}
		p.AwaitHolder(t, p.Backup)
	})
	expectOutage(t, r, 2*time.Second)
	if n := takeOvers() - before; n != 1 {
		t.Errorf("the backup took the VIP %d times, want once", n)
	}
	p.AwaitHolder(t, p.Master)
}

// Backends fail for both nodes at the same time: the VIP stays where it is.
func TestBackendsFail(t *testing.T) {
	p := startPair(t, images.Image{Seed: faultSeed(t)})
	p.awaitVerdict(t, masterService, 0, "the pair to be well before")
	before := p.expectSSH(t, backupService, "history", 0)

	t.Run("one is killed", func(t *testing.T) {
		r := p.measure(t, "one backend killed", func() {
			p.Servers[1].Kill()
			p.awaitVerdict(t, masterService, 1, "the pair to be degraded")
		})
		expectFewFailed(t, len(r.Broken()))
		expectOutage(t, r, time.Second)
		r = p.measure(t, "that backend is back", func() {
			p.Servers[1].Restart()
			p.awaitVerdict(t, masterService, 0, "the pair to be well again")
		})
		expectFewFailed(t, len(r.Broken()))
		expectOutage(t, r, time.Second)
		awaitServers(t, p.Site, vipService, 1, 2)
	})
	t.Run("one hangs", func(t *testing.T) {
		r := p.measure(t, "one backend hangs", func() {
			p.Servers[1].Freeze()
			p.awaitVerdict(t, masterService, 1, "the pair to be degraded")
		})
		expectOutage(t, r, 10*time.Second)
		p.Servers[1].Thaw()
		awaitServers(t, p.Site, vipService, 1, 2)
	})
	t.Run("both are killed", func(t *testing.T) {
		p.Servers[0].Kill()
		p.Servers[1].Kill()
		p.awaitVerdict(t, masterService, 2, "the pair not to serve")
		p.expectHolder(t, p.Master, 8*time.Second) // longer than failover.LostAfter
		p.Servers[0].Restart()
		p.Servers[1].Restart()
		awaitServers(t, p.Site, vipService, 1, 2)
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

// expectGone wants the VIP off within 100 ms, and some more for a busy host.
func expectGone(t *testing.T, gone string) {
	t.Helper()
	took, err := time.ParseDuration(gone)
	if err != nil || took > 500*time.Millisecond {
		t.Errorf("the VIP was off the interface after: %s, want at most 100 ms", gone)
		return
	}
	t.Logf("the VIP was off the interface after %v", took.Round(time.Millisecond))
}
