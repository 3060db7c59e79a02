//go:build vm

package qemutests

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"twinlb/qemu-tests/client"
	"twinlb/qemu-tests/images"
	"twinlb/qemu-tests/lab"
	"twinlb/qemu-tests/site"
)

// A planned switchover cuts nobody who connects anew for each query, and lets
// statements end.
func TestDrain(t *testing.T) {
	p := startPair(t, images.Image{Seed: faultSeed(t)})
	p.awaitVerdict(t, masterService, 0, "the pair to be well")
	// statement runs one through the VIP, and returns what becomes of it.
	statement := func(seconds int) <-chan error {
		ended, query := make(chan error, 1), fmt.Sprintf("select sleep(%d)", seconds)
		go func() {
			_, err := client.Query(p.Client, vipService, query)
			ended <- err
		}()
		lab.Await(t, site.ComeUp, "the statement to run", func() error {
			for _, s := range p.Servers {
				if s.Running(query) {
					return nil
				}
			}
			return fmt.Errorf("no server runs it")
		})
		return ended
	}
	back := func() {
		p.AwaitHolder(t, p.Master)
		p.awaitVerdict(t, masterService, 0, "the pair to be well again")
	}

	for _, tt := range []struct {
		name    string
		seconds int // of a statement that runs
	}{
		{"short statements", 0},
		{"short statements again", 0},
		{"a statement of two seconds", 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ended := make(<-chan error)
			if tt.seconds > 0 {
				ended = statement(tt.seconds)
			}
			var said string
			var load client.Load
			r := p.measure(t, "drain", func() {
				loaded := make(chan error, 1)
				go func() {
					var err error
					load, err = client.Connections(p.Client, vipService, 4, 6*time.Second)
					loaded <- err
				}()
				said = p.expectSSH(t, masterService, "failover --drain", 0)
				p.AwaitHolder(t, p.Backup)
				if err := <-loaded; err != nil {
					t.Fatal(err)
				}
			})
			t.Log(said)
			if t.Logf("load: %+v", load); load.Failed > 0 {
				t.Errorf("%d connections of the load failed, the last by %v", load.Failed, load.Err)
			}
			var slowest time.Duration
			for _, a := range r.Attempts {
				slowest = max(slowest, a.Took)
				if a.Err != nil {
					t.Errorf("a connection failed: %+v", a)
				}
			}
			t.Logf("%d connections, %d by a second SYN, the slowest took %v", len(r.Attempts), r.SYNRetries(), slowest)
			if tt.seconds > 0 {
				select {
				case err := <-ended:
					if err != nil {
						t.Errorf("the statement: %v", err)
					}
				case <-time.After(10 * time.Second):
					t.Error("the statement has not ended after 10 s")
				}
			}
			if !strings.Contains(said, "lb-b has taken the VIP over") || strings.Contains(said, "not all") {
				t.Errorf("it says %q, want who has it, and that no statement was cut", said)
			}
			back()
		})
	}

	t.Run("a statement that does not end", func(t *testing.T) {
		ended := statement(60)
		began := time.Now()
		said := p.expectSSH(t, masterService, "failover --drain --grace 1s", 0)
		if !strings.Contains(said, "not all of them idle after 1s") {
			t.Errorf("it says %q, want that a statement was cut", said)
		}
		p.AwaitHolder(t, p.Backup)
		t.Logf("after %v: %s", time.Since(began), said)
		select {
		case <-ended:
		case <-time.After(10 * time.Second):
			t.Log("its client still waits after 10 s")
		}
		back()
	})

	t.Run("why", func(t *testing.T) {
		for _, node := range []string{"lb-a", "lb-b"} {
			service := masterService
			if node == "lb-b" {
				service = backupService
			}
			for command, want := range map[string][]string{
				"why":       {"lb-a took the VIP over from lb-b", "preferred to lb-b, and healthy", "VIP on the interface", "VIP off the interface"},
				"why 2":     {"lb-b took the VIP over from lb-a", "failover, asked by ops@lab", "last advert heard", "advert of priority 0", "decided", "first connection passed to a backend"},
				"history 1": {"why", "keepalived says"},
			} {
				lab.Await(t, site.ComeUp, command+" on "+node, func() error {
					out := p.expectSSH(t, service, command, 0)
					for _, part := range want {
						if !strings.Contains(out, part) {
							return fmt.Errorf("it lacks %q:\n%s", part, out)
						}
					}
					t.Logf("%s on %s:\n%s", command, node, out)
					return nil
				})
			}
		}
	})
}

