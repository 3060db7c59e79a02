package drill

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// pair is nodes that tell each other their parts, and one VIP.
type pair struct {
	t      *testing.T
	nodes  map[string]*node
	mu     sync.Mutex // of what follows
	holder string
	did    []string
	unwell error
	mute   string        // does not tell
	heals  time.Duration // after each act
	acted  time.Time
	broken bool
}

type node struct {
	*pair
	name  string
	drill *Drill
}

func newPair(t *testing.T, names ...string) *pair {
	p := &pair{t: t, nodes: make(map[string]*node), holder: names[0], heals: 300 * time.Millisecond}
	for _, name := range names {
		n := &node{pair: p, name: name}
		n.drill = New(name, n)
		p.nodes[name] = n
	}
	return p
}

func (n *node) Well() (string, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.broken {
		return "", errors.New("nobody holds the VIP")
	}
	if time.Since(n.acted) < n.heals {
		return "", errors.New("haproxy is not ready")
	}
	return n.holder, n.unwell
}

func (n *node) Act(do Action, by string) error {
	time.Sleep(100 * time.Millisecond)
	n.mu.Lock()
	defer n.mu.Unlock()
	n.did = append(n.did, fmt.Sprintf("%s of %s by %s", do, n.name, by))
	n.acted = time.Now()
	if n.holder == n.name {
		for name := range n.nodes {
			if name != n.name {
				n.holder = name
				break
			}
		}
	}
	return nil
}

func (n *node) Watch() (Watch, error) { return &watch{time.Now()}, nil }

func (n *node) Tell() {
	go func() {
		time.Sleep(10 * time.Millisecond)
		part, ok := n.drill.Part()
		for name, other := range n.nodes {
			switch {
			case name == n.name || n.mute == n.name:
			case ok:
				if err := part.Check(); err != nil {
					n.t.Error(err)
				}
				other.drill.Heard(n.name, &part)
			default:
				other.drill.Heard(n.name, nil)
			}
		}
	}()
}

func (n *node) Note(text string) { n.t.Logf("%s: %s", n.name, text) }

// watch answers all connections.
type watch struct{ began time.Time }

func (w *watch) Tried() (int, int) {
	n := int(time.Since(w.began) / interval)
	return n, n
}

func (w *watch) Stop() Result {
	time.Sleep(limit)
	n, _ := w.Tried()
	return Result{Tried: n, Outage: 20 * time.Millisecond, Failed: 1}
}

func (p *pair) lead(name string, others ...string) (rows []string, err error) {
	err = p.nodes[name].drill.Lead("ops", others, nil, func(r Result) {
		if r.Tried < steady {
			p.t.Errorf("%d connections, want at least %d", r.Tried, steady)
		}
		rows = append(rows, fmt.Sprintf("%s of %s, VIP on %s, moved %t, from %s: %s", r.Do, r.On, r.To, r.Moved, r.From, r.Outage))
	})
	return rows, err
}

func TestLead(t *testing.T) {
	for _, leader := range []string{"lb-a", "lb-b"} {
		synctest.Test(t, func(t *testing.T) {
			p := newPair(t, "lb-a", "lb-b")
			p.holder = "lb-a"
			other := map[string]string{"lb-a": "lb-b", "lb-b": "lb-a"}[leader]
			rows, err := p.lead(leader, other)
			if err != nil {
				t.Fatal(err)
			}
			want := []string{
				"switchover of lb-a, VIP on lb-b, moved true, from lb-b: 20ms",
				"switchover of lb-b, VIP on lb-a, moved true, from lb-a: 20ms",
				"restart of haproxy of lb-a, VIP on lb-b, moved true, from lb-b: 20ms",
				"restart of haproxy of lb-b, VIP on lb-a, moved true, from lb-a: 20ms",
				"restart of keepalived of lb-a, VIP on lb-b, moved true, from lb-b: 20ms",
				"restart of keepalived of lb-b, VIP on lb-a, moved true, from lb-a: 20ms",
			}
			if diff := cmp.Diff(want, rows); diff != "" {
				t.Errorf("led by %s (-want +got):\n%s", leader, diff)
			}
			if len(p.did) != 6 || !strings.HasSuffix(p.did[0], "by ops") {
				t.Errorf("done: %q, want each step once", p.did)
			}
			time.Sleep(time.Second)
			for name, n := range p.nodes {
				if got := n.drill.Past(); len(got) != 6 {
					t.Errorf("%s remembers %d results, want 6", name, len(got))
				}
			}
			// Soon again, led by either.
			for _, again := range []string{leader, other} {
				time.Sleep(time.Second)
				rows, err := p.lead(again, map[string]string{leader: other, other: leader}[again])
				if err != nil || len(rows) != 6 {
					t.Errorf("led by %s: %d results, %v, want 6", again, len(rows), err)
				}
			}
			time.Sleep(2 * fresh)
			for name, n := range p.nodes {
				if got := n.drill.Past(); len(got) != 18 {
					t.Errorf("%s remembers %d results, want 18", name, len(got))
				}
				if part, ok := n.drill.Part(); ok {
					t.Errorf("%s still tells %+v", name, part)
				}
			}
		})
	}
}

