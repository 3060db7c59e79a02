//go:build vm

package qemutests

import (
	"strings"
	"testing"
	"time"

	"twinlb/init/watchdog"
	"twinlb/qemu-tests/images"
	"twinlb/qemu-tests/site"
	"twinlb/qemu-tests/vm"
)

// A node whose PID 1 hangs would keep the VIP for ever: keepalived goes on. Each
// machine has another watchdog. A reset ends QEMU, since no machine of a lab reboots.
func TestWatchdog(t *testing.T) {
	text := faultSeed(t)
	for _, tt := range []struct{ device, says string }{
		{"i6300esb", "i6300ESB timer, 10 s"},
		{"itco", "iTCO_wdt, 10 s"},
		{"", "iTCO_wdt, 10 s"},
	} {
		t.Run(tt.says, func(t *testing.T) {
			s := newSite(t, text)
			var machines []vm.Config
			for _, n := range s.Seed.Nodes {
				c := site.Machine(n)
				c.Watchdog = tt.device
				c.Disk = baker.Disk(t, images.Image{Seed: text, Node: n.Name, Hook: true})
				machines = append(machines, c)
			}
			p := &pair{s.Start(t, site.Hooked{Login: s.Login, Site: s.Site}, machines[0], machines[1]), s.login}
			if got := p.expectSSH(t, masterService, "status --json", 0); !strings.Contains(got, `"watchdog": "`+tt.says+`"`) {
				t.Errorf("status --json lacks %s:\n%s", tt.says, got)
			}

			// What a hypervisor pauses is not hung.
			if err := p.Backup.Pause(); err != nil {
				t.Fatal(err)
			}
			time.Sleep(watchdog.Timeout + 5*time.Second)
			if err := p.Backup.Resume(); err != nil {
				t.Fatal(err)
			}
			p.Backup.StaysOn(watchdog.Timeout)

			began := time.Now()
			hook(t, p.Master, "wedge")
			p.Master.WaitSerial("no sign of life from .*the decision", time.Minute)
			p.Master.WaitOff(time.Minute)
			t.Logf("reset %v after it hung", time.Since(began).Round(100*time.Millisecond))
			p.AwaitHolder(t, p.Backup)

			hook(t, p.Backup, "kill TERM init")
			p.Backup.WaitOff(time.Minute)
		})
	}
}

// The magic close: a node that is off on purpose, or hangs while it powers off, is not
// reset; one that is well never is.
func TestWatchdogOfANodeThatIsWell(t *testing.T) {
	text := faultSeed(t)
	s := newSite(t, text)
	c := site.Machine(s.Seed.Nodes[0])
	c.Watchdog, c.Disk = "i6300esb", baker.Disk(t, images.Image{Seed: text, Node: "lb-a", Hook: true})
	m := vm.Start(t, s.Lab, c)
	s.AwaitAnswer(t, vipService)
	hook(t, m, "burn 4")
	m.StaysOn(3 * watchdog.Timeout)
	hook(t, m, "burn 0")
	if strings.Contains(m.Serial.Text(), "no sign of life") {
		t.Error("a busy node looks as if it hung")
	}
	if err := m.PowerButton(); err != nil {
		t.Fatal(err)
	}
	m.WaitOff(time.Minute)
}
