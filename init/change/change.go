// Package change takes the nodes of a pair from one seed to another while they run,
// and back when nobody confirms that the new one is good.
//
// Each node tells the others its Part again and again, whole; messages may be lost,
// come twice or, across a restart, late. From that and from its clock a node
// concludes by itself what to do next:
//
//	offered ─▶ checked ─▶ applying ─▶ applied ─▶ confirmed
//	   └──────────┴──▶ refused           └────▶ reverted
//
// Who was asked by an admin leads: it offers the seed; the others check that they can
// run it. When all can, the leader begins to apply and the others follow. Each goes
// back by itself at its own deadline, or when another has gone back; it keeps the new
// seed when it hears that another has confirmed. What ends a change is not taken
// back: a node that confirmed while another did not hear of it stays, and their
// seeds differ, which status says.
//
// It knows neither what a seed is nor how one is applied: that is the Node's. It
// sends nothing itself.
package change

import (
	"fmt"
	"sync"
	"time"
)

// Phase is how far a node has come with a change.
type Phase string

// The phases. Refused, Confirmed and Reverted are final.
const (
	Offered   Phase = "offered"   // the leader waits for the others; another node has not checked it yet
	Checked   Phase = "checked"   // this node can run it
	Applying  Phase = "applying"  // it will in a moment
	Applied   Phase = "applied"   // it does, until the deadline
	Confirmed Phase = "confirmed" // it does, after a restart too
	Refused   Phase = "refused"   // nothing was changed
	Reverted  Phase = "reverted"  // it runs what it ran before
)

// Final tells whether nothing follows the phase.
func (p Phase) Final() bool { return p == Confirmed || p == Refused || p == Reverted }

// Node is what a change needs of the node it runs on. All but Tell may take seconds;
// they are called one after the other.
type Node interface {
	// Check says why the node cannot run the seed.
	Check(userData []byte) error
	// Apply has the node run the seed and says what that took. After an error the
	// node runs what it ran before.
	Apply(userData []byte) (did []string, err error)
	// Revert has it run again what it ran before the last Apply.
	Revert() error
	// Keep has it start with the seed from now on.
	Keep(userData []byte) error
	// Tell has the others told its Part anew. It must not block.
	Tell()
	// Note is something to be logged.
	Note(text string)
}

// Times that a change takes at most. The leader's patience is the shortest: what it
// gives up the others hear of.
const (
	checkPatience  = 25 * time.Second // until all others have checked
	followPatience = 40 * time.Second // until the leader goes on, after that this node forgets it
	orderPatience  = 3 * time.Second  // until all others have heard that it begins
	// settle is for the word to get out before the addresses change that it goes over.
	settle = 500 * time.Millisecond
	// fresh is how long what another said counts for a new offer: it says it anew
	// every 5 s.
	fresh = 15 * time.Second
)

// Offer is a new seed.
type Offer struct {
	ID       string // random, see NewID
	By       string // who asks
	UserData []byte // unpacked; this node has checked it
	Digest   string
	Within   time.Duration // undone after that
	Nodes    []string      // the others that take part
}

// Change is the part of a node in changes, one after the other.
type Change struct {
	node Node
	wake chan struct{}

	mu      sync.Mutex
	state   state
	changed chan struct{} // closed when anything has changed
}

// View is what a node knows of its latest change.
type View struct {
	Own   Part
	Until time.Time // when it is undone, while Applied
	// Others have said this of the same change; who has not is not here.
	Others map[string]Part
}

// Start takes part in changes until done is closed.
func Start(self string, node Node, done <-chan struct{}) *Change {
	c := &Change{node: node, wake: make(chan struct{}, 1), state: newState(self), changed: make(chan struct{})}
	go c.run(done)
	return c
}

// Offer begins a change. The others hear of it.
func (c *Change) Offer(o Offer) error {
	packed, err := Pack(o.UserData)
	if err != nil {
		return err
	}
	return c.update(func(s *state, now time.Time) error { return s.offer(o, packed, now) })
}

