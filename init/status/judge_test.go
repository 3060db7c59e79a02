package status

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// healthy is a pair of which all is well, with a backend and a standby in one pool.
func healthy() (*Pair, *Node) {
	node := func(name, state string) Node {
		return Node{
			Name: name, Seed: "5f0c12ab34cd",
			VRRP:     VRRP{State: state, Able: true, Reason: "healthy"},
			Backends: []Backend{{Pool: "mysql", Name: "m1", Up: true, Check: "L7OK"}, {Pool: "mysql", Name: "m2", Up: true, Check: "L7OK", Backup: true}},
			Services: []Service{{Name: "haproxy", Phase: "running", Restarts: 3, LastExit: "ended with exit status 1"}},
		}
	}
	b := node("lb-b", "BACKUP")
	return &Pair{Node: node("lb-a", "MASTER"), Peers: []Peer{{Name: "lb-b", Heard: true, Node: &b}}}, &b
}

func down(n *Node, backends ...int) {
	for _, i := range backends {
		n.Backends[i].Up, n.Backends[i].Check, n.Backends[i].Detail = false, "L4CON", "Connection refused"
	}
}

func TestJudge(t *testing.T) {
	for _, tt := range []struct {
		name     string
		change   func(p *Pair, b *Node)
		want     Verdict
		problems []string // in their order
	}{
		{"all is well", func(*Pair, *Node) {}, Well, nil},
		{"the peer holds the VIP", func(p *Pair, b *Node) { p.Node.VRRP.State, b.VRRP.State = "BACKUP", "MASTER" }, Well, nil},
		{"a node prefers its peer", func(_ *Pair, b *Node) { b.VRRP.Preference = -20 }, Well, nil},
		{"a backend is down", func(_ *Pair, b *Node) { down(b, 1) }, Degraded,
			[]string{"lb-b: backend mysql/m2 is down: L4CON Connection refused"}},
		{"the holder has no backends", func(p *Pair, _ *Node) { down(&p.Node, 0, 1) }, NotServing,
			[]string{"lb-a: holds the VIP and has no backend of pool mysql", "lb-a: backend mysql/m1", "lb-a: backend mysql/m2"}},
		{"the peer has no backends", func(_ *Pair, b *Node) { down(b, 0, 1) }, Degraded, []string{"lb-b: backend", "lb-b: backend"}},
		{"two hold the VIP", func(_ *Pair, b *Node) { b.VRRP.State = "MASTER" }, Degraded,
			[]string{"lb-a and lb-b hold the VIP at the same time"}},
		{"two hold the VIP, one with backends", func(p *Pair, b *Node) { b.VRRP.State = "MASTER"; down(b, 0, 1) }, Degraded,
			[]string{"lb-a and lb-b", "lb-b: backend", "lb-b: backend"}},
		{"nobody holds the VIP", func(p *Pair, _ *Node) { p.Node.VRRP.State = "BACKUP" }, NotServing, []string{"nobody holds the VIP"}},
		{"the peer is silent, this node holds", func(p *Pair, _ *Node) { p.Peers[0].Heard, p.Peers[0].Ago = false, 12.3 }, Degraded,
			[]string{"lb-b: not heard for 12 s"}},
		{"the peer is silent and may hold", func(p *Pair, _ *Node) { p.Node.VRRP.State, p.Peers[0].Heard = "BACKUP", false }, Degraded,
			[]string{"lb-a is backup, and who holds the VIP is not heard", "lb-b: not heard"}},
		{"a silent peer's last word counts no more", func(p *Pair, b *Node) {
			p.Node.VRRP.State, b.VRRP.State, p.Peers[0].Heard = "FAULT", "MASTER", false
		}, NotServing, []string{"nobody holds the VIP", "lb-a: keepalived is in state FAULT", "lb-b: not heard"}},
		{"the peer was never heard", func(p *Pair, _ *Node) { p.Peers[0] = Peer{Name: "lb-b"} }, Degraded, []string{"lb-b: was never heard"}},
		{"a node is not able", func(_ *Pair, b *Node) {
			b.VRRP.Able, b.VRRP.State, b.VRRP.Reason = false, "FAULT", "haproxy is not ready"
		}, Degraded, []string{"lb-b: may not hold the VIP: haproxy is not ready"}},
		{"keepalived has not spoken", func(_ *Pair, b *Node) { b.VRRP.State = "" }, Degraded, []string{"lb-b: keepalived has not said its state yet"}},
		{"no carrier", func(_ *Pair, b *Node) { b.VRRP.State = "FAULT" }, Degraded, []string{"lb-b: keepalived is in state FAULT; is the network connected?"}},
		{"a service waits", func(p *Pair, _ *Node) { p.Node.Services[0].Phase = "waiting" }, Degraded,
			[]string{"lb-a: haproxy does not run: ended with exit status 1"}},
		{"a service was stopped", func(p *Pair, _ *Node) { p.Node.Services[0].Phase = "stopped" }, Degraded, []string{"lb-a: haproxy is stopped"}},
		{"seeds differ", func(_ *Pair, b *Node) { b.Seed = "000000000000" }, Degraded,
			[]string{"lb-b: runs with seed 000000000000, lb-a with seed 5f0c12ab34cd; give both nodes the same"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, b := healthy()
			tt.change(p, b)
			for range 2 { // judging again changes nothing
				p.Judge()
			}
			if p.Verdict != tt.want || len(p.Problems) != len(tt.problems) || p.Problems == nil {
				t.Fatalf("%s, %q; want %s, %q", p.Verdict, p.Problems, tt.want, tt.problems)
			}
			for i, want := range tt.problems {
				if !strings.HasPrefix(p.Problems[i], want) {
					t.Errorf("problem %d = %q, want %q", i, p.Problems[i], want)
				}
			}
		})
	}
}

func TestExitStatus(t *testing.T) {
	for verdict, want := range map[Verdict]int{Well: 0, Degraded: 1, NotServing: 2, "": 2} {
		if got := verdict.ExitStatus(); got != want {
			t.Errorf("%q exits %d, want %d", verdict, got, want)
		}
	}
}

func TestLost(t *testing.T) {
	n := Node{Backends: []Backend{{Pool: "rw"}, {Pool: "ro", Up: true}, {Pool: "rw"}, {Pool: "ro"}, {Pool: "log"}}}
	if got := strings.Join(n.Lost(), " "); got != "rw log" {
		t.Errorf("Lost = %q, want rw log", got)
	}
}

func TestSeconds(t *testing.T) {
	if got := InSeconds(1234567 * time.Microsecond); got != 1.235 || got.Duration() != 1235*time.Millisecond {
		t.Errorf("InSeconds = %v, %s", got, got.Duration())
	}
}

func TestLaterMovesTimesOn(t *testing.T) {
	said := &Node{Name: "lb-a", Uptime: 10, VRRP: VRRP{State: "MASTER", For: 5}, Services: []Service{{Name: "haproxy", For: 7}}}
	want := &Node{Name: "lb-a", Uptime: 13.5, VRRP: VRRP{State: "MASTER", For: 8.5}, Services: []Service{{Name: "haproxy", For: 10.5}}}
	if diff := cmp.Diff(want, said.Later(3500*time.Millisecond)); diff != "" {
		t.Errorf("3.5 s later (-want +got):\n%s", diff)
	}
	if said.Uptime != 10 || said.Services[0].For != 7 {
		t.Errorf("what was said has changed: %+v", said)
	}
}
