package drill

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Step is one thing that is done to one node; to the holder of the VIP when On is "".
type Step struct {
	Do Action `json:"do"`
	On string `json:"on,omitempty"`
}

// Steps are those of a drill of the nodes, this one or the holder in any place. The
// VIP goes away and comes back, and then each node restarts what it needs.
func Steps(nodes []string) []Step {
	steps := []Step{{Do: Switchover}, {Do: Switchover}}
	for _, do := range []Action{Proxy, Elector} {
		for _, n := range nodes {
			steps = append(steps, Step{do, n})
		}
	}
	return steps
}

// Lead goes through a drill of this node and the others, and tells each step's result
// as soon as it is known. It ends at the first step after which the pair does not
// become well again, and between two steps when gone is closed.
func (d *Drill) Lead(by string, others []string, gone <-chan struct{}, each func(Result)) error {
	if _, err := d.node.Well(); err != nil {
		return fmt.Errorf("the pair is not well, and a drill is for one that is: %w", err)
	}
	l, err := d.begin(by, others)
	if err != nil {
		return err
	}
	defer l.end()
	nodes := append([]string{d.self}, others...)
	slices.Sort(nodes)
	for i, s := range Steps(nodes) {
		select {
		case <-gone:
			return errors.New("interrupted")
		default:
		}
		results, err := l.step(i+1, s)
		for _, r := range results {
			each(r)
		}
		if err != nil {
			return fmt.Errorf("step %d, %s: %w", i+1, s.Do, err)
		}
	}
	return nil
}

// led is a drill that this node leads.
type led struct {
	*Drill
	id, by  string
	others  []string
	results []Result
}

func (d *Drill) begin(by string, others []string) (*led, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.own != nil && d.own.Phase != Over {
		return nil, fmt.Errorf("a drill that %s leads, asked by %s, is under way", d.own.Leader, d.own.By)
	}
	l := &led{Drill: d, id: newID(), by: by, others: others}
	d.own = &Part{ID: l.id, Leader: d.self, By: by}
	d.node.Tell()
	return l, nil
}

// end tells the others that it is over, and what came of it.
func (l *led) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.dropWatch()
	l.remember(l.results)
	l.own = &Part{ID: l.id, Leader: l.self, By: l.by, Phase: Over, Results: l.results}
	l.node.Tell()
	id := l.id
	time.AfterFunc(fresh, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		if l.own != nil && l.own.ID == id {
			l.own = nil
			l.node.Tell()
		}
	})
}

// step does one, and returns what each watcher has seen, whatever went wrong.
func (l *led) step(number int, s Step) ([]Result, error) {
	before, err := l.well(healing)
	if err != nil {
		return nil, err
	}
	if s.On == "" {
		s.On = before
	}
	order := Part{ID: l.id, Leader: l.self, By: l.by, Step: number, Do: s.Do, On: s.On}
	if err := l.have(order, Watching, ready); err != nil {
		return nil, err
	}
	if err := l.answered(); err != nil {
		return nil, err
	}
	acted := l.have(order, Acting, acting)
	if acted == nil && s.On == l.self {
		acted = l.node.Act(s.Do, l.by)
	}
	after, unwell := l.well(healing)
	if unwell == nil {
		unwell = l.answered()
	}
	reported := l.have(order, Reporting, ready)
	results := l.gather(s, before, after)
	l.results = append(l.results, results...)
	return results, errors.Join(acted, unwell, reported)
}

// have orders a phase, and waits until all have done their part.
func (l *led) have(order Part, phase Phase, patience time.Duration) error {
	order.Phase = phase
	own := order
	if phase == Reporting {
		l.mu.Lock()
		watch := l.takeWatch()
		l.mu.Unlock()
		own.Results = l.stop(watch)
	}
	l.mu.Lock()
	if phase == Watching {
		l.startWatch(&own)
	}
	l.own = &own
	l.node.Tell()
	l.mu.Unlock()
	if own.Why != "" {
		return errors.New(own.Why)
	}
	for deadline := time.Now().Add(patience); ; time.Sleep(look) {
		missing, err := l.missing(order)
		if err != nil || len(missing) == 0 {
			return err
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%s did not finish %s within %s", strings.Join(missing, ", "), phase, patience)
		}
	}
}

// missing are those who have not done their part, or why one could not.
func (l *led) missing(order Part) (names []string, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, name := range l.others {
		p, heard := l.Drill.others[name]
		switch {
		case !heard || p.ID != l.id || p.Step != order.Step || p.Phase != order.Phase || !p.Done:
			names = append(names, name)
		case p.Why != "":
			return nil, fmt.Errorf("%s: %s", name, p.Why)
		}
	}
	return names, nil
}

// answered waits until the connections of this node's watch are answered steadily.
// What the others see they report later.
func (l *led) answered() error {
	l.mu.Lock()
	watch := l.watch
	l.mu.Unlock()
	if watch == nil {
		time.Sleep(settling)
		return nil
	}
	for deadline := time.Now().Add(healing); ; time.Sleep(look) {
		tried, answered := watch.Tried()
		if answered >= steady {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("of %d connections to the VIP only the last %d were answered", tried, answered)
		}
	}
}

// well waits until the pair has been well for a while, and returns who holds the VIP.
func (l *led) well(patience time.Duration) (holder string, err error) {
	var since time.Time
	for deadline := time.Now().Add(patience); ; time.Sleep(look) {
		is, err := l.node.Well()
		switch {
		case err != nil || is != holder:
			holder, since = is, time.Now()
		case time.Since(since) >= settling:
			return holder, nil
		}
		if time.Now().After(deadline) {
			if err == nil {
				err = errors.New("the VIP goes to and fro")
			}
			return "", fmt.Errorf("the pair is not well %s later: %w", patience, err)
		}
	}
}

func (l *led) gather(s Step, before, after string) []Result {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := slices.Clone(l.own.Results)
	for _, name := range l.others {
		if p := l.Drill.others[name]; p.ID == l.id && p.Step == l.own.Step && p.Phase == Reporting {
			all = append(all, p.Results...)
		}
	}
	for i := range all {
		all[i].Do, all[i].On, all[i].To, all[i].Moved = s.Do, s.On, after, after != before
	}
	return all
}
