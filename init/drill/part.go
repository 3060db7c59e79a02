package drill

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"twinlb/seed"
)

// Action is what is done to a node.
type Action string

// The actions. Each has the peer take the VIP over first if the node holds it.
const (
	Switchover Action = "switchover"
	Proxy      Action = "restart of haproxy"
	Elector    Action = "restart of keepalived"
)

// Phase is how far a step has come.
type Phase string

// The phases, in their order.
const (
	Watching  Phase = "watching"  // all but the node that the step is done to
	Acting    Phase = "acting"    // that node
	Reporting Phase = "reporting" // all what they have seen
	Over      Phase = "over"      // the drill
)

// Part is what a node tells the others of a drill: the leader what is to be done,
// with the results of all steps when it is over; another node that it is Done.
type Part struct {
	ID      string   `json:"id"`
	Leader  string   `json:"leader"`
	By      string   `json:"by"` // who asked it
	Step    int      `json:"step"`
	Do      Action   `json:"do"`
	On      string   `json:"on"` // name of the node that it is done to
	Phase   Phase    `json:"phase"`
	Done    bool     `json:"done,omitempty"`
	Why     string   `json:"why,omitempty"` // it could not be done
	Results []Result `json:"results,omitempty"`
}

// Result is what one node has seen of a step.
type Result struct {
	Do     Action        `json:"do"`
	On     string        `json:"on"`
	From   string        `json:"from"`   // who has measured
	To     string        `json:"to"`     // who held the VIP afterwards
	Outage time.Duration `json:"outage"` // the longest
	Tried  int           `json:"tried"`  // connections
	Failed int           `json:"failed"` // of them
	Moved  bool          `json:"moved"`  // the VIP
}

const (
	longest     = 256 // bytes of a text
	mostResults = 64
	idSize      = 16
)

func newID() string {
	id := make([]byte, idSize/2)
	_, _ = rand.Read(id) // never fails, see its documentation
	return hex.EncodeToString(id)
}

// Check says what no node tells.
func (p *Part) Check() error {
	if id, err := hex.DecodeString(p.ID); err != nil || len(id) != idSize/2 {
		return fmt.Errorf("a drill has the ID %.40q, want %d hexadecimal digits", p.ID, idSize)
	}
	if p.Phase != "" && !slices.Contains([]Phase{Watching, Acting, Reporting, Over}, p.Phase) {
		return fmt.Errorf("a drill is in the unknown phase %.40q", p.Phase)
	}
	if len(p.Results) > mostResults*seed.MaxNodes {
		return fmt.Errorf("a drill has %d results", len(p.Results))
	}
	texts := []string{p.Leader, p.By, string(p.Do), p.On, p.Why}
	for _, r := range p.Results {
		texts = append(texts, string(r.Do), r.On, r.From, r.To)
	}
	for _, text := range texts {
		if len(text) > longest || strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) {
			return errors.New("a drill has text that is too long or not printable")
		}
	}
	return nil
}