func TestDrillStops(t *testing.T) {
	for _, tt := range []struct {
		name  string
		spoil func(p *pair)
		err   string
		did   int
	}{
		{"the pair is not well", func(p *pair) { p.unwell = errors.New("lb-b: not heard for 9 s") }, "the pair is not well, and a drill is for one that is: lb-b: not heard for 9 s", 0},
		{"the other says nothing", func(p *pair) { p.mute = "lb-b" }, "lb-b did not finish watching within 5s", 0},
		{"it does not become well again", func(p *pair) {
			go func() {
				for broken := false; !broken; time.Sleep(look) {
					p.mu.Lock()
					broken = len(p.did) > 0
					p.broken = broken
					p.mu.Unlock()
				}
			}()
		}, "step 1, switchover: the pair is not well 1m30s later: nobody holds the VIP", 1},
		{"the other leads one", func(p *pair) {
			go p.nodes["lb-b"].drill.Lead("somebody", []string{"lb-a"}, nil, func(Result) {})
			time.Sleep(500 * time.Millisecond)
		}, "a drill that lb-b leads, asked by somebody, is under way", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newPair(t, "lb-a", "lb-b")
				tt.spoil(p)
				_, err := p.lead("lb-a", "lb-b")
				if err == nil || !strings.Contains(err.Error(), tt.err) {
					t.Errorf("Lead = %v, want %q", err, tt.err)
				}
				p.mu.Lock()
				mine := slices.DeleteFunc(slices.Clone(p.did), func(s string) bool { return !strings.HasSuffix(s, "by ops") })
				p.mu.Unlock()
				if len(mine) != tt.did {
					t.Errorf("done: %q, want %d", mine, tt.did)
				}
				time.Sleep(10 * time.Minute) // for all to end
			})
		})
	}
}

func TestInterruptedBetweenSteps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t, "lb-a", "lb-b")
		gone := make(chan struct{})
		n := 0
		err := p.nodes["lb-a"].drill.Lead("ops", []string{"lb-b"}, gone, func(Result) {
			if n++; n == 2 {
				close(gone)
			}
		})
		if err == nil || n != 2 || len(p.did) != 2 {
			t.Errorf("Lead = %v after %d results and %q, want it to end after two steps", err, n, p.did)
		}
		time.Sleep(10 * time.Minute)
	})
}

func TestLeaderThatVanishesIsForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t, "lb-a", "lb-b")
		b := p.nodes["lb-b"].drill
		b.Heard("lb-a", &Part{ID: newID(), Leader: "lb-a", Step: 1, On: "lb-a", Phase: Watching})
		if part, ok := b.Part(); !ok || !part.Done {
			t.Errorf("Part = %+v, %t, want that it watches", part, ok)
		}
		time.Sleep(2 * fresh)
		if part, ok := b.Part(); ok {
			t.Errorf("Part = %+v, want none", part)
		}
	})
}

func TestCompare(t *testing.T) {
	const ms = time.Millisecond
	past := []Result{
		{Do: Switchover, Moved: true, Outage: 20 * ms}, {Do: Switchover, Moved: true}, {Do: Switchover, Moved: true, Outage: 40 * ms},
		{Do: Proxy, Moved: true, Outage: time.Second}, {Do: Proxy, Outage: 0},
	}
	for _, tt := range []struct {
		r     Result
		want  Report
		worse bool
	}{
		{Result{Do: Switchover, Moved: true, Outage: 80 * ms}, Report{Earlier: 3, Least: 0, Most: 40 * ms}, false},
		{Result{Do: Switchover, Moved: true, Outage: 100 * ms}, Report{Earlier: 3, Least: 0, Most: 40 * ms}, true},
		{Result{Do: Proxy, Outage: 20 * ms}, Report{Earlier: 1}, false},
		{Result{Do: Elector, Outage: time.Hour}, Report{}, false},
	} {
		got := Compare(tt.r, past)
		tt.want.Result = tt.r
		if got != tt.want || got.Worse() != tt.worse {
			t.Errorf("Compare = %+v, worse: %t; want %+v, %t", got, got.Worse(), tt.want, tt.worse)
		}
	}
}

func TestPartsThatNobodyTellsAreRefused(t *testing.T) {
	good := func() *Part { return &Part{ID: newID(), Leader: "lb-a", Phase: Acting, Do: Proxy, On: "lb-b"} }
	if err := good().Check(); err != nil {
		t.Error(err)
	}
	for _, tt := range []struct {
		spoil func(*Part)
		want  string
	}{
		{func(p *Part) { p.ID = "zz" }, "the ID"},
		{func(p *Part) { p.Phase = "exploding" }, "unknown phase"},
		{func(p *Part) { p.Why = strings.Repeat("x", longest+1) }, "too long"},
		{func(p *Part) { p.Results = []Result{{On: "\x1b[2J"}} }, "not printable"},
		{func(p *Part) { p.Results = make([]Result, 10000) }, "10000 results"},
	} {
		p := good()
		tt.spoil(p)
		if err := p.Check(); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("Check = %v, want %q", err, tt.want)
		}
	}
}
