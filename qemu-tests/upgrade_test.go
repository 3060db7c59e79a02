//go:build vm

package qemutests

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"twinlb/qemu-tests/images"
	"twinlb/qemu-tests/lab"
	"twinlb/qemu-tests/site"
	"twinlb/qemu-tests/vm"
)

// TestReplaceDisks gives a pair new disks as docs/operations.md says: the backup
// first. The new disks have another seed and another build of PID 1; the keys
// are the same. Nobody has to wait for a node that boots.
func TestReplaceDisks(t *testing.T) {
	before := withLogin(t, exampleSeed(t, "preempt: 30s", "preempt: 5s"))
	after := strings.Replace(before, "balance: roundrobin", "balance: leastconn", 1)
	p := startPair(t, images.Image{Seed: before, Hook: true})
	baker.ShareKeys(t, before, after)

	r := p.measure(t, "new disk for the backup", func() {
		p.expectSSH(t, backupService, "poweroff", 0)
		p.replaceDisk(t, p.Backup, after)
		lab.Await(t, site.ComeUp, "the new backup to be all well but for its seed", func() error {
			return p.degradedBy(t, "lb-b: runs with seed")
		})
	})
	expectOutage(t, r, 2*time.Second)

	r = p.measure(t, "failover to the new backup", func() {
		p.expectSSH(t, masterService, "failover", 0)
		p.AwaitHolder(t, p.Backup)
	})
	expectNoneCut(t, r)

	r = p.measure(t, "new disk for the master", func() {
		p.expectSSH(t, masterService, "poweroff", 0)
		p.replaceDisk(t, p.Master, after)
		p.AwaitHolder(t, p.Master)
	})
	expectOutage(t, r, 2*time.Second)
	p.awaitVerdict(t, masterService, 0, "the pair to be well with its new disks")
	if config := p.expectSSH(t, masterService, "config", 0); !strings.Contains(config, "balance leastconn") {
		t.Errorf("the master does not run with the new seed:\n%s", config)
	}
}

// replaceDisk waits until the machine is off and starts it from a new disk.
func (p *pair) replaceDisk(t *testing.T, m *vm.VM, seedText string) {
	t.Helper()
	m.WaitOff(time.Minute)
	m.Disk = baker.Disk(t, images.Image{Seed: seedText, Node: m.Name})
	m.Start()
	p.AwaitAnswer(t, p.Node(m))
}

// degradedBy returns nil when the master names this problem and no other.
func (p *pair) degradedBy(t *testing.T, problem string) error {
	t.Helper()
	got := p.status(t, masterService)
	if len(got.Problems) == 1 && strings.HasPrefix(got.Problems[0], problem) {
		return nil
	}
	return fmt.Errorf("its problems are %q", got.Problems)
}