// Confirm keeps what runs, here and, when they hear of it, on the others. Heard
// tells whether another node is heard at present.
func (c *Change) Confirm(heard func(node string) bool) error {
	return c.update(func(s *state, _ time.Time) error {
		if err := s.mayConfirm(heard); err != nil {
			return err
		}
		s.wants = Confirmed
		return nil
	})
}

// Rollback undoes the change at once.
func (c *Change) Rollback(why string) error {
	return c.update(func(s *state, _ time.Time) error {
		if s.own.Phase == "" || s.own.Phase.Final() {
			return fmt.Errorf("there is nothing to undo: %s", s.own.summary())
		}
		s.wants, s.why = Reverted, why
		return nil
	})
}

// Heard takes the Part that another node has told, which must have passed Check.
func (c *Change) Heard(node string, p Part) {
	_ = c.update(func(s *state, now time.Time) error {
		s.others[node] = heard{p, now}
		return nil
	})
}

// Forgot takes that another node has told and knows of no change: it has restarted.
func (c *Change) Forgot(node string) {
	_ = c.update(func(s *state, _ time.Time) error {
		delete(s.others, node)
		return nil
	})
}

// View returns what is known now.
func (c *Change) View() View {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.state.view()
}

// Part is what the others are to be told; ok is false when there is nothing.
func (c *Change) Part() (p Part, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	p = c.state.own
	if p.Phase == Applying || p.Phase == Applied {
		p.Left = max(time.Until(c.state.until), time.Millisecond)
	}
	return p, p.ID != ""
}

// Await returns when what is known satisfies, or after so long, or with gone.
func (c *Change) Await(atMost time.Duration, gone <-chan struct{}, satisfies func(View) bool) (v View, ok bool) {
	late := time.After(atMost)
	for {
		c.mu.Lock()
		v, changed := c.state.view(), c.changed
		c.mu.Unlock()
		if satisfies(v) {
			return v, true
		}
		select {
		case <-changed:
		case <-late:
			return v, false
		case <-gone:
			return v, false
		}
	}
}

// update applies what somebody says to the state and has it looked at.
func (c *Change) update(apply func(*state, time.Time) error) error {
	err := c.locked(apply)
	select {
	case c.wake <- struct{}{}:
	default:
	}
	return err
}

func (c *Change) locked(apply func(*state, time.Time) error) error {
	c.mu.Lock()
	before := c.state.own
	err := apply(&c.state, time.Now())
	after := c.state.own
	close(c.changed)
	c.changed = make(chan struct{})
	c.mu.Unlock()
	if !after.same(before) {
		c.node.Note(after.summary())
		c.node.Tell()
	}
	return err
}

// run does one thing after the other, however long each takes.
func (c *Change) run(done <-chan struct{}) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		var do action
		var seed []byte
		var again time.Time
		_ = c.locked(func(s *state, now time.Time) error {
			do, again = s.next(now)
			seed = s.seed
			return nil
		})
		if do != wait {
			c.perform(do, seed)
			continue
		}
		if again.IsZero() {
			timer.Stop()
		} else {
			timer.Reset(max(0, time.Until(again)))
		}
		select {
		case <-c.wake:
		case <-timer.C:
		case <-done:
			return
		}
	}
}

// perform has the node do something, and notes what came of it.
func (c *Change) perform(do action, seed []byte) {
	if do == step {
		return
	}
	did, err := c.do(do, seed)
	_ = c.locked(func(s *state, now time.Time) error {
		s.done(do, did, err, now)
		return nil
	})
}

// do is what the node does. A panic over a seed ends that and not the program.
func (c *Change) do(do action, seed []byte) (did []string, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	switch do {
	case check:
		err = c.node.Check(seed)
	case apply:
		did, err = c.node.Apply(seed)
	case revert:
		err = c.node.Revert()
	case keep:
		err = c.node.Keep(seed)
	}
	return did, err
}
