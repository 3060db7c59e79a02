//go:build vm

package qemutests

import (
	"strings"
	"testing"
	"time"

	"twinlb/qemu-tests/images"
	"twinlb/qemu-tests/vm"
)

// twoAdverts are two of a second, and some more for a busy host.
const twoAdverts = 2500 * time.Millisecond

// A hypervisor pauses a node for longer than its peer waits. Its clocks stand still,
// so that it does not know; the peer's clock tells it.
func TestPause(t *testing.T) {
	const paused = 5 * time.Second
	for _, preempt := range []string{"5s", "never"} {
		t.Run("preempt "+preempt, func(t *testing.T) {
			text := strings.Replace(faultSeed(t), "preempt: 5s", "preempt: "+preempt, 1)
			p := startPair(t, images.Image{Seed: text, Hook: true})
			t.Run("of the master", func(t *testing.T) {
				p.awaitVerdict(t, masterService, 0, "the pair to be well before")
				p.expectHolder(t, p.Master, 3*time.Second) // what a clock is compared with
				both := p.pause(t, p.Master, paused, (*vm.VM).Pause, (*vm.VM).Resume, func() { p.AwaitHolder(t, p.Backup) })
				p.expectHistory(t, masterService, "FAULT", "was paused for ")
				p.expectHistory(t, backupService, "MASTER", "lb-a let it go: was paused for ")
				if both > twoAdverts {
					t.Errorf("answered for the VIP for %v after the pause, want at most 2 adverts", both)
				}
				if preempt == "never" {
					p.expectHolder(t, p.Backup, 8*time.Second)
					p.expectSSH(t, backupService, "failover", 0)
					return
				}
				// It takes over first, then the other lets go.
				expectNoneCut(t, p.measure(t, "the master returns", func() { p.AwaitHolder(t, p.Master) }))
				p.awaitVerdict(t, masterService, 0, "the pair to be well again")
			})
			t.Run("of the backup", func(t *testing.T) {
				before := p.expectSSH(t, backupService, "history", 0)
				r := p.measure(t, "backup paused", func() {
					p.pause(t, p.Backup, paused, (*vm.VM).Pause, (*vm.VM).Resume, func() {})
					p.expectHolder(t, p.Master, 3*time.Second)
				})
				expectOutage(t, r, 500*time.Millisecond) // that of a busy host
				p.awaitVerdict(t, masterService, 0, "the pair to be well again")
				if after := p.expectSSH(t, backupService, "history", 0); after != before {
					t.Errorf("the VIP has moved:\n%s", after)
				}
			})
		})
	}
}

// A host that has no time for a node leaves its clocks running: it can tell itself.
func TestFrozenMaster(t *testing.T) {
	p := startPair(t, images.Image{Seed: faultSeed(t), Hook: true})
	p.awaitVerdict(t, masterService, 0, "the pair to be well before")
	both := p.pause(t, p.Master, 5*time.Second, (*vm.VM).Freeze, (*vm.VM).Thaw, func() { p.AwaitHolder(t, p.Backup) })
	p.expectHistory(t, masterService, "FAULT", "was paused for ")
	p.expectHistory(t, backupService, "MASTER", "lb-a let it go: was paused for ")
	if both > twoAdverts {
		t.Errorf("answered for the VIP for %v after it, want at most 2 adverts", both)
	}
	expectNoneCut(t, p.measure(t, "the master returns", func() { p.AwaitHolder(t, p.Master) }))
	p.awaitVerdict(t, masterService, 0, "the pair to be well again")
}

// pause returns how long the machine still answered for the VIP after it.
func (p *pair) pause(t *testing.T, m *vm.VM, during time.Duration, halt, resume func(*vm.VM) error, then func()) (answered time.Duration) {
	t.Helper()
	if err := halt(m); err != nil {
		t.Fatal(err)
	}
	time.Sleep(during)
	claims := p.Client.WatchClaims(t, vipService.Addr(), 5*time.Millisecond)
	resumed := time.Now()
	if err := resume(m); err != nil {
		t.Fatal(err)
	}
	time.Sleep(twoAdverts + 1500*time.Millisecond) // less than preempt
	all := claims()
	then()
	last := map[string]time.Duration{}
	first := map[string]time.Duration{}
	count := map[string]int{}
	for _, c := range all {
		if c.At.Before(resumed) {
			continue
		}
		since := c.At.Sub(resumed)
		if count[c.MAC]++; count[c.MAC] == 1 {
			first[c.MAC] = since
		}
		last[c.MAC] = since
	}
	for mac, n := range count {
		t.Logf("after the pause of %s: %s answered %d times, from %v to %v", m.Name, mac, n, first[mac].Round(time.Millisecond), last[mac].Round(time.Millisecond))
	}
	return last[m.MAC]
}
