package change

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"twinlb/seed"

	"github.com/google/go-cmp/cmp"
)

// machine is a node of the test: what it runs, and what it starts with.
type machine struct {
	lab    *lab
	name   string
	change *Change
	done   chan struct{}

	mu           sync.Mutex
	boots        int
	runs, starts string
	before       string
	wrong        error // that Check returns
	fails        error // that Apply returns
	slow         time.Duration
	panics       bool
	log          []string
}

func (m *machine) Check([]byte) error {
	time.Sleep(m.slow)
	if m.panics {
		panic("a seed that nobody thought of")
	}
	return m.wrong
}

func (m *machine) Apply(userData []byte) ([]string, error) {
	m.mu.Lock()
	boot := m.boots
	m.mu.Unlock()
	time.Sleep(200 * time.Millisecond)
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fails != nil || m.boots != boot {
		return nil, m.fails
	}
	m.before, m.runs = m.runs, string(userData)
	return []string{"haproxy: reloaded"}, nil
}

func (m *machine) Revert() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.runs = m.before
	return nil
}

func (m *machine) Keep(userData []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.starts = string(userData)
	return nil
}

func (m *machine) Tell() { m.lab.send(m) }

func (m *machine) Note(text string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.log = append(m.log, text)
}

func (m *machine) state() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return fmt.Sprintf("%s runs %s starts %s", m.change.View().Own.Phase, m.runs, m.starts)
}

// lab is a pair, or more, and what is between them.
type lab struct {
	t    *testing.T
	all  []*machine
	mu   sync.Mutex
	pass func(from, to string, p Part) []time.Duration // when copies of a Part arrive; nil: at once
}

func newLab(t *testing.T, names ...string) *lab {
	l := &lab{t: t}
	for _, name := range names {
		m := &machine{lab: l, name: name, runs: "old", starts: "old"}
		l.all = append(l.all, m)
		l.boot(m)
	}
	return l
}

func (l *lab) network(pass func(from, to string, p Part) []time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pass = pass
}

