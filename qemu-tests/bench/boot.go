package main

import (
	"time"

	"twinlb/qemu-tests/bench/report"
	"twinlb/qemu-tests/bench/report/timeline"
	"twinlb/qemu-tests/client"
	"twinlb/qemu-tests/lab"
	"twinlb/qemu-tests/site"
	"twinlb/qemu-tests/vm"
)

// ways to boot the same disk.
var ways = []struct {
	name   string
	config func(lab.T, system, vm.Config) vm.Config
}{
	{"direct", func(t lab.T, s system, c vm.Config) vm.Config { return s.direct(t, c) }},
	{"BIOS", func(_ lab.T, _ system, c vm.Config) vm.Config { return c }},
	{"UEFI", func(_ lab.T, _ system, c vm.Config) vm.Config { c.UEFI = true; return c }},
}

// boot measures one node alone, from power on to the first query.
func (b *bench) boot(s system) {
	section := b.report.Section("power on to the first query")
	for _, way := range ways {
		node := section.Row(way.name+", through the node", report.Seconds).Column(s.name())
		vip := section.Row(way.name+", through the VIP", report.Seconds).Column(s.name())
		used := section.Row(way.name+", CPU time of QEMU until then", report.Seconds).Column(s.name())
		for i := range b.runs {
			try(node, func(t lab.T) {
				around := site.New(t, s.pair())
				c := way.config(t, s, s.machine(t, s.pair().Nodes[0], false))
				throughVIP := around.FirstAnswer(t, around.VIP())
				throughNode := around.FirstAnswer(t, around.Address(s.pair().Nodes[0]))
				m := vm.Start(t, around.Lab, c)
				first, later := throughNode().Sub(m.PowerOn), throughVIP().Sub(m.PowerOn)
				node.AddDuration(first)
				vip.AddDuration(later)
				used.AddDuration(cpu(t, m))
				if i == 0 {
					picture := timeline.Boot{Name: s.name() + ", " + way.name, Spans: s.spans(t, around, m)}
					picture.Mark("first query through the node", timeline.Query, first)
					picture.Mark("first query through the VIP", timeline.Query, later)
					b.report.Boots = append(b.report.Boots, picture)
				}
			})
		}
	}
}

func (b *bench) memory(s system) {
	section := b.report.Section("memory")
	inUse := section.Row("in use on the master, with the pair idle", report.Bytes).Column(s.name())
	try(inUse, func(t lab.T) {
		p := start(t, s, false)
		for range b.runs {
			pause(time.Second)
			inUse.Add(s.memory(t, p, p.Master))
		}
	})
	least := section.Row("smallest that boots and serves, BIOS", report.MiB).Column(s.name())
	try(least, func(t lab.T) {
		from, step := s.least()
		best := 0
		for mib := from; mib > 0 && b.serves(s, mib); mib -= step {
			best = mib
		}
		if best == 0 {
			t.Fatalf("it does not serve with %d MiB", from)
		}
		least.Add(float64(best))
	})
}

// serves tells whether a node with so much memory comes to answer a query.
func (b *bench) serves(s system, mib int) bool {
	served := false
	err := lab.Try(func(string) {}, func(t lab.T) {
		around := site.New(t, s.pair())
		c := s.machine(t, s.pair().Nodes[0], false)
		c.Memory = mib
		m := vm.Start(t, around.Lab, c)
		lab.Await(t, site.ComeUp, "an answer, or the machine to be off", func() error {
			_, err := client.ServerID(around.Client, around.VIP())
			served = err == nil
			if !m.Running() {
				return nil
			}
			return err
		})
	})
	return served && err == nil
}
