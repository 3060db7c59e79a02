package main

import (
	"time"

	"twinlb/qemu-tests/bench/report"
	"twinlb/qemu-tests/client"
	"twinlb/qemu-tests/lab"
	"twinlb/qemu-tests/site"
)

// An outage that has not ended after so long needs somebody's hand.
const enough = 20 * time.Second

const needsAHand = "had not ended after 20 s, and does not without a hand; seen once"

// outages lets each fault happen to a pair that is well, again and again: all of them
// in turn, since a service that ends many times in a row is started ever later.
func (b *bench) outages(s system) {
	faults := append(site.ServiceFaults(), site.NetworkFaults()...)
	faults = append(faults, site.MachineFaults()...)
	if planned, ok := s.failover(); ok {
		faults = append(faults, planned)
	}
	section := b.report.Section("outage, and connections that failed")
	cell := func(name string) *report.Cell { return section.Row(name, report.Milliseconds).Column(s.name()) }
	for round := range b.runs {
		say("%s: round %d of %d", s.name(), round+1, b.runs)
		for rest := faults; len(rest) > 0; {
			// A pair that a fault has left unusable is replaced for the next one.
			first := rest[0]
			try(cell(first.Name), func(t lab.T) {
				rest = rest[1:] // even if no pair starts
				p := start(t, s, true)
				for well := fault(t, s, p, first, cell); well && len(rest) > 0; rest = rest[1:] {
					well = fault(t, s, p, rest[0], cell)
				}
			})
		}
	}
	b.backendKilled(s, cell)
}

// fault measures one; it returns false when the pair did not become well again.
func fault(t lab.T, s system, p *site.Pair, f site.Fault, cell func(string) *report.Cell) (well bool) {
	if cell(f.Name).Note == needsAHand {
		return true // it would be so again, and takes long
	}
	say("  %s", f.Name)
	err := lab.Try(func(string) {}, func(t lab.T) {
		p.AwaitHolder(t, p.Master)
		p.AwaitAnswer(t, p.Node(p.Backup))
		add(cell(f.Name), watch(t, p, f.Moves, func() { f.Spoil(t, p) }))
		if holders := p.Holders(t); len(holders) > 1 {
			cell(f.Name).WithNote("afterwards both nodes hold the VIP")
		}
		mend := func() {
			if f.Mend != nil {
				f.Mend(t, p)
			}
		}
		if f.Name == site.PoweredOff {
			add(cell("the master comes back"), watch(t, p, false, func() {
				mend()
				p.AwaitHolder(t, p.Master)
			}))
			return
		}
		mend()
		s.settle(t, p)
	})
	if err != nil {
		cell(f.Name).Fail(err.Error())
	}
	return err == nil
}

// watch returns what becomes of connections to the VIP from before the event until
// it is over: until the VIP has moved, if it has to, and connections are steady.
func watch(t lab.T, p *site.Pair, moves bool, event func()) measured {
	meter, err := client.StartMeter(p.Client, p.VIP())
	if err != nil {
		t.Fatal(err)
	}
	meter.AwaitSteady(t, site.ComeUp, "before a fault")
	began := time.Now()
	event()
	for time.Since(began) < enough {
		quiet := 2 * time.Second // time enough for what is noticed later
		switch {
		case moves && held(t, p):
			quiet = time.Second
		case moves: // backends count as down after that
			quiet = 4 * time.Second
		}
		if meter.Steady(quiet) {
			return measured{meter.Stop(), true}
		}
		pause(50 * time.Millisecond)
	}
	return measured{meter.Stop(), false}
}

// measured is what became of connections, and whether they were well in the end.
type measured struct {
	*client.Result
	over bool
}

// held tells whether the backup has the VIP.
func held(t lab.T, p *site.Pair) bool {
	holders := p.Holders(t)
	return len(holders) == 1 && holders[0] == p.Backup.MAC
}

// add notes the longest outage; 0 when there was none.
func add(cell *report.Cell, r measured) {
	var longest client.Outage
	for _, o := range r.Outages() {
		if o.Duration > longest.Duration {
			longest = o
		}
	}
	cell.AddDuration(longest.Duration, len(r.Failed()))
	say("    %v", r.Result)
	if !r.over {
		cell.WithNote(needsAHand)
	}
}

// backendKilled measures what the end of one server costs.
func (b *bench) backendKilled(s system, cell func(string) *report.Cell) {
	killed := cell("one of two servers killed")
	try(killed, func(t lab.T) {
		p := start(t, s, false)
		last := p.Servers[len(p.Servers)-1]
		for range b.runs {
			r := watch(t, p, false, func() {
				last.Kill()
				pause(5 * time.Second)
			})
			add(killed, r)
			last.Restart()
			pause(5 * time.Second) // until both nodes count it as up again
		}
	})
}
