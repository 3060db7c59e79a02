package main

import (
	"time"

	"twinlb/qemu-tests/bench/report"
	"twinlb/qemu-tests/client"
	"twinlb/qemu-tests/lab"
	"twinlb/qemu-tests/site"
	"twinlb/qemu-tests/vm"
)

func (b *bench) idle(s system) {
	const during = 20 * time.Second
	section := b.report.Section("idle")
	master := section.Row("CPU of the master", report.CorePercent).Column(s.name())
	backup := section.Row("CPU of the backup", report.CorePercent).Column(s.name())
	try(master, func(t lab.T) {
		p := start(t, s, false)
		pause(10 * time.Second) // what is done once after a boot is no idling
		for range b.runs {
			m, k := cpu(t, p.Master), cpu(t, p.Backup)
			pause(during)
			master.Add(percent(cpu(t, p.Master)-m, during))
			backup.Add(percent(cpu(t, p.Backup)-k, during))
		}
	})
}

func (b *bench) load(s system) {
	const (
		workers = 8
		during  = 3 * time.Second
	)
	section := b.report.Section("load, from 8 clients")
	through := section.Row("connections through the pair", report.PerSecond).Column(s.name())
	measure := func(p *site.Pair, t lab.T, row string, f func(*lab.Host) (client.Load, error)) {
		cell := section.Row(row, report.PerSecond).Column(s.name())
		for range b.runs {
			got, err := f(p.Client)
			if err != nil {
				t.Fatal(err)
			}
			cell.Add(got.PerSecond, got.Failed)
		}
	}
	try(through, func(t lab.T) {
		p := start(t, s, false)
		direct := p.Servers[0].Listen
		// Else the client runs out of ports: each is kept for a minute after its
		// connection has ended.
		for name, value := range map[string]string{"ip_local_port_range": "1024 65535", "tcp_tw_reuse": "1"} {
			if err := p.Client.Sysctl("net/ipv4/"+name, value); err != nil {
				t.Fatal(err)
			}
		}
		measure(p, t, "connections through the pair", func(from *lab.Host) (client.Load, error) { return client.Connections(from, p.VIP(), workers, during) })
		measure(p, t, "connections to a server directly", func(from *lab.Host) (client.Load, error) { return client.Connections(from, direct, workers, during) })
		measure(p, t, "queries through the pair", func(from *lab.Host) (client.Load, error) { return client.Queries(from, p.VIP(), workers, during) })
		measure(p, t, "queries to a server directly", func(from *lab.Host) (client.Load, error) { return client.Queries(from, direct, workers, during) })
	})
}

func cpu(t lab.T, m *vm.VM) time.Duration {
	used, err := m.CPUTime()
	if err != nil {
		t.Fatal(err)
	}
	return used
}

func percent(used, during time.Duration) float64 { return 100 * float64(used) / float64(during) }