// boot starts a node, as it also does again.
func (l *lab) boot(m *machine) {
	if m.done != nil {
		close(m.done)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	m.mu.Lock()
	m.boots++
	m.done, m.runs = make(chan struct{}), m.starts
	m.mu.Unlock()
	m.change = Start(m.name, m, m.done)
	go func(c *Change, done chan struct{}) {
		for {
			select {
			case <-time.After(time.Second):
				l.send(m)
			case <-done:
				return
			}
		}
	}(m.change, m.done)
}

func (l *lab) stop() {
	for _, m := range l.all {
		close(m.done)
	}
	time.Sleep(time.Minute) // what is on its way arrives
}

// send tells the others a node's part, as JSON would.
func (l *lab) send(m *machine) {
	l.mu.Lock()
	from, pass := m.change, l.pass
	l.mu.Unlock()
	if from == nil {
		return
	}
	p, ok := from.Part()
	if err := p.Check(); ok && err != nil {
		l.t.Errorf("%s tells %+v: %v", m.name, p, err)
	}
	for _, to := range l.all {
		if to == m {
			continue
		}
		delays := []time.Duration{time.Millisecond}
		if pass != nil {
			delays = pass(m.name, to.name, p)
		}
		for _, delay := range delays {
			go func() {
				time.Sleep(delay)
				l.mu.Lock()
				c := to.change
				l.mu.Unlock()
				if ok {
					c.Heard(m.name, p)
				} else {
					c.Forgot(m.name)
				}
			}()
		}
	}
}

func (l *lab) offer(m *machine, id, userData string) error {
	var others []string
	for _, o := range l.all {
		if o != m {
			others = append(others, o.name)
		}
	}
	return m.change.Offer(Offer{
		ID: strings.Repeat(id, idSize), By: "ops", UserData: []byte(userData),
		Digest: seed.Digest([]byte(userData)), Within: 2 * time.Minute, Nodes: others,
	})
}

func (l *lab) expect(when string, want ...string) {
	l.t.Helper()
	var got []string
	for _, m := range l.all {
		got = append(got, m.state())
	}
	if diff := cmp.Diff(want, got); diff != "" {
		for _, m := range l.all {
			l.t.Logf("%s:\n\t%s", m.name, strings.Join(m.log, "\n\t"))
		}
		l.t.Errorf("%s (-want +got):\n%s", when, diff)
	}
}

func everyone(string) bool { return true }

func TestChange(t *testing.T) {
	for _, tt := range []struct {
		name string
		run  func(*lab)
	}{
		{"confirmed", func(l *lab) {
			if err := l.offer(l.all[0], "1", "new"); err != nil {
				l.t.Fatal(err)
			}
			if err := l.all[0].change.Confirm(everyone); err == nil {
				l.t.Error("what is not applied yet was confirmed")
			}
			time.Sleep(5 * time.Second)
			l.expect("applied", "applied runs new starts old", "applied runs new starts old")
			if err := l.offer(l.all[1], "2", "other"); err == nil || !strings.Contains(err.Error(), "pending already: the seed 11507a0e2f5e of ops, asked of lb-a, until 00:02:0") {
				l.t.Errorf("another offer: %v", err)
			}
			if err := l.all[1].change.Confirm(everyone); err != nil { // the one that was not asked before
				l.t.Fatal(err)
			}
			time.Sleep(5 * time.Minute)
			l.expect("confirmed", "confirmed runs new starts new", "confirmed runs new starts new")
			if err := l.all[0].change.Rollback("ops"); err == nil || !strings.Contains(err.Error(), "nothing to undo: the seed 11507a0e2f5e of ops is confirmed") {
				l.t.Errorf("rollback: %v", err)
			}
		}},
		{"nobody confirms", func(l *lab) {
			_ = l.offer(l.all[0], "1", "new")
			time.Sleep(118 * time.Second)
			l.expect("before the deadline", "applied runs new starts old", "applied runs new starts old")
			time.Sleep(5 * time.Second)
			l.expect("after it", "reverted runs old starts old", "reverted runs old starts old")
			if err := l.all[1].change.Confirm(everyone); err == nil || !strings.Contains(err.Error(), "nobody has confirmed it in time") {
				l.t.Errorf("confirm: %v", err)
			}
			if err := l.offer(l.all[1], "2", "next"); err != nil {
				l.t.Fatal(err)
			}
			time.Sleep(5 * time.Second)
			l.expect("the next", "applied runs next starts old", "applied runs next starts old")
		}},
		{"rolled back on the other", func(l *lab) {
			_ = l.offer(l.all[0], "1", "new")
			time.Sleep(5 * time.Second)
			if err := l.all[1].change.Rollback("asked by ops"); err != nil {
				l.t.Fatal(err)
			}
			time.Sleep(2 * time.Second)
			l.expect("rolled back", "reverted runs old starts old", "reverted runs old starts old")
			if why := l.all[0].change.View().Own.Why; why != "lb-b has undone it: asked by ops" {
				l.t.Errorf("why = %q", why)
			}
		}},
		{"refused by the other", func(l *lab) {
			l.all[1].wrong = errors.New("user-data:2:3: wrong\n\tand why")
			_ = l.offer(l.all[0], "1", "new")
			time.Sleep(5 * time.Second)
			l.expect("refused", "refused runs old starts old", "refused runs old starts old")
			if why := l.all[0].change.View().Own.Why; why != "lb-b refuses it: user-data:2:3: wrong\n    and why" {
				l.t.Errorf("why = %q", why)
			}
		}},
		{"the other panics", func(l *lab) {
			l.all[1].panics = true
			_ = l.offer(l.all[0], "1", "new")
			time.Sleep(5 * time.Second)
			l.expect("refused", "refused runs old starts old", "refused runs old starts old")
		}},
		{"fails on the other", func(l *lab) {
			l.all[1].fails = errors.New("no such interface")
			_ = l.offer(l.all[0], "1", "new")
			time.Sleep(5 * time.Second)
			l.expect("undone", "reverted runs old starts old", "reverted runs old starts old")
		}},
		{"the other is silent", func(l *lab) {
			l.network(func(string, string, Part) []time.Duration { return nil })
			_ = l.offer(l.all[0], "1", "new")
			time.Sleep(30 * time.Second)
			l.expect("given up", "refused runs old starts old", " runs old starts old")
		}},
		{"the other is too slow", func(l *lab) {
			l.all[1].slow = 30 * time.Second
			_ = l.offer(l.all[0], "1", "new")
			time.Sleep(35 * time.Second)
			l.expect("given up", "refused runs old starts old", "refused runs old starts old")
		}},
		{"the other restarts before it is applied", func(l *lab) {
			l.all[1].slow = 2 * time.Second
			_ = l.offer(l.all[0], "1", "new")
			time.Sleep(time.Second)
			l.boot(l.all[1])
			time.Sleep(8 * time.Second)
			l.expect("it checks anew", "applied runs new starts old", "applied runs new starts old")
		}},
		{"the other restarts after it is applied", func(l *lab) {
			_ = l.offer(l.all[0], "1", "new")
			time.Sleep(5 * time.Second)
			l.boot(l.all[1])
			time.Sleep(5 * time.Second)
			l.expect("it has the old seed", "applied runs new starts old", " runs old starts old")
			if err := l.all[0].change.Confirm(everyone); err == nil || !strings.Contains(err.Error(), "lb-b does not run it; `rollback` undoes it here") {
				l.t.Errorf("confirm: %v", err)
			}
			time.Sleep(2 * time.Minute)
			l.expect("nobody could confirm", "reverted runs old starts old", " runs old starts old")
		}},
		{"the leader restarts while the other checks", func(l *lab) {
			l.all[1].slow = 2 * time.Second
			_ = l.offer(l.all[0], "1", "new")
			time.Sleep(time.Second)
			l.boot(l.all[0])
			time.Sleep(10 * time.Second)
			l.expect("the other waits", " runs old starts old", "checked runs old starts old")
			time.Sleep(time.Minute)
			l.expect("and gives it up", " runs old starts old", "refused runs old starts old")
		}},
		{"the word that it begins is lost", func(l *lab) {
			l.network(func(_, to string, p Part) []time.Duration {
				if to == "lb-b" && p.Phase == Applying {
					return nil
				}
				return []time.Duration{time.Millisecond}
			})
			_ = l.offer(l.all[0], "1", "new")
			time.Sleep(10 * time.Second)
			l.expect("it hears later", "applied runs new starts old", "applied runs new starts old")
		}},
		{"one only hears the confirmation", func(l *lab) {
			_ = l.offer(l.all[0], "1", "new")
			time.Sleep(5 * time.Second)
			l.network(func(string, string, Part) []time.Duration { return nil })
			if err := l.all[0].change.Confirm(func(string) bool { return false }); err != nil {
				l.t.Fatal(err)
			}
			time.Sleep(3 * time.Minute)
			l.expect("they differ", "confirmed runs new starts new", "reverted runs old starts old")
			l.network(nil)
			time.Sleep(time.Minute)
			l.expect("and go on to", "confirmed runs new starts new", "reverted runs old starts old")
			if err := l.offer(l.all[0], "2", "new"); err != nil { // which is the remedy
				l.t.Fatal(err)
			}
			time.Sleep(5 * time.Second)
			_ = l.all[0].change.Confirm(everyone)
			time.Sleep(5 * time.Second)
			l.expect("until it is applied anew", "confirmed runs new starts new", "confirmed runs new starts new")
		}},
		{"two admins at once", func(l *lab) {
			if err := errors.Join(l.offer(l.all[0], "2", "of a"), l.offer(l.all[1], "1", "of b")); err != nil {
				l.t.Fatal(err)
			}
			time.Sleep(10 * time.Second)
			l.expect("the lower ID goes on", "applied runs of b starts old", "applied runs of b starts old")
		}},
		{"a confirmation that would split the pair", func(l *lab) {
			_ = l.offer(l.all[0], "1", "new")
			time.Sleep(5 * time.Second)
			l.all[0].change.Heard("lb-b", Part{ID: strings.Repeat("0", idSize), Phase: Reverted})
			if err := l.all[0].change.Confirm(everyone); err == nil || !strings.Contains(err.Error(), "lb-b does not run it") {
				l.t.Errorf("confirm: %v", err)
			}
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newLab(t, "lb-a", "lb-b")
				defer l.stop()
				tt.run(l)
			})
		})
	}
}

