package main

import (
	"fmt"
	"os"
	"strings"
	"time"

	"twinlb/qemu-tests/bench/report"
	"twinlb/qemu-tests/bench/report/timeline"
	"twinlb/qemu-tests/lab"
	"twinlb/qemu-tests/site"
	"twinlb/qemu-tests/vm"
	"twinlb/seed"
)

// system is a kind of pair that is measured.
type system interface {
	name() string
	about() *report.Column
	pair() *seed.Pair

	// machine boots the node's disk. With reach, Inside reaches into it.
	machine(t lab.T, n seed.Node, reach bool) vm.Config
	// direct is the same machine, whose kernel is started without firmware.
	direct(t lab.T, c vm.Config) vm.Config
	inside(s *site.Site) site.Inside
	// settle repairs what a fault has left that the pair does not repair itself.
	settle(t lab.T, p *site.Pair)

	sizes(t lab.T) sizes
	// build makes the disk of one node when all that it is made of is there.
	build(t lab.T)
	// memory in use on a node, in bytes.
	memory(t lab.T, p *site.Pair, m *vm.VM) float64
	// least is where the search for the smallest memory begins, and its steps, in MiB.
	least() (from, step int)
	// spans are the steps of a boot, from the serial console of a node that runs.
	spans(t lab.T, s *site.Site, m *vm.VM) []timeline.Span
	// failover is the planned one; ok is false when there is no such command.
	failover() (f site.Fault, ok bool)
}

// sizes are in bytes.
type sizes struct{ disk, kernel, initramfs int64 }

// open returns the systems that are measured, ours first.
func open(versus, dir string) ([]system, error) {
	example, err := os.ReadFile("examples/pair.yaml")
	if err != nil {
		return nil, fmt.Errorf("read the seed of the measurements: %w", err)
	}
	ours, err := newTwinlb(string(example), dir)
	if err != nil {
		return nil, err
	}
	systems := []system{ours}
	if versus == "debian" {
		theirs, err := newByHand(ours.pair(), dir)
		if err != nil {
			return nil, err
		}
		systems = append(systems, theirs)
	}
	return systems, nil
}

// shorten makes a node that comes back take the VIP again soon, so that a
// measurement need not wait for it.
func shorten(seedText string) (string, error) {
	const preempt, short = "preempt: 30s", "preempt: 1s"
	if !strings.Contains(seedText, preempt) {
		return "", fmt.Errorf("prepare the seed of the measurements: %q is not in it", preempt)
	}
	return strings.Replace(seedText, preempt, short, 1), nil
}

// start boots both nodes.
func start(t lab.T, s system, reach bool) *site.Pair {
	around := site.New(t, s.pair())
	nodes := s.pair().Nodes
	return around.Start(t, s.inside(around), s.machine(t, nodes[0], reach), s.machine(t, nodes[1], reach))
}

// pause waits while a measurement takes place.
func pause(during time.Duration) { <-time.After(during) }
