//go:build vm

package qemutests

import (
	"testing"
	"time"
)

func TestMasterPoweredOff(t *testing.T) {
	for name, text := range map[string]string{
		"adverts each 1 s":    calmSeed(t),
		"adverts each 200 ms": exampleSeed(t, "preempt: 30s", "preempt: 5s"),
	} {
		t.Run(name, func(t *testing.T) {
			p := startPair(t, image{seed: withLogin(t, text)})
			r := p.measure(t, "master powered off", func() {
				p.master.Kill()
				p.awaitHolder(t, p.backup)
			})
			expectOutage(t, r, 10*time.Second)
			p.expectHistory(t, backupService, "MASTER", "the adverts of lb-a stopped")

			r = p.measure(t, "master back", func() {
				p.master.Start()
				p.awaitAnswer(t, masterService)
				p.expectHolder(t, p.backup, 3*time.Second) // less than preempt
				p.awaitHolder(t, p.master)
			})
			expectOutage(t, r, 2*time.Second)
			p.expectNeverBoth(t, 2*time.Second)
			p.expectHistory(t, backupService, "BACKUP", "lb-a holds it with a higher priority")
			p.expectHistory(t, masterService, "MASTER", "preferred to lb-b, and healthy")
		})
	}
}

func TestPID1Panics(t *testing.T) {
	p := startPair(t, image{seed: faultSeed(t), hook: true})
	r := p.measure(t, "PID 1 of the master panics", func() {
		hook(t, p.master, "panic")
		p.master.WaitSerial("a VM test asked PID 1 to panic", time.Minute)
		p.awaitHolder(t, p.backup)
	})
	expectOutage(t, r, 10*time.Second)
	p.expectHistory(t, backupService, "MASTER", "the adverts of lb-a stopped")
	p.master.WaitOff(time.Minute) // it would reboot, but QEMU was told not to
}
