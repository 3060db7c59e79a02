package failover

import (
	"maps"
	"slices"
	"strings"
	"time"

	"twinlb/init/status"
	"twinlb/seed"
)

// told is how many changes go to the peers: one that missed a word of them learns
// them from the next.
const told = 3

// rememberedOfPeer is how many changes of each peer a node keeps.
const rememberedOfPeer = 50

// theirs is a change of a peer.
type theirs struct {
	at     time.Time // by this node's clock
	change status.Change
}

// Latest returns the changes that the peers are told, oldest first.
func (c *Controller) Latest() []status.Change {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.history[max(0, len(c.history)-told):])
}

// Records returns the changes of all nodes as far as this one knows them.
func (c *Controller) Records() []status.Record {
	c.mu.Lock()
	defer c.mu.Unlock()
	var all []status.Record
	add := func(node string, at time.Time, change status.Change) {
		all = append(all, status.Record{Node: node, Ago: status.InSeconds(time.Since(at)), Change: change})
	}
	for _, change := range c.history {
		add(c.Self, change.At, change)
	}
	for _, name := range slices.Sorted(maps.Keys(c.theirs)) {
		for _, t := range c.theirs[name] {
			add(name, t.at, t.change)
		}
	}
	return all
}

// hears takes what a peer tells of its changes.
func (c *Controller) hears(n *status.Node) {
	if c.theirs == nil {
		c.theirs = make(map[string][]theirs)
	}
	known := c.theirs[n.Name]
	for _, change := range n.Changes[max(0, len(n.Changes)-told):] {
		if !bounded(change) {
			continue
		}
		ago := max(0, n.Uptime-change.Uptime).Duration()
		t := theirs{time.Now().Add(-ago), change}
		same := func(other theirs) bool {
			return other.change.Number == change.Number && other.change.At.Equal(change.At)
		}
		if i := slices.IndexFunc(known, same); i >= 0 {
			known[i].change = change
		} else {
			known = append(known, t)
		}
	}
	c.theirs[n.Name] = known[max(0, len(known)-rememberedOfPeer):]
}

// Limits of a record, in bytes and in number: many are kept, and a peer might tell
// anything.
const (
	longest      = 256
	mostPhases   = 16
	mostRecorded = 8 << 10
)

// bounded tells whether a record is as small as those that this program makes.
func bounded(change status.Change) bool {
	size := len(change.From) + len(change.To) + len(change.Why) + len(change.HeldBefore) + len(change.HeldAfter)
	for _, p := range change.Phases {
		size += len(p.Name)
	}
	for _, w := range change.Peers {
		size += len(w.Name) + len(w.State) + len(w.Reason)
	}
	return size <= mostRecorded && len(change.Phases) <= mostPhases && len(change.Peers) < seed.MaxNodes
}

func shorten(s string) string {
	if len(s) <= longest {
		return s
	}
	return strings.ToValidUTF8(s[:longest], "") + "..."
}