func TestThreeNodesWithTwoAdmins(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, "lb-a", "lb-b", "lb-c")
		defer l.stop()
		_ = l.offer(l.all[0], "2", "of a")
		time.Sleep(500 * time.Microsecond)
		_ = l.offer(l.all[2], "1", "of c")
		time.Sleep(15 * time.Second)
		l.expect("one of them goes on", "applied runs of c starts old", "applied runs of c starts old", "applied runs of c starts old")
	})
}

// Messages get lost, come twice and in another order; a node may restart. Whatever
// happens, all nodes end at one of the two seeds, none stays between them, and they
// are of one mind unless somebody has confirmed.
func TestUnreliableNetwork(t *testing.T) {
	for n := range 100 {
		synctest.Test(t, func(t *testing.T) {
			random := rand.New(rand.NewPCG(uint64(n), 1))
			l := newLab(t, []string{"lb-a", "lb-b", "lb-c"}[:2+n%2]...)
			defer l.stop()
			var mu sync.Mutex
			l.network(func(string, string, Part) []time.Duration {
				mu.Lock()
				defer mu.Unlock()
				var delays []time.Duration
				for random.IntN(3) > 0 {
					delays = append(delays, time.Duration(random.Int64N(int64(3*time.Second))))
				}
				return delays
			})
			if err := l.offer(l.all[0], "1", "new"); err != nil {
				t.Fatal(err)
			}
			restart, confirm := n%5 == 0, n%3 == 0
			if restart {
				mu.Lock()
				when := time.Duration(random.Int64N(int64(10 * time.Second)))
				mu.Unlock()
				time.Sleep(when)
				l.boot(l.all[1])
			}
			time.Sleep(60 * time.Second)
			kept := confirm && l.all[0].change.Confirm(everyone) == nil
			time.Sleep(4 * time.Minute)
			for _, m := range l.all {
				phase := m.change.View().Own.Phase
				if phase != "" && !phase.Final() || m.runs != m.starts {
					t.Errorf("run %d: %s ends %s", n, m.name, m.state())
				}
				if want := "old"; !kept && m.runs != want || kept && !restart && m.runs != "new" {
					t.Errorf("run %d: confirmed %v: %s ends %s", n, kept, m.name, m.state())
				}
			}
			if t.Failed() {
				for _, m := range l.all {
					t.Logf("%s:\n\t%s", m.name, strings.Join(m.log, "\n\t"))
				}
			}
		})
		if t.Failed() {
			return
		}
	}
}

func TestAwait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, "lb-a", "lb-b")
		defer l.stop()
		_ = l.offer(l.all[0], "1", "new")
		began := time.Now()
		v, ok := l.all[0].change.Await(time.Minute, nil, func(v View) bool { return v.Others["lb-b"].Phase == Applied && v.Own.Phase == Applied })
		if took := time.Since(began); !ok || took > 5*time.Second || !slices.Equal(v.Others["lb-b"].Did, []string{"haproxy: reloaded"}) {
			t.Errorf("Await = %+v, %v, after %s", v, ok, took)
		}
		gone := make(chan struct{})
		close(gone)
		if _, ok := l.all[0].change.Await(time.Minute, gone, func(View) bool { return false }); ok {
			t.Error("what is never so was awaited")
		}
	})
}
