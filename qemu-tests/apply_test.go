//go:build vm

package qemutests

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"twinlb/qemu-tests/client"
	"twinlb/qemu-tests/images"
	"twinlb/qemu-tests/lab"
	"twinlb/qemu-tests/site"
	"twinlb/qemu-tests/vm"
)

// apply gives a node a seed, and returns what it says and its exit status.
func (p *pair) apply(t *testing.T, node netip.AddrPort, flags, seedText string) (output string, status int) {
	t.Helper()
	command := p.Operator.SSH(p.From, p.KnownHosts, node.Addr(), strings.TrimSpace("apply "+flags))
	command.Stdin = strings.NewReader(seedText)
	text, err := command.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("apply %s: %v", flags, err)
	}
	t.Logf("apply %s:\n%s", flags, text)
	return string(text), command.ProcessState.ExitCode()
}

// expectApplied wants that both nodes run the seed.
func (p *pair) expectApplied(t *testing.T, node netip.AddrPort, flags, seedText string, says ...string) {
	t.Helper()
	output, status := p.apply(t, node, flags, seedText)
	if status != 0 {
		t.Fatalf("apply ends with %d", status)
	}
	for _, want := range append(says, "It is undone at") {
		if !strings.Contains(output, want) {
			t.Errorf("apply does not say %q", want)
		}
	}
}

// awaitSeed waits until all nodes are well and run that seed.
func (p *pair) awaitSeed(t *testing.T, digest, what string) {
	t.Helper()
	lab.Await(t, site.ComeUp, what, func() error {
		for _, node := range []netip.AddrPort{masterService, backupService} {
			output, status, err := p.Try(node.Addr(), "status --json")
			if err != nil {
				return err
			}
			if status != 0 || strings.Count(output, `"seed": "`+digest+`"`) < 2 {
				return fmt.Errorf("%v: exit status %d, want the seed %s on both:\n%s", node, status, digest, output)
			}
		}
		return nil
	})
}

func edit(t *testing.T, text string, pairs ...string) string {
	t.Helper()
	for change := range slices.Chunk(pairs, 2) {
		if strings.Count(text, change[0]) != 1 {
			t.Fatalf("%q is not once in the seed:\n%s", change[0], text)
		}
		text = strings.Replace(text, change[0], change[1], 1)
	}
	return text
}

// startPairThatWrites is startPair with disks that keep what the nodes write.
func startPairThatWrites(t *testing.T, i images.Image) *pair {
	t.Helper()
	s := newSite(t, i.Seed)
	var machines []vm.Config
	for _, n := range s.Seed.Nodes {
		c := site.Machine(n)
		i.Node = n.Name
		baked, err := os.ReadFile(baker.Disk(t, i))
		if err != nil {
			t.Fatal(err)
		}
		c.Disk, c.Writes = filepath.Join(t.TempDir(), n.Name+".img"), true
		if err := os.WriteFile(c.Disk, baked, 0o600); err != nil {
			t.Fatal(err)
		}
		machines = append(machines, c)
	}
	return &pair{s.Start(t, site.Hooked{Login: s.Login, Site: s.Site}, machines[0], machines[1]), s.login}
}

// expectNoErrors wants that no connection failed. How long each took is no matter
// on one emulated CPU, which has much else to do meanwhile.
func expectNoErrors(t *testing.T, r *client.Result) {
	t.Helper()
	for _, a := range r.Attempts {
		if a.Err != nil {
			t.Errorf("of %d connections one failed: %+v", len(r.Attempts), a)
		}
	}
}

