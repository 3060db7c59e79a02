// Package failover decides whether this node may hold the VIP and whether it
// would rather not, tells keepalived so through two track files, hears from it
// what came of that, and remembers why.
//
// keepalived elects; the policy is here, in Decide.
package failover

import (
	"fmt"
	"net/netip"
	"time"

	"twinlb/seed"
)

// Times after which a silent HAProxy loses the VIP, and its life. An answer takes
// less than a millisecond, so two missing ones at ProbeInterval are no accident.
const (
	ProbeInterval = 200 * time.Millisecond
	YieldAfter    = 2 * ProbeInterval
	KillAfter     = 5 * time.Second
	// ReadyWithin is how long a HAProxy that runs may take none of our connections:
	// before its first answer, or when its worker has ended and it has not.
	ReadyWithin = 15 * time.Second
)

// LostAfter is how long a peer must have reached backends that this node does not,
// until it gets the VIP. Two nodes see the same backend die up to 2.4 s apart:
// checks begin each second, HAProxy is asked for their results each second, and its
// answer is looked at a ProbeInterval later.
const LostAfter = 3 * time.Second

// How many steps a node that is able stands back. One takes its priority below that
// of all others (seed.Spec.StepBack), so that whoever gives the VIP away stands
// behind one that is still proving itself.
const (
	normal = iota
	proving
	giving
)

// Observation is all that the decision depends on.
type Observation struct {
	Absent    string           // why HAProxy does not run; "" when it does
	Answers   bool             // HAProxy's worker has answered since it was started
	Gone      bool             // it has answered before, and now takes no connections
	Away      time.Duration    // for how long it runs and takes no connections
	Unchecked int              // backends whose first check has not ended
	Silent    time.Duration    // how long the worker has not answered, as far as that is its fault
	Closed    []netip.AddrPort // ports of VIPs at which it does not listen
	ClosedFor time.Duration    // for how long; 0 when only one look has told
	Unplugged bool             // the network interface has no carrier
	Missing   []netip.Addr     // addresses of the node that the interface has not
	Deaf      bool             // nothing at all is received from the network
	Overtaken string           // why this node, which was paused as master, is that no longer; "" when it was not
	Outranked string           // why this node must not be master beside a peer; "" when it may
	Letting   string           // why somebody wants the VIP to leave this node; "" when nobody does
	Leaving   string           // why it is to leave at once; "" when it need not
	Better    string           // what a peer reaches and this node does not; "" when there is no such peer
	BetterFor time.Duration    // for how long
	Healthy   time.Duration    // for how long the node has been able and has given nothing away
	WasMaster bool             // has become master in that time
	Preempt   time.Duration    // health that the seed asks of a returning node, or seed.NeverPreempt
}

// Decision is what keepalived and the supervisor are told.
type Decision struct {
	Able      bool // may hold the VIP
	StepsBack int  // each adds seed.Spec.StepBack to the priority
	KillProxy bool
	Reason    string
}

// Gives tells whether the node wants any other node that is able to hold the VIP.
func (d Decision) Gives() bool { return d.Able && d.StepsBack == giving }

// Decide is the policy of a node.
func Decide(o Observation) Decision {
	switch {
	case o.Absent != "":
		return Decision{Reason: "haproxy " + o.Absent}
	case o.Silent >= KillAfter:
		return Decision{KillProxy: true, Reason: fmt.Sprintf("haproxy has not answered for %s", KillAfter)}
	case o.Away >= ReadyWithin:
		return Decision{KillProxy: true, Reason: fmt.Sprintf("haproxy has not been ready for %s", ReadyWithin)}
	case o.ClosedFor >= KillAfter:
		return Decision{KillProxy: true, Reason: fmt.Sprintf("haproxy has not listened at %s for %s", o.Closed, KillAfter)}
	case o.Gone:
		return Decision{Reason: "haproxy's worker is gone"}
	case !o.Answers:
		return Decision{Reason: "haproxy is not ready"}
	case o.Unchecked > 0:
		return Decision{Reason: fmt.Sprintf("%d backends are not yet checked", o.Unchecked)}
	case o.Silent >= YieldAfter:
		return Decision{Reason: "haproxy does not answer"}
	case o.ClosedFor > 0:
		return Decision{Reason: fmt.Sprintf("haproxy does not listen at %s", o.Closed)}
	case o.Unplugged:
		return Decision{Reason: noCarrier}
	case len(o.Missing) > 0:
		return Decision{Reason: fmt.Sprintf("the network interface does not have %s", o.Missing)}
	case o.Deaf:
		return Decision{Reason: "nothing is received from the network: cable, switch port or VLAN"}
	case o.Leaving != "":
		return Decision{Reason: o.Leaving}
	case o.Overtaken != "":
		return Decision{Reason: o.Overtaken}
	case o.Outranked != "":
		return Decision{Reason: o.Outranked}
	case o.Letting != "":
		return Decision{Able: true, StepsBack: giving, Reason: o.Letting}
	case o.Better != "" && o.BetterFor >= LostAfter:
		return Decision{Able: true, StepsBack: giving, Reason: o.Better}
	case o.WasMaster:
		return Decision{Able: true, StepsBack: normal, Reason: "healthy"}
	case o.Preempt == seed.NeverPreempt:
		return Decision{Able: true, StepsBack: proving, Reason: "healthy; never takes the VIP from a healthy peer"}
	case o.Healthy < o.Preempt:
		return Decision{Able: true, StepsBack: proving, Reason: fmt.Sprintf("healthy, but not yet for %s", o.Preempt)}
	}
	return Decision{Able: true, StepsBack: normal, Reason: "healthy"}
}

// lasted is how long what led to a decision had been so when it was decided.
func (o Observation) lasted(d Decision) time.Duration {
	switch {
	case !d.Able && o.Absent == "" && o.Silent > 0:
		return o.Silent
	case !d.Able && o.Absent == "" && o.ClosedFor > 0:
		return o.ClosedFor
	case !d.Able && o.Away >= ReadyWithin:
		return o.Away
	case d.Gives() && o.Letting == "":
		return o.BetterFor
	}
	return 0
}
