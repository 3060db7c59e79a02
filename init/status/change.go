package status

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Change is the record of a change of a node's VRRP state: what led to it, what was
// known then, and what came of it. It is complete some seconds later.
type Change struct {
	Number int       `json:"number"` // counted from 1 since the node started
	At     time.Time `json:"at"`     // UTC, by the node's clock
	Uptime Seconds   `json:"uptime_s"`
	From   string    `json:"from"` // "" at the start
	To     string    `json:"to"`
	Lasted Seconds   `json:"lasted_s"` // how long the node had been in From
	Why    string    `json:"why"`

	HeldBefore string  `json:"held_before,omitempty"` // who held the VIP; "" when nobody is known to have
	HeldAfter  string  `json:"held_after,omitempty"`
	Phases     []Phase `json:"phases,omitempty"` // in the order of time
	Peers      []Word  `json:"peers,omitempty"`
	// Cut is how many connections through a VIP were open on a node that lost it, as
	// last counted; Counted is how long before the change that was.
	Cut     int     `json:"cut,omitempty"`
	Counted Seconds `json:"counted_s,omitempty"`
}

// Phase is a moment of a change, in seconds after keepalived's new state was known;
// below 0 before it.
type Phase struct {
	Name  string  `json:"name"`
	After Seconds `json:"after_s"`
}

// The phases. A change has those that are known.
const (
	LastAdvert = "last advert heard"
	Noticed    = "cause noticed"
	Decided    = "decided"
	VIPOn      = "VIP on the interface"
	VIPOff     = "VIP off the interface"
	Answered   = "first connection passed to a backend"
)

// Word is what was known of a peer at a change.
type Word struct {
	Name     string  `json:"name"`
	Ago      Seconds `json:"ago_s"` // since it was last heard over the exchange; -1 when it never was
	State    string  `json:"state,omitempty"`
	Able     bool    `json:"able"`
	Reason   string  `json:"reason,omitempty"`
	Advert   Seconds `json:"advert_ago_s"` // since its last VRRP advert; -1 when none was heard
	Priority int     `json:"advert_priority,omitempty"`
}

// Never is the Ago of what has never been.
const Never Seconds = -1

// Moves tells whether the VIP came or went with the change.
func (c *Change) Moves() bool { return c.From == master || c.To == master }

// Set gives a phase its moment, unless it has one.
func (c *Change) Set(name string, at time.Time) {
	if c.Has(name) {
		return
	}
	c.Phases = append(slices.Clone(c.Phases), Phase{name, InSeconds(at.Sub(c.At))})
	slices.SortStableFunc(c.Phases, func(a, b Phase) int { return cmp.Compare(a.After, b.After) })
}

// Has tells whether the moment of a phase is known.
func (c *Change) Has(name string) bool {
	_, known := c.after(name)
	return known
}

// Took is what is known of the course of a change, in one line; "" when that is
// nothing.
func (c *Change) Took() string {
	var parts []string
	for _, p := range c.Phases {
		if p.After < 0 {
			parts = append(parts, fmt.Sprintf("%s %.3f s before", p.Name, -p.After))
		} else {
			parts = append(parts, fmt.Sprintf("%s after %.3f s", p.Name, p.After))
		}
	}
	switch {
	case c.From == master && c.Cut == 1:
		parts = append(parts, "1 connection was open")
	case c.From == master:
		parts = append(parts, fmt.Sprintf("%d connections were open", c.Cut))
	}
	return strings.Join(parts, ", ")
}

// Record is a change of one node as another, or itself, knows it.
type Record struct {
	Node   string  `json:"node"`
	Ago    Seconds `json:"ago_s"` // whatever the nodes' clocks say
	Change Change  `json:"change"`
}

// kin is how far the parts of one event on several nodes may lie apart.
const kin = 5 * time.Second

// Event returns those records that belong to the latest move of the VIP, in the
// order of time, or to the nth before it. It is empty when there is none. The
// records may be in any order.
func Event(records []Record, nth int) []Record {
	all := slices.Clone(records)
	slices.SortStableFunc(all, func(a, b Record) int { return cmp.Compare(b.Ago, a.Ago) })
	for {
		last := -1
		for i, r := range all {
			if r.Change.Moves() {
				last = i
			}
		}
		if last < 0 {
			return nil
		}
		end := all[last].Ago
		first := last
		for first > 0 && all[first-1].Ago-end < InSeconds(kin) {
			first--
		}
		if nth == 0 {
			rest := last + 1
			for rest < len(all) && end-all[rest].Ago < InSeconds(kin) {
				rest++
			}
			return all[first:rest]
		}
		all, nth = all[:first], nth-1
	}
}