// A drill goes through all hand-overs of a live pair, and both nodes remember it.
func TestDrill(t *testing.T) {
	p := startPair(t, images.Image{Seed: faultSeed(t)})
	p.awaitVerdict(t, masterService, 0, "the pair to be well")
	if plan := p.expectSSH(t, masterService, "drill", 0); !strings.Contains(plan, "restart of keepalived of lb-b") || !strings.Contains(plan, "--yes") {
		t.Errorf("drill says\n%s\nwant what it would do", plan)
	}
	p.expectHolder(t, p.Master, time.Second) // it has only told
	for _, node := range []netip.AddrPort{masterService, backupService} {
		var said string
		r := p.measure(t, "drill", func() { said = p.expectSSH(t, node, "drill --yes", 0) })
		t.Logf("asked of %v:\n%s", node.Addr(), said)
		lines := strings.Split(strings.TrimSpace(said), "\n")
		if len(lines) != 7 || !strings.Contains(lines[6], "the pair is well after all of it") {
			t.Errorf("it said %d lines, want one for each of 6 steps, and that the pair is well", len(lines))
		}
		for i, line := range lines[:len(lines)-1] {
			first := node == masterService && !strings.HasPrefix(line, "switchover of lb-b") && (i < 1 || i == 2 || i == 4)
			if first && !strings.Contains(line, "the first drill") || node == backupService && !strings.Contains(line, "before: ") {
				t.Errorf("line %d is %q: the first time nothing is known from before, the second time something is", i+1, line)
			}
		}
		if !strings.Contains(lines[0], "VIP moved to lb-b") || !strings.Contains(lines[0], "switchover of lb-a") {
			t.Errorf("the first line is %q, want the VIP to move to lb-b", lines[0])
		}
		expectOutage(t, r, 2*time.Second)
		p.AwaitHolder(t, p.Master)
		p.awaitVerdict(t, masterService, 0, "the pair to be well again")
	}
	p.Servers[0].Kill()
	p.awaitVerdict(t, masterService, 1, "the pair to be degraded")
	if said := p.expectSSH(t, masterService, "drill --yes", 1); !strings.Contains(said, ": backend mysql/mysql1 is down") || !strings.Contains(said, "the pair is not well, and a drill is for one that is: lb-") {
		t.Errorf("a drill of a pair that is not well says %q", said)
	}
}

// Who has lost all backends keeps the VIP when nobody reaches more, for however long.
func TestLostBackendsNeverMakeTheVIPGoToAndFro(t *testing.T) {
	p := startPair(t, images.Image{Seed: faultSeed(t)})
	p.awaitVerdict(t, masterService, 0, "the pair to be well")
	moves := func() (n int) {
		for _, node := range []netip.AddrPort{masterService, backupService} {
			for _, line := range strings.Split(p.expectSSH(t, node, "history", 0), "\n") {
				if strings.Contains(line, " MASTER ") {
					n++
				}
			}
		}
		return n
	}

	t.Run("both nodes lose all", func(t *testing.T) {
		before := moves()
		for _, s := range p.Servers {
			s.Kill()
		}
		p.awaitVerdict(t, masterService, 2, "the pair not to serve")
		p.expectNeverBoth(t, 2*time.Minute)
		for _, s := range p.Servers {
			s.Restart()
		}
		p.awaitVerdict(t, masterService, 0, "the pair to be well again")
		if n := moves() - before; n != 0 {
			t.Errorf("%d changes to or from MASTER, want none", n)
		}
	})
	t.Run("one node loses all", func(t *testing.T) {
		before := moves()
		p.Route(t, "add", "blackhole", masterService.Addr().String())
		p.AwaitHolder(t, p.Backup)
		p.expectNeverBoth(t, 30*time.Second) // several times preempt
		if n := moves() - before; n != 2 {
			t.Errorf("%d changes to or from MASTER, want one of each node", n)
		}
		p.Route(t, "delete", "blackhole", masterService.Addr().String())
		p.AwaitHolder(t, p.Master)
		p.awaitVerdict(t, masterService, 0, "the pair to be well again")
		if n := moves() - before; n != 4 {
			t.Errorf("%d changes to or from MASTER, want it back once", n)
		}
	})
}
