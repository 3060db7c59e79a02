//go:build vm

package qemutests

import (
	"testing"
	"time"

	"twinlb/qemu-tests/images"
)

func TestMasterPoweredOff(t *testing.T) {
	for name, text := range map[string]string{
		"adverts each 1 s":    calmSeed(t),
		"adverts each 200 ms": exampleSeed(t, "preempt: 30s", "preempt: 5s"),
	} {
		t.Run(name, func(t *testing.T) {
			p := startPair(t, images.Image{Seed: withLogin(t, text)})
			r := p.measure(t, "master powered off", func() {
				p.Master.Kill()
				p.AwaitHolder(t, p.Backup)
			})
			expectOutage(t, r, 10*time.Second)
			p.expectHistory(t, backupService, "MASTER", "the adverts of lb-a stopped")

			r = p.measure(t, "master back", func() {
				p.Master.Start()
				p.AwaitAnswer(t, masterService)
				p.expectHolder(t, p.Backup, 3*time.Second) // less than preempt
				p.AwaitHolder(t, p.Master)
			})
			expectOutage(t, r, 2*time.Second)
			p.expectNeverBoth(t, 2*time.Second)
			p.expectHistory(t, backupService, "BACKUP", "lb-a holds it with a higher priority")
			p.expectHistory(t, masterService, "MASTER", "preferred to lb-b, and healthy")
		})
	}
}

func TestPID1Panics(t *testing.T) {
	p := startPair(t, images.Image{Seed: faultSeed(t), Hook: true})
	r := p.measure(t, "PID 1 of the master panics", func() {
		hook(t, p.Master, "panic")
		p.Master.WaitSerial("a VM test asked PID 1 to panic", time.Minute)
		p.AwaitHolder(t, p.Backup)
	})
	expectOutage(t, r, 10*time.Second)
	p.expectHistory(t, backupService, "MASTER", "the adverts of lb-a stopped")
	p.Master.WaitOff(time.Minute) // it would reboot, but QEMU was told not to
}
