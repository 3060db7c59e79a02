package status

import (
	"cmp"
	"fmt"
)

// ConflictKind is what somebody does who is not to.
type ConflictKind string

// The kinds of conflicts.
const (
	SplitBrain     ConflictKind = "split brain"     // another node was master, too
	VIPClaimed     ConflictKind = "VIP claimed"     // a machine that is no node has a VIP
	AddressClaimed ConflictKind = "address claimed" // another machine has the node's address
	ForeignAdverts ConflictKind = "foreign adverts" // a router that is no node uses the pair's VRID
)

// ConflictKinds are all there are.
var ConflictKinds = []ConflictKind{SplitBrain, VIPClaimed, AddressClaimed, ForeignAdverts}

// Conflict is somebody's who acts as if it had what is the pair's.
type Conflict struct {
	Kind    ConflictKind `json:"kind"`
	By      string       `json:"by"`                // a node's name, a MAC address, or the source of adverts; "" when it is not known
	Address string       `json:"address,omitempty"` // that is claimed
	For     Seconds      `json:"for_s"`             // from when it was first seen until it was last
	Ago     Seconds      `json:"ago_s"`             // since it was last seen
	Times   uint64       `json:"times"`             // it was seen
	Over    bool         `json:"over"`              // a split brain that has ended
}

// current is for how many seconds a conflict counts after it was seen.
const current = 60

// Current tells whether the conflict is likely to last.
func (c Conflict) Current() bool { return !c.Over && c.Ago < current }

// Misleads tells whether clients may well be at the wrong machine because of the
// conflict. Foreign adverts mislead nobody: the packet filter drops them.
func (c Conflict) Misleads() bool {
	return c.Kind != ForeignAdverts && c.Current()
}

// lasted is nothing where it is not known how long.
func (c Conflict) lasted() string {
	if c.For == 0 {
		return ""
	}
	return fmt.Sprintf(", for %.1f s", float64(c.For))
}

func (c Conflict) String() string {
	switch c.Kind {
	case SplitBrain:
		if c.Over {
			return fmt.Sprintf("%.0f s ago %s had held the VIP too%s: split brain", float64(c.Ago), c.By, c.lasted())
		}
		return fmt.Sprintf("%s holds the VIP too%s: split brain", c.By, c.lasted())
	case ForeignAdverts:
		return fmt.Sprintf("%s sends adverts with this pair's virtual_router_id and is none of its nodes: ignored %d, the last %.0f s ago",
			cmp.Or(c.By, "somebody"), c.Times, float64(c.Ago))
	case AddressClaimed:
		return fmt.Sprintf("%s says that it has this node's address %s: last %.0f s ago", c.By, c.Address, float64(c.Ago))
	}
	return fmt.Sprintf("%s, which is none of the nodes, says that it has the VIP %s: last %.0f s ago", c.By, c.Address, float64(c.Ago))
}
