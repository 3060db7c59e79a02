//go:build vm

package qemutests

import (
	"testing"
	"time"
)

func TestPowerButton(t *testing.T) {
	p := startPair(t, image{seed: faultSeed(t)})
	r := p.measure(t, "master shut down by its power button", func() {
		if err := p.master.PowerButton(); err != nil {
			t.Fatal(err)
		}
		p.master.WaitOff(time.Minute)
		p.awaitHolder(t, p.backup)
	})
	expectNoneCut(t, r)
	p.expectHistory(t, backupService, "MASTER", "lb-a let it go: the node is powering off, asked by the power button")
}

func TestCtrlAltDelAndSignal(t *testing.T) {
	p := startPair(t, image{seed: calmSeed(t), hook: true})
	if err := p.backup.CtrlAltDel(); err != nil {
		t.Fatal(err)
	}
	p.backup.WaitOff(time.Minute) // it would reboot, but QEMU was told not to
	p.awaitHolder(t, p.master)

	hook(t, p.master, "kill TERM init")
	p.master.WaitOff(time.Minute)
	if got := p.holders(t); len(got) != 0 {
		t.Errorf("%v claims the VIP after both nodes have stopped", got)
	}
}
