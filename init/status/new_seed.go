package status

import "time"

// NewSeed is the seed that was last given to a running node, whatever became of it.
type NewSeed struct {
	Seed  string    `json:"seed"`           // seed.Digest of it
	By    string    `json:"by"`             // who gave it
	Phase string    `json:"phase"`          // as package change names them
	Until time.Time `json:"until,omitzero"` // when it is undone unless it is confirmed
	Why   string    `json:"why,omitempty"`  // it was refused or undone, or what went wrong
}
