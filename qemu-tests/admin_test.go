//go:build vm

package qemutests

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"twinlb/qemu-tests/images"
	"twinlb/qemu-tests/lab"
	"twinlb/qemu-tests/site"
	"twinlb/qemu-tests/vm"
)

// pairStatus is what `status --json` says, as far as tests look at it.
type pairStatus struct {
	Verdict  string
	Problems []string
	Node     nodeStatus
	Peers    []struct {
		Heard bool
		Node  nodeStatus
	}
}

type nodeStatus struct {
	Name, Role, Seed string
	VRRP             struct {
		State, Reason string
		Able          bool
		Preference    int
	}
	Backends []struct {
		Name string
		Up   bool
	}
	Services []struct{ Name, Phase string }
	Versions []struct{ Part, Version string }
}

// status asks the node how the pair is.
func (l login) status(t *testing.T, node netip.AddrPort) pairStatus {
	t.Helper()
	output, _ := l.Run(t, node.Addr(), "status --json")
	var got pairStatus
	if err := json.Unmarshal([]byte(output), &got); err != nil {
		t.Fatalf("status --json: %v\n%s", err, output)
	}
	return got
}

// awaitVerdict waits until `status` on the node ends with the exit status.
func (l login) awaitVerdict(t *testing.T, node netip.AddrPort, status int, what string) string {
	t.Helper()
	var output string
	lab.Await(t, site.ComeUp, what, func() error {
		said, got, err := l.Try(node.Addr(), "status")
		if err == nil && got != status {
			err = fmt.Errorf("status ends with %d:\n%s", got, said)
		}
		output = said
		return err
	})
	return output
}

func TestAdmin(t *testing.T) {
	p := startPair(t, images.Image{Seed: faultSeed(t)})

	t.Run("status of a healthy pair", func(t *testing.T) {
		output := p.awaitVerdict(t, masterService, 0, "the pair to be well")
		t.Logf("status:\n%s", output)
		for node, role := range map[netip.AddrPort]string{masterService: "MASTER", backupService: "BACKUP"} {
			p.awaitVerdict(t, node, 0, "the pair to be well")
			got := p.status(t, node)
			if got.Verdict != "well" || got.Node.VRRP.State != role || len(got.Peers) != 1 || !got.Peers[0].Heard {
				t.Errorf("status of %v is %+v, want well, %s, and one peer that is heard", node, got, role)
			}
			if peer := got.Peers[0].Node; peer.Seed != got.Node.Seed || len(peer.Backends) != 2 || !peer.Backends[0].Up {
				t.Errorf("the peer is %+v, want the same seed and two backends that are up", peer)
			}
			if len(got.Node.Services) != 4 || len(got.Node.Versions) != 4 {
				t.Errorf("services %v and versions %v, want four of each", got.Node.Services, got.Node.Versions)
			}
		}
	})

	t.Run("what a node tells", func(t *testing.T) {
		for command, want := range map[string]string{
			"services":       "keepalived",
			"config":         "virtual_router_id 100",
			"history":        "ready for the election",
			"logs":           "boot",
			"logs haproxy":   "haproxy",
			"history --json": `"MASTER"`,
			"services -h":    "services",
		} {
			if output := p.expectSSH(t, masterService, command, 0); !strings.Contains(output, want) {
				t.Errorf("%s says:\n%s\nwant %q in it", command, output, want)
			}
		}
		t.Logf("history of the master:\n%s", p.expectSSH(t, masterService, "history", 0))
	})

	t.Run("an unknown command lists the known ones", func(t *testing.T) {
		output, status := p.Run(t, masterService.Addr(), "uname -a")
		if status < 3 || !strings.Contains(output, "poweroff") || !strings.Contains(output, "uname") {
			t.Errorf("exit status %d:\n%s\nwant one that is not of status, and the commands", status, output)
		}
	})

	t.Run("a service that is stopped is reported, and started again", func(t *testing.T) {
		p.expectSSH(t, backupService, "stop haproxy", 0)
		lab.Await(t, site.ComeUp, "the pair to be degraded, and who did that", func() error {
			output, got := p.Run(t, masterService.Addr(), "status")
			if got != 1 || !strings.Contains(output, "stopped, asked by ops@lab") {
				return fmt.Errorf("status ends with %d:\n%s", got, output)
			}
			return nil
		})
		p.expectSSH(t, backupService, "start haproxy", 0)
		p.awaitVerdict(t, masterService, 0, "the pair to be well again")
	})

	t.Run("failover and back", func(t *testing.T) {
		r := p.measure(t, "failover", func() {
			output := p.expectSSH(t, masterService, "failover", 0)
			if !strings.Contains(output, "lb-b") || !strings.Contains(output, "5s") {
				t.Errorf("failover says %q, want who has it and for how long", output)
			}
			p.AwaitHolder(t, p.Backup)
		})
		expectNoneCut(t, r)
		p.expectSSH(t, masterService, "failover", 1) // it is not here
		r = p.measure(t, "the master takes it back", func() { p.AwaitHolder(t, p.Master) })
		expectNoneCut(t, r)
		p.expectHistory(t, backupService, "MASTER", "lb-a let it go: failover, asked by ops@lab")
	})

	t.Run("both nodes lose all backends, and the VIP stays", func(t *testing.T) {
		p.Servers[0].Kill()
		p.awaitVerdict(t, backupService, 1, "the pair to be degraded")
		p.Servers[1].Kill()
		p.awaitVerdict(t, backupService, 2, "the pair not to serve")
		p.expectHolder(t, p.Master, 8*time.Second) // longer than failover.LostAfter
		p.Servers[0].Restart()
		p.Servers[1].Restart()
		p.awaitVerdict(t, backupService, 0, "the pair to be well again")
	})

	t.Run("reboot", func(t *testing.T) {
		r := p.measure(t, "reboot of the master", func() {
			p.expectSSH(t, masterService, "reboot", 0)
			p.Master.WaitOff(time.Minute) // QEMU was told not to start it again
			p.AwaitHolder(t, p.Backup)
		})
		expectNoneCut(t, r)
		p.expectHistory(t, backupService, "MASTER", "lb-a let it go: the node is rebooting, asked by ops@lab")
		p.Master.Start()
		p.AwaitAnswer(t, masterService)
	})

	t.Run("poweroff", func(t *testing.T) {
		p.expectSSH(t, backupService, "poweroff", 0)
		p.Backup.WaitOff(time.Minute)
		p.awaitVerdict(t, masterService, 1, "the pair to be degraded")
	})
}

func TestNobodyLogsInWithoutAKey(t *testing.T) {
	text := exampleSeed(t)
	s := newSite(t, text)
	m := vm.Start(t, s.Lab, vm.Config{Name: "lb-a", MAC: masterMAC, Disk: baker.Disk(t, images.Image{Seed: text, Node: "lb-a"})})
	s.AwaitAnswer(t, masterService)
	m.WaitSerial("nobody can log in", site.ComeUp)
	began := time.Now()
	if conn, err := s.Client.Dial(t.Context(), "tcp", "192.168.100.53:22"); err == nil {
		conn.Close()
		t.Error("the port of SSH accepts connections")
	} else if time.Since(began) > time.Second {
		t.Errorf("the port of SSH was silent for %v, want a reset: %v", time.Since(began), err)
	}
}
