// Package status is what a node knows of itself and of its peers, as data: what
// the nodes tell each other, what `status` shows, and the judgement over it.
//
// It collects nothing and sends nothing.
package status

import (
	"slices"
	"time"
)

// Node is what one node says of itself.
type Node struct {
	Name       string    `json:"name"`
	Role       string    `json:"role"`                     // master or backup, of the seed
	Address    string    `json:"address"`                  // that VRRP speaks over, with the length of its subnet
	Second     string    `json:"second_address,omitempty"` // that of the other family
	Management string    `json:"management,omitempty"`     // where admin and metrics listen, if not at these
	Seed       string    `json:"seed"`                     // seed.Digest of its user-data
	NewSeed    *NewSeed  `json:"new_seed,omitempty"`       // that was applied while the node ran; nil when none was
	SeedFrom   string    `json:"seed_from,omitempty"`      // the drive that the seed is on; "" when it is baked into the image
	Warnings   []string  `json:"warnings,omitempty"`       // about the seed; not told to peers
	VRRP       VRRP      `json:"vrrp"`
	Backends   []Backend `json:"backends"` // in the order of the seed
	Services   []Service `json:"services"` // in the order of their start
	Versions   []Version `json:"versions"`
	Uptime     Seconds   `json:"uptime_s"`
	Memory     Memory    `json:"memory,omitzero"`    // when it is asked for, or told to a peer
	Watchdog   string    `json:"watchdog,omitempty"` // timer that resets a machine whose PID 1 hangs; "" when there is none
	VIPs       []string  `json:"vips"`               // of the pair
	// Changes are the latest of its role, oldest first.
	Changes []Change `json:"changes,omitempty"`
	MAC     string   `json:"mac,omitempty"` // of the interface that carries the traffic
	// Conflicts are those of the last hour, the latest first.
	Conflicts []Conflict `json:"conflicts,omitempty"`
	Counters  *Counters  `json:"counters,omitempty"` // when it is asked for
	Takeover  *Takeover  `json:"takeover,omitempty"` // likewise; nil when there was none, as far as is remembered
}

// Memory is a node's, in bytes.
type Memory struct {
	Total     uint64 `json:"total"`     // that the kernel has
	Available uint64 `json:"available"` // to what needs more
}

// VRRP is a node's part in the election.
type VRRP struct {
	State      string  `json:"state"`      // MASTER, BACKUP, FAULT or STOP; "" before keepalived has spoken
	For        Seconds `json:"for_s"`      // how long it has been in the state
	Able       bool    `json:"able"`       // may hold the VIP
	Priority   int     `json:"priority"`   // of the seed, before the preference
	Preference int     `json:"preference"` // added to the priority; below 0 the node prefers its peers
	GivesAway  bool    `json:"gives_away"` // wants any other node that is able to hold the VIP
	Reason     string  `json:"reason"`     // for able and preference
}

// Backend is one MySQL server as a node's checks see it.
type Backend struct {
	Pool     string `json:"pool"`
	Name     string `json:"name"`
	Address  string `json:"address"` // address:port
	Up       bool   `json:"up"`
	Backup   bool   `json:"backup,omitempty"`
	Check    string `json:"check"`            // as in HAProxy's management guide §9.1
	Detail   string `json:"detail,omitempty"` // what the last check said beyond that
	Sessions int    `json:"sessions"`         // open through this node
}

// Service is a process that PID 1 supervises.
type Service struct {
	Name     string  `json:"name"`
	Phase    string  `json:"phase"` // running, waiting (for its back-off) or stopped
	PID      int     `json:"pid,omitempty"`
	For      Seconds `json:"for_s"` // how long it has been in the phase
	Restarts int     `json:"restarts"`
	LastExit string  `json:"last_exit,omitempty"` // why it ended last
}

// Version is one part of the image and its version.
type Version struct {
	Part    string `json:"part"`
	Version string `json:"version"`
}

// Pair is what one node knows of all.
type Pair struct {
	Verdict  Verdict  `json:"verdict"`
	Problems []string `json:"problems"` // why the verdict is not Well; empty when it is
	Node     Node     `json:"node"`
	Peers    []Peer   `json:"peers"`
}

// Peer is another node of the pair as it was last heard.
type Peer struct {
	Name    string  `json:"name"`
	Address string  `json:"address"`
	Second  string  `json:"second_address,omitempty"`
	Heard   bool    `json:"heard"`          // within Silence
	Ago     Seconds `json:"ago_s"`          // since it was last heard
	Node    *Node   `json:"node,omitempty"` // what it said last; nil when it was never heard
}

// Silence is how long a peer may say nothing until what it said counts no more.
const Silence = 3 * time.Second

// Seconds is a duration as a number, to a thousandth.
type Seconds float64

// InSeconds is d as a number of seconds.
func InSeconds(d time.Duration) Seconds {
	return Seconds(float64(d.Round(time.Millisecond).Milliseconds()) / 1000)
}

// Duration is the number of seconds as a duration.
func (s Seconds) Duration() time.Duration {
	return time.Duration(float64(s) * float64(time.Second)).Round(time.Millisecond)
}

// Later is what a node that said n would say now, that much later, if nothing had
// happened.
func (n *Node) Later(by time.Duration) *Node {
	later, more := *n, InSeconds(by)
	later.Uptime += more
	later.VRRP.For += more
	later.Services = slices.Clone(n.Services)
	for i := range later.Services {
		later.Services[i].For += more
	}
	return &later
}
