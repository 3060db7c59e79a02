//go:build vm

package qemutests

import (
	"testing"
	"time"

	"twinlb/qemu-tests/images"
)

func TestPowerButton(t *testing.T) {
	p := startPair(t, images.Image{Seed: faultSeed(t)})
	r := p.measure(t, "master shut down by its power button", func() {
		if err := p.Master.PowerButton(); err != nil {
			t.Fatal(err)
		}
		p.Master.WaitOff(time.Minute)
		p.AwaitHolder(t, p.Backup)
	})
	expectNoneCut(t, r)
	p.expectHistory(t, backupService, "MASTER", "lb-a let it go: the node is powering off, asked by the power button")
}

func TestCtrlAltDelAndSignal(t *testing.T) {
	p := startPair(t, images.Image{Seed: calmSeed(t), Hook: true})
	if err := p.Backup.CtrlAltDel(); err != nil {
		t.Fatal(err)
	}
	p.Backup.WaitOff(time.Minute) // it would reboot, but QEMU was told not to
	p.AwaitHolder(t, p.Master)

	hook(t, p.Master, "kill TERM init")
	p.Master.WaitOff(time.Minute)
	if got := p.Holders(t); len(got) != 0 {
		t.Errorf("%v claims the VIP after both nodes have stopped", got)
	}
}
