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
			p.awaitVerdict(t, masterService, 0, "the pair to be well before")
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

// A node without a free moment and without free memory looks like no node that hangs,
// its keepalived comes before all else, and one that ends on purpose is not reset.
func TestBusyNode(t *testing.T) {
	text := faultSeed(t)
	s := newSite(t, text)
	c := site.Machine(s.Seed.Nodes[0])
	c.Watchdog, c.Disk = "i6300esb", baker.Disk(t, images.Image{Seed: text, Node: "lb-a", Hook: true})
	m := vm.Start(t, s.Lab, c)
	s.AwaitAnswer(t, vipService)
	hook(t, m, "burn 4")
	hook(t, m, "hog")
	m.WaitSerial("invoked oom-killer", 30*time.Second) // the kernel keeps its warnings to itself
	m.StaysOn(2 * watchdog.Timeout)
	hook(t, m, "burn 0")
	if strings.Contains(m.Serial.Text(), "no sign of life") {
		t.Error("a busy node looks as if it hung")
	}

	// Of proc_pid_stat(5), counted from 0: page faults that needed a disk, the policy.
	const faults, policy = 11, 40
	found := 0
	for line := range strings.Lines(hook(t, m, "processes")) {
		process := strings.Fields(line)
		if process[2] != "keepalived" {
			continue
		}
		found++
		stat := strings.Fields(hook(t, m, "file /proc/"+process[0]+"/stat"))
		if stat[policy] != "2" || stat[faults] != "0" {
			t.Errorf("keepalived %s has policy %s and %s page faults from a disk, want 2 (SCHED_RR) and none: %v", process[0], stat[policy], stat[faults], stat)
		}
	}
	if found != 2 {
		t.Errorf("%d processes of keepalived, want 2", found)
	}

	if err := m.PowerButton(); err != nil {
		t.Fatal(err)
	}
	m.WaitOff(time.Minute)
}
