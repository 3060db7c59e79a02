//go:build vm

package qemutests

import (
	"strings"
	"testing"
	"time"
)

func TestMasterPoweredOff(t *testing.T) {
	for name, text := range map[string]string{
		"adverts each 1 s":    calmSeed(t),
		"adverts each 200 ms": exampleSeed(t, "preempt: 30s", "preempt: 5s"),
	} {
		t.Run(name, func(t *testing.T) {
			p := startPair(t, image{seed: text})
			r := p.measure(t, "master powered off", func() {
				p.master.Kill()
				p.awaitHolder(t, p.backup)
			})
			expectOutage(t, r, 10*time.Second)

			r = p.measure(t, "master back", func() {
				p.master.Start()
				p.awaitAnswer(t, masterService)
				p.expectHolder(t, p.backup, 3*time.Second) // less than preempt
				p.awaitHolder(t, p.master)
			})
			expectOutage(t, r, 2*time.Second)
			p.expectNeverBoth(t, 2*time.Second)
		})
	}
}

func TestHAProxyFails(t *testing.T) {
	p := startPair(t, image{seed: calmSeed(t), hook: true})
	for _, fault := range []string{"kill KILL haproxy-worker", "kill KILL haproxy-master", "kill STOP haproxy-worker"} {
		t.Run(fault, func(t *testing.T) {
			r := p.measure(t, fault, func() {
				hook(t, p.master, fault)
				p.awaitHolder(t, p.backup)
			})
			expectOutage(t, r, 5*time.Second)

			p.awaitAnswer(t, masterService)
			p.awaitHolder(t, p.master)
		})
	}
}

func TestKeepalivedKilled(t *testing.T) {
	p := startPair(t, image{seed: calmSeed(t), hook: true})
	for _, form := range []string{"keepalived-parent", "keepalived-child", "keepalived-both"} {
		t.Run(form, func(t *testing.T) {
			var gone string
			r := p.measure(t, form+" killed", func() {
				gone = hook(t, p.master, "kill KILL "+form)
				p.awaitHolder(t, p.backup)
			})
			expectGone(t, gone)
			expectOutage(t, r, 10*time.Second)
			if got := hook(t, p.master, "addresses"); strings.Contains(got, vipService.Addr().String()) {
				t.Errorf("the VIP is still on the node whose keepalived was killed: %s", got)
			}
			p.expectNeverBoth(t, 3*time.Second)

			p.awaitHolder(t, p.master)
		})
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

func TestPID1Panics(t *testing.T) {
	p := startPair(t, image{seed: calmSeed(t), hook: true})
	r := p.measure(t, "PID 1 of the master panics", func() {
		hook(t, p.master, "panic")
		p.master.WaitSerial("a VM test asked PID 1 to panic", time.Minute)
		p.awaitHolder(t, p.backup)
	})
	expectOutage(t, r, 10*time.Second)
	p.master.WaitOff(time.Minute) // it would reboot, but QEMU was told not to
}

func TestCable(t *testing.T) {
	p := startPair(t, image{seed: calmSeed(t)})
	for _, tt := range []struct {
		name        string
		spoil, mend func() error
	}{
		{"unplugged", p.master.Unplug, p.master.Replug},
		{"drops frames silently", p.master.Port.Mute, p.master.Port.Unmute},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := p.measure(t, "cable of the master "+tt.name, func() {
				if err := tt.spoil(); err != nil {
					t.Fatal(err)
				}
				p.awaitHolder(t, p.backup)
			})
			expectOutage(t, r, 10*time.Second)

			if err := tt.mend(); err != nil {
				t.Fatal(err)
			}
			p.awaitHolder(t, p.master)
			p.expectNeverBoth(t, 2*time.Second)
		})
	}
}
