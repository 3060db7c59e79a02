//go:build vm

package qemutests

import (
	"cmp"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"twinlb/qemu-tests/images"
	"twinlb/qemu-tests/site"
	"twinlb/qemu-tests/torture"
	"twinlb/qemu-tests/vm"
)

// TestTorture lets each kind of fault happen to a pair.
// TWINLB_TORTURE is how many there are to be and the number that makes them:
// `make torture N=1000 SEED=7`.
func TestTorture(t *testing.T) {
	faults, number := tortureSchedule(t)
	text := withLogin(t, exampleSeed(t, "advert_interval: 200ms", "advert_interval: 1s", "preempt: 30s", "preempt: 2s"))
	s := newSite(t, text)
	var machines []vm.Config
	var names []string
	for _, n := range s.Seed.Nodes {
		c := site.Machine(n)
		c.Disk = baker.Disk(t, images.Image{Seed: text, Node: n.Name, Hook: true})
		c.Relayed = true
		machines, names = append(machines, c), append(names, n.Name)
	}
	var servers []string
	for _, server := range s.Servers {
		servers = append(servers, server.Name)
	}
	rounds := torture.Schedule(number, faults, len(servers))
	var schedule strings.Builder
	if err := torture.WriteSchedule(&schedule, rounds, names, servers); err != nil {
		t.Fatal(err)
	}
	t.Logf("make torture N=%d SEED=%d:\n%s", faults, number, &schedule)

	pair := s.Start(t, site.Hooked{Login: s.Login, Site: s.Site}, machines[0], machines[1])
	run := torture.Run{Pair: pair, Login: s.Login, Promise: torture.Promised(time.Second), Dir: "../build/results/torture"}
	report := run.Faults(t, number, rounds)
	t.Logf("the report, also in %s:\n%s", run.Dir, report.Markdown())
}

func tortureSchedule(t *testing.T) (faults int, number uint64) {
	t.Helper()
	n, seed, _ := strings.Cut(cmp.Or(os.Getenv("TWINLB_TORTURE"), "32 1"), " ")
	faults, err := strconv.Atoi(n)
	if err != nil || faults < 1 {
		t.Fatalf("N=%s is not a number of faults, 1 or more", n)
	}
	number, err = strconv.ParseUint(seed, 10, 64)
	if err != nil { // `make torture` without one: another each time
		number = uint64(time.Now().Unix())
	}
	return faults, number
}
