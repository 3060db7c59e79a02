//go:build vm

package qemutests

import (
	"testing"
	"time"

	"twinlb/qemu-tests/images"
	"twinlb/qemu-tests/site"
	"twinlb/qemu-tests/vm"
)

// TestThreeNodes takes the nodes away one after the other: the VIP goes down the list
// of the seed, and up again.
func TestThreeNodes(t *testing.T) {
	text := withLogin(t, exampleSeed(t, "advert_interval: 200ms", "advert_interval: 1s", "preempt: 30s", "preempt: 2s",
		"    - {name: lb-b, role: backup, address: 192.168.100.54/24}",
		"    - {name: lb-b, role: backup, address: 192.168.100.54/24}\n    - {name: lb-c, role: backup, address: 192.168.100.55/24}"))
	p := startPair(t, images.Image{Seed: text})
	third := site.Machine(p.Seed.Nodes[2])
	third.Disk = baker.Disk(t, images.Image{Seed: text, Node: "lb-c"})
	last := vm.Start(t, p.Lab, third)
	p.AwaitAnswer(t, p.Node(last))
	p.awaitVerdict(t, p.Node(last), 0, "all three to be well")
	for _, step := range []struct {
		name   string
		do     func()
		holder *vm.VM
	}{
		{"the first is off", p.Master.Kill, p.Backup},
		{"the second is off", p.Backup.Kill, last},
		{"the second is back", p.Backup.Start, p.Backup},
		{"the first is back", p.Master.Start, p.Master},
	} {
		r := p.measure(t, step.name, func() {
			step.do()
			p.AwaitHolder(t, step.holder)
			p.expectHolder(t, step.holder, 2*time.Second)
		})
		expectOutage(t, r, 10*time.Second)
	}
}