func TestApply(t *testing.T) {
	first := faultSeed(t)
	p := startPairThatWrites(t, images.Image{Seed: first, Hook: true})
	p.awaitVerdict(t, masterService, 0, "the pair to be well")
	digest := func() string { return p.status(t, masterService).Node.Seed }
	old := digest()
	mysql2 := regexp.MustCompile(`(?m)^ *- {name: mysql2, .*\n`)
	without := edit(t, first, mysql2.FindString(first), "")

	t.Run("a dry run changes nothing", func(t *testing.T) {
		output, status := p.apply(t, masterService, "--dry-run", without)
		for _, want := range []string{"-    server mysql2 192.168.100.50:3306", "lb-a: backend mysql/mysql2: takes no more connections, without a reload"} {
			if status != 0 || !strings.Contains(output, want) {
				t.Errorf("apply --dry-run ends with %d and lacks %q", status, want)
			}
		}
		if got := digest(); got != old {
			t.Errorf("it runs %s, want %s", got, old)
		}
	})

	t.Run("a wrong seed", func(t *testing.T) {
		output, status := p.apply(t, masterService, "", edit(t, first, "address: 192.168.100.50,", "address: 192.168.100.500,"))
		for _, want := range []string{"user-data:", `"192.168.100.500"`, "^"} {
			if status != 1 || !strings.Contains(output, want) {
				t.Errorf("apply ends with %d and lacks %q", status, want)
			}
		}
		if got := digest(); got != old {
			t.Errorf("it runs %s, want %s", got, old)
		}
	})

	t.Run("a backend less and one more, under load", func(t *testing.T) {
		r := p.measure(t, "backend removed and added", func() {
			p.expectApplied(t, masterService, "", without, "lb-a: backend mysql/mysql2: takes no more", "lb-b: backend mysql/mysql2: takes no more")
			if _, status := p.apply(t, backupService, "", first); status != 1 {
				t.Error("a second change is not refused")
			}
			p.expectSSH(t, backupService, "confirm", 0)
			// So that it is gone, and not only asked for no more connections.
			lab.Await(t, 20*time.Second, "HAProxy to have deleted the backend", func() error {
				for _, node := range []string{"192.168.100.53", "192.168.100.54"} {
					if text := get(t, p.Site, "http://"+node+":8404/;csv"); strings.Contains(text, ",mysql2,") {
						return fmt.Errorf("%s has it: %s", node, text)
					}
				}
				return nil
			})
			p.expectApplied(t, backupService, "", first, "lb-a: backend mysql/mysql2: added without a reload", "lb-b: backend mysql/mysql2: ")
			p.expectSSH(t, masterService, "confirm", 0)
		})
		expectNoErrors(t, r)
		p.awaitSeed(t, old, "both to run the first seed again")
	})

	t.Run("a reload under load, and rolled back", func(t *testing.T) {
		more := edit(t, first, "pools:\n", "pools:\n        - {name: second, port: 3307, backends: [{name: mysql1, address: 192.168.100.51}]}\n")
		r := p.measure(t, "pool added and removed", func() {
			p.expectApplied(t, masterService, "", more, "lb-a: haproxy: hitless reload, because", "lb-b: haproxy: hitless reload")
			second := netip.AddrPortFrom(vipService.Addr(), 3307)
			lab.Await(t, 10*time.Second, "the new pool to answer", func() error {
				conn, err := p.Client.Dial(t.Context(), "tcp", second.String())
				if err == nil {
					conn.Close()
				}
				return err
			})
			p.expectSSH(t, masterService, "rollback", 0)
		})
		expectNoErrors(t, r)
		p.awaitSeed(t, old, "both to run the first seed again")
	})

	t.Run("slower adverts under load, and rolled back", func(t *testing.T) {
		slower := edit(t, first, "advert_interval: 1s", "advert_interval: 3s")
		before := p.expectSSH(t, backupService, "history", 0)
		r := p.measure(t, "adverts slower and quicker", func() {
			p.expectApplied(t, masterService, "", slower, "lb-a: keepalived: reload, the VIP stays", "lb-b: keepalived: reload, the VIP stays")
			p.expectHolder(t, p.Master, 15*time.Second) // more than the backup waits now
			p.expectSSH(t, masterService, "rollback", 0)
			p.expectHolder(t, p.Master, 5*time.Second)
		})
		expectOutage(t, r, time.Second) // that of a busy host
		if after := p.expectSSH(t, backupService, "history", 0); after != before {
			t.Errorf("the VIP has moved:\n%s", after)
		}
		p.awaitSeed(t, old, "both to run the first seed again")
	})

	t.Run("a seed that locks the admin out is undone", func(t *testing.T) {
		const other = "AAAAC3NzaC1lZDI1NTE5AAAAICQfnd6bwyqDZYspD34lLZ5TJtTdtaZk7pHQEzn/2s15"
		mine := strings.Fields(p.Operator.AuthorizedKey)[1]
		p.expectApplied(t, masterService, "--within 10s", edit(t, first, mine, other), "admin: other keys may log in")
		lab.Await(t, time.Minute, "the key to be good again", func() error {
			command := p.Operator.SSH(p.From, p.KnownHosts, backupService.Addr(), "status")
			return command.Run()
		})
		p.awaitSeed(t, old, "both to run the first seed again")
	})

	t.Run("a seed that takes the node's address away is undone", func(t *testing.T) {
		moved := edit(t, first, "address: 192.168.100.53/24", "address: 192.168.100.57/24")
		output, status := p.apply(t, backupService, "--within 20s", moved)
		if status != 0 {
			t.Errorf("apply ends with %d:\n%s", status, output)
		}
		lab.Await(t, time.Minute, "the old address to answer", func() error {
			return p.Operator.SSH(p.From, p.KnownHosts, masterService.Addr(), "status").Run()
		})
		p.awaitSeed(t, old, "both to run the first seed again")
	})

	t.Run("what is confirmed outlives a restart", func(t *testing.T) {
		p.expectApplied(t, masterService, "", without)
		p.expectSSH(t, masterService, "confirm", 0)
		next := digest()
		p.Inside.Reboot(t, p.Backup)
		p.Backup.WaitOff(time.Minute)
		p.Backup.Start()
		p.AwaitAnswer(t, backupService)
		p.awaitSeed(t, next, "the backup to have the new seed")

		p.expectApplied(t, masterService, "", first)
		p.Inside.Reboot(t, p.Backup)
		p.Backup.WaitOff(time.Minute)
		p.Backup.Start()
		p.AwaitAnswer(t, backupService)
		lab.Await(t, site.ComeUp, "status to say that the seeds differ", func() error {
			if output, status := p.Run(t, masterService.Addr(), "status"); status != 1 || !strings.Contains(output, "runs with seed") {
				return fmt.Errorf("exit status %d:\n%s", status, output)
			}
			return nil
		})
		if output := p.expectSSH(t, masterService, "confirm", 1); !strings.Contains(output, "lb-b does not run it") {
			t.Errorf("confirm says:\n%s", output)
		}
		p.expectSSH(t, masterService, "rollback", 0)
		p.awaitSeed(t, next, "both to run what was confirmed")
	})
}
