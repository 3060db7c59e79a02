// Package failover decides whether this node may hold the VIP and whether it
// would rather not, tells keepalived so through two track files, and hears from
// it what came of that.
//
// keepalived elects; the policy is here, in Decide.
package failover

import (
	"fmt"
	"time"

	"twinlb/seed"
)

// Times after which a silent HAProxy loses the VIP, and its life. An answer takes
// less than a millisecond, so two missing ones at ProbeInterval are no accident.
const (
	ProbeInterval = 200 * time.Millisecond
	YieldAfter    = 2 * ProbeInterval
	KillAfter     = 5 * time.Second
)

// stepBack is what a node that would rather not hold the VIP takes from its
// priority: more than all nodes of a pair lie apart (seed.MaxNodes).
const stepBack = -20

// Observation is all that the decision depends on.
type Observation struct {
	Answers   bool          // HAProxy's worker has answered since it was started
	Unchecked int           // backends whose first check has not ended
	Silent    time.Duration // how long the worker has not answered, as far as that is its fault
	Healthy   time.Duration // for how long the node has been able without a break
	WasMaster bool          // has become master since it became able
	Preempt   time.Duration // health that the seed asks of a returning node, or seed.NeverPreempt
	Stopping  bool          // the node is about to go
}

// Decision is what keepalived and the supervisor are told.
type Decision struct {
	Able       bool // may hold the VIP
	Preference int  // added to the priority
	KillProxy  bool
	Reason     string
}

// Decide is the policy of a node.
func Decide(o Observation) Decision {
	switch {
	case o.Silent >= KillAfter:
		return Decision{KillProxy: true, Reason: fmt.Sprintf("haproxy has not answered for %s", KillAfter)}
	case !o.Answers:
		return Decision{Reason: "haproxy is not ready"}
	case o.Unchecked > 0:
		return Decision{Reason: fmt.Sprintf("%d backends are not yet checked", o.Unchecked)}
	case o.Silent >= YieldAfter:
		return Decision{Reason: "haproxy does not answer"}
	case o.Stopping:
		return Decision{Able: true, Preference: stepBack, Reason: "the node is about to stop"}
	case o.WasMaster:
		return Decision{Able: true, Reason: "healthy"}
	case o.Preempt == seed.NeverPreempt:
		return Decision{Able: true, Preference: stepBack, Reason: "healthy; never takes the VIP from a healthy peer"}
	case o.Healthy < o.Preempt:
		return Decision{Able: true, Preference: stepBack, Reason: fmt.Sprintf("healthy, but not yet for %s", o.Preempt)}
	}
	return Decision{Able: true, Reason: "healthy"}
}
