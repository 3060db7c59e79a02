// Package drill tries on a pair that serves whether its hand-overs work, and what they
// cost. One node leads: it goes through the Steps, has a node do each, has all others
// measure the outage of the VIP meanwhile, and goes on when the pair is well again.
//
// The nodes tell each other their Parts again and again, whole, as with package
// change. Nothing here can take the VIP from a node by itself: what is done to a node
// is the Node's, and is what an admin could ask of it.
package drill

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// Node is what a drill needs of the node it runs on.
type Node interface {
	// Well says why the pair is not, as this node sees it, and who holds the VIP.
	Well() (holder string, err error)
	// Act does the step to this node, and returns when it is done.
	Act(do Action, by string) error
	// Watch begins to connect to the VIP again and again.
	Watch() (Watch, error)
	// Tell has the others told its Part anew. It must not block.
	Tell()
	// Note is something to be logged.
	Note(text string)
}

// Watch is a measurement that goes on.
type Watch interface {
	// Tried is how many connections have been tried, and how many of the latest in
	// a row were answered.
	Tried() (all, answered int)
	Stop() Result
}

// Times that a drill takes at most.
const (
	ready    = 5 * time.Second  // until all others watch, or have reported
	acting   = 60 * time.Second // until what a node does to itself is done
	healing  = 90 * time.Second // until the pair is well again
	steady   = 25               // connections in a row that are answered before a step, half a second of them
	settling = time.Second      // that the pair stays well before the next step
	// fresh is how long what the leader said counts: it says it anew every 5 s.
	fresh = 15 * time.Second
	look  = 50 * time.Millisecond
)

// Drill is the part of a node in drills, one after the other.
type Drill struct {
	self string
	node Node

	mu     sync.Mutex
	own    *Part // nil when there is none
	leader time.Time
	watch  Watch
	others map[string]Part
	past   []Result // of all drills, the latest last
}

// New takes part in drills.
func New(self string, node Node) *Drill {
	return &Drill{self: self, node: node, others: make(map[string]Part)}
}

// Part returns what the others are to be told.
func (d *Drill) Part() (Part, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.own == nil {
		return Part{}, false
	}
	return *d.own, true
}

// Heard takes what another node tells; it must have been checked. A nil part says
// that it takes part in no drill.
func (d *Drill) Heard(name string, part *Part) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if part == nil {
		delete(d.others, name)
		return
	}
	d.others[name] = *part
	if part.Leader == name {
		d.follow(*part)
	}
}

// follow does what the leader says, each once.
func (d *Drill) follow(p Part) {
	switch {
	case d.leads():
		return // another one, whose leader will find that out
	case d.own != nil && d.own.Leader != d.self && d.own.ID != p.ID && time.Since(d.leader) < fresh:
		return
	case d.own == nil || d.own.ID != p.ID:
		if p.Phase == Over {
			return
		}
		d.dropWatch()
		d.own = &Part{ID: p.ID, Leader: p.Leader, By: p.By}
		go d.expire(p.ID)
	}
	d.leader = time.Now()
	if d.own.Step == p.Step && d.own.Phase == p.Phase {
		return
	}
	own := &Part{ID: p.ID, Leader: p.Leader, By: p.By, Step: p.Step, Do: p.Do, On: p.On, Phase: p.Phase}
	d.own = own
	switch p.Phase {
	case Watching:
		d.startWatch(own)
		own.Done = true
	case Acting:
		if p.On != d.self {
			own.Done = true
			break
		}
		go func() {
			err := d.act(p)
			d.mu.Lock()
			defer d.mu.Unlock()
			own.Done = true
			if err != nil {
				own.Why = oneLine(err)
			}
			d.node.Tell()
		}()
	case Reporting:
		watch := d.takeWatch()
		go func() {
			results := d.stop(watch)
			d.mu.Lock()
			defer d.mu.Unlock()
			own.Results, own.Done = results, true
			d.node.Tell()
		}()
	case Over:
		d.dropWatch()
		d.remember(p.Results)
		d.own = nil
	}
	d.node.Tell()
}

// leads tells whether this node leads a drill that is not over.
func (d *Drill) leads() bool {
	return d.own != nil && d.own.Leader == d.self && d.own.Phase != Over
}

// act does a step to this node when the pair is well, which the leader saw as well.
func (d *Drill) act(p Part) error {
	if _, err := d.node.Well(); err != nil {
		return err
	}
	return d.node.Act(p.Do, p.By)
}

// expire ends a drill whose leader is not heard any more.
func (d *Drill) expire(id string) {
	for {
		time.Sleep(fresh / 3)
		d.mu.Lock()
		over := d.own == nil || d.own.ID != id
		if !over && time.Since(d.leader) >= fresh {
			d.node.Note(fmt.Sprintf("the drill of %s is over: nothing is heard of it", d.own.Leader))
			d.dropWatch()
			d.own, over = nil, true
			d.node.Tell()
		}
		d.mu.Unlock()
		if over {
			return
		}
	}
}

func (d *Drill) startWatch(own *Part) {
	d.dropWatch()
	if own.On == d.self {
		return
	}
	watch, err := d.node.Watch()
	if err != nil {
		own.Why = oneLine(err)
		return
	}
	d.watch = watch
}

func (d *Drill) takeWatch() Watch {
	watch := d.watch
	d.watch = nil
	return watch
}

func (d *Drill) dropWatch() { go d.stop(d.takeWatch()) }

// stop waits for the last connections. Nobody else may have to wait for that: it is
// called without the lock.
func (d *Drill) stop(watch Watch) []Result {
	if watch == nil {
		return nil
	}
	r := watch.Stop()
	r.From = d.self
	return []Result{r}
}

// mostPast is how many results are kept: those of some thirty drills of a pair.
const mostPast = 200

func (d *Drill) remember(results []Result) {
	d.past = append(d.past, results...)
	d.past = slices.Clone(d.past[max(0, len(d.past)-mostPast):])
}

// Past returns the results of the drills that this node has taken part in, oldest
// first.
func (d *Drill) Past() []Result {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.past)
}

func oneLine(err error) string {
	s := strings.ReplaceAll(err.Error(), "\n", "; ")
	if len(s) > longest {
		s = strings.ToValidUTF8(s[:longest-3], "") + "..."
	}
	return s
}
