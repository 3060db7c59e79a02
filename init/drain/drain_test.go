package drain

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// node is one on which statements run for a while.
type node struct {
	began   time.Time
	busyFor time.Duration
	short   bool // what runs is many short statements
	counts  error
	leaves  time.Duration // after Drop; never when below 0
	taken   time.Duration // after it has left; never when below 0

	atMost  time.Duration
	held    bool
	dropped time.Time
	did     []string
}

func (n *node) Hold(atMost time.Duration) error {
	n.held, n.atMost, n.did = true, atMost, append(n.did, "hold")
	return nil
}

func (n *node) Release() error {
	n.held, n.did = false, append(n.did, "release")
	return nil
}

func (n *node) Take() (Census, error) {
	if n.counts != nil {
		return Census{}, n.counts
	}
	c := Census{Clients: 3}
	if ran := time.Since(n.began); ran < n.busyFor {
		c.Busy = 2
		if ran >= long && !n.short {
			c.Long = 2
		}
	}
	return c, nil
}

func (n *node) Drop() <-chan struct{} {
	n.dropped, n.did = time.Now(), append(n.did, "drop")
	left := make(chan struct{})
	if n.leaves >= 0 {
		time.AfterFunc(n.leaves, func() { close(left) })
	}
	return left
}

func (n *node) Taken() bool {
	return n.taken >= 0 && time.Since(n.dropped) >= n.leaves+n.taken
}

func (n *node) Keep() { n.did = append(n.did, "keep") }

func TestRun(t *testing.T) {
	const ms = time.Millisecond
	for _, tt := range []struct {
		name  string
		node  node
		grace time.Duration
		want  Result
		err   string
		did   string
	}{
		{"nothing runs", node{leaves: 5 * ms, taken: 40 * ms}, time.Second,
			Result{Held: 5 * ms, Left: Census{Clients: 3}}, "", "hold drop release keep"},
		{"a statement ends", node{busyFor: 110 * ms, leaves: 5 * ms, taken: 40 * ms}, time.Second,
			Result{Waited: 120 * ms, Held: 125 * ms, Left: Census{Clients: 3}}, "", "hold drop release keep"},
		{"one that takes long ends", node{busyFor: 1810 * ms, leaves: 5 * ms, taken: 40 * ms}, 2 * time.Second,
			Result{Waited: 1820 * ms, Held: 5 * ms, Left: Census{Clients: 3}}, "", "hold release hold drop release keep"},
		{"a statement does not end", node{busyFor: time.Hour, leaves: 5 * ms, taken: 40 * ms}, 3 * time.Second,
			Result{Waited: 3 * time.Second, Held: 5 * ms, Left: Census{Clients: 3, Busy: 2, Long: 2}, Late: true}, "", "hold release hold drop release keep"},
		{"short ones without end", node{busyFor: time.Hour, short: true, leaves: 5 * ms, taken: 40 * ms}, 3 * time.Second,
			Result{Waited: 3700 * ms, Held: 705 * ms, Left: Census{Clients: 3, Busy: 2}, Late: true}, "", "hold release hold release hold drop release keep"},
		{"no grace", node{busyFor: time.Hour, leaves: 5 * ms, taken: 40 * ms}, 0,
			Result{Held: 5 * ms, Left: Census{Clients: 3, Busy: 2}, Late: true}, "", "hold drop release keep"},
		{"nobody takes it", node{leaves: 5 * ms, taken: -1}, time.Second,
			Result{Held: 5 * ms, Left: Census{Clients: 3}}, "no peer has said within 2s", "hold drop release keep"},
		{"it does not leave", node{leaves: -1}, time.Second,
			Result{Held: time.Second, Left: Census{Clients: 3}}, "has not left within 1s", "hold drop keep release"},
		{"connections cannot be counted", node{counts: errors.New("no INET_DIAG")}, time.Second,
			Result{}, "no INET_DIAG", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := tt.node
				n.began = time.Now()
				got, err := Run(&n, tt.grace, 2*time.Second)
				if diff := cmp.Diff(tt.want, got); diff != "" {
					t.Errorf("result (-want +got):\n%s", diff)
				}
				if (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
					t.Errorf("error %v, want %q", err, tt.err)
				}
				if did := strings.Join(n.did, " "); did != tt.did || n.held {
					t.Errorf("it did %q and holds: %t, want %q and not", did, n.held, tt.did)
				}
				if len(n.did) > 0 && n.atMost < window+leaveWithin {
					t.Errorf("held for at most %s, want longer than it takes", n.atMost)
				}
			})
		})
	}
}
