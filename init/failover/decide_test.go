package failover

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"twinlb/seed"
)

func TestDecide(t *testing.T) {
	const preempt = 30 * time.Second
	var (
		no     = Decision{}
		kill   = Decision{KillProxy: true}
		rather = Decision{Able: true, StepsBack: 1}
		gives  = Decision{Able: true, StepsBack: 2}
		yes    = Decision{Able: true}
	)
	closed := []netip.AddrPort{netip.MustParseAddrPort("192.0.2.60:3306")}
	for _, tt := range []struct {
		situation string
		seen      Observation
		want      Decision
		reason    string // a part of it
	}{
		{"nothing is known", Observation{}, no, "not ready"},
		{"HAProxy has not answered since its start, whatever was before",
			Observation{WasMaster: true, Healthy: time.Hour, Preempt: preempt}, no, "not ready"},
		{"HAProxy has not answered, and the node stops", Observation{Letting: "the node stops"}, no, "not ready"},
		{"HAProxy is slow to give its first answer", Observation{Silent: KillAfter - 1}, no, "not ready"},
		{"HAProxy hangs before its first answer", Observation{Silent: KillAfter}, kill, "has not answered for 5s"},

		{"HAProxy is slow to start", Observation{Away: ReadyWithin - 1}, no, "not ready"},
		{"HAProxy's worker has ended", Observation{Gone: true, WasMaster: true}, no, "worker is gone"},
		{"HAProxy's worker has ended and it has not", Observation{Gone: true, Away: ReadyWithin}, kill, "not been ready for 15s"},
		{"HAProxy runs and takes no connections", Observation{Away: ReadyWithin}, kill, "not been ready for 15s"},

		{"a first check is under way", Observation{Answers: true, Unchecked: 1, WasMaster: true}, no, "not yet checked"},
		{"first checks are under way, and the node stops",
			Observation{Answers: true, Unchecked: 3, Letting: "the node stops"}, no, "3 backends are not yet checked"},
		{"HAProxy hangs during its first checks", Observation{Answers: true, Unchecked: 1, Silent: KillAfter}, kill, "has not answered for 5s"},

		{"one answer is missing", Observation{Answers: true, WasMaster: true, Silent: ProbeInterval}, yes, "healthy"},
		{"just before the VIP is given away", Observation{Answers: true, WasMaster: true, Silent: YieldAfter - 1}, yes, "healthy"},
		{"the VIP is given away", Observation{Answers: true, WasMaster: true, Silent: YieldAfter}, no, "does not answer"},
		{"HAProxy hangs while the node stops",
			Observation{Answers: true, WasMaster: true, Silent: YieldAfter, Letting: "the node stops"}, no, "does not answer"},
		{"just before HAProxy is killed", Observation{Answers: true, WasMaster: true, Silent: KillAfter - 1}, no, "does not answer"},
		{"HAProxy is killed", Observation{Answers: true, WasMaster: true, Silent: KillAfter}, kill, "has not answered for 5s"},
		{"HAProxy has hung for long", Observation{Answers: true, WasMaster: true, Silent: time.Hour}, kill, "has not answered for 5s"},

		{"one look has found a port closed", Observation{Answers: true, WasMaster: true, Closed: closed}, yes, "healthy"},
		{"a port is closed", Observation{Answers: true, WasMaster: true, Closed: closed, ClosedFor: ProbeInterval}, no, "haproxy does not listen at [192.0.2.60:3306]"},
		{"a port has been closed for long", Observation{Answers: true, WasMaster: true, Closed: closed, ClosedFor: KillAfter}, kill, "has not listened at [192.0.2.60:3306] for 5s"},
		{"a port is closed while the node stops", Observation{Answers: true, Closed: closed, ClosedFor: ProbeInterval, Letting: "the node stops"}, no, "does not listen"},

		{"HAProxy was stopped", Observation{Absent: "was stopped by ops", Answers: true, WasMaster: true}, no, "haproxy was stopped by ops"},
		{"HAProxy ended after it had hung", Observation{Absent: "ended by signal 9", Silent: KillAfter}, no, "haproxy ended by signal 9"},

		{"nothing is received", Observation{Answers: true, WasMaster: true, Deaf: true}, no, "nothing is received"},
		{"the cable is out", Observation{Answers: true, WasMaster: true, Unplugged: true, Deaf: true}, no, "no carrier"},
		{"the lease of the address is over", Observation{Answers: true, WasMaster: true, Missing: []netip.Addr{netip.MustParseAddr("192.0.2.53")}},
			no, "does not have [192.0.2.53]"},
		{"nothing is received while the node stops", Observation{Answers: true, Deaf: true, Letting: "the node stops"}, no, "nothing is received"},

		{"the holder stops", Observation{Answers: true, WasMaster: true, Healthy: time.Hour, Letting: "the node stops"}, gives, "the node stops"},
		{"a node that never preempts stops", Observation{Answers: true, Preempt: seed.NeverPreempt, Letting: "the node stops"}, gives, "the node stops"},

		{"a peer reaches more, and has for long enough", Observation{Answers: true, WasMaster: true, Better: "lb-b reaches mysql", BetterFor: LostAfter}, gives, "lb-b reaches mysql"},
		{"a peer has just begun to reach more", Observation{Answers: true, WasMaster: true, Better: "lb-b reaches mysql", BetterFor: LostAfter - 1}, yes, "healthy"},
		{"a peer did reach more", Observation{Answers: true, WasMaster: true, BetterFor: time.Hour}, yes, "healthy"},

		{"became master before it was long in health", Observation{Answers: true, WasMaster: true, Healthy: 1, Preempt: preempt}, yes, "healthy"},
		{"became master and never preempts", Observation{Answers: true, WasMaster: true, Preempt: seed.NeverPreempt}, yes, "healthy"},
		{"never preempts, however long in health", Observation{Answers: true, Healthy: 1000 * time.Hour, Preempt: seed.NeverPreempt}, rather, "never takes"},
		{"just became able", Observation{Answers: true, Preempt: preempt}, rather, "not yet for 30s"},
		{"just before it may preempt", Observation{Answers: true, Healthy: preempt - 1, Preempt: preempt}, rather, "not yet for 30s"},
		{"may preempt", Observation{Answers: true, Healthy: preempt, Preempt: preempt}, yes, "healthy"},
		{"may preempt at once", Observation{Answers: true}, yes, "healthy"},
	} {
		t.Run(tt.situation, func(t *testing.T) {
			got := Decide(tt.seen)
			if !strings.Contains(got.Reason, tt.reason) {
				t.Errorf("Reason = %q, want %q in it", got.Reason, tt.reason)
			}
			if got.Reason = ""; got != tt.want {
				t.Errorf("Decide = %+v, want %+v", got, tt.want)
			}
		})
	}
}

// The order of the nodes must hold within each preference, and a step back must put
// the first node behind the last.
func TestPreferencesKeepTheNodesApart(t *testing.T) {
	for nodes := 2; nodes <= seed.MaxNodes; nodes++ {
		pair := &seed.Pair{Nodes: make([]seed.Node, nodes)}
		for i := range pair.Nodes {
			pair.Nodes[i].Address = netip.PrefixFrom(netip.AddrFrom4([4]byte{192, 0, 2, byte(i)}), 24)
		}
		specs := pair.Specs()
		first, last := specs[0], specs[nodes-1]
		for i := 1; i < nodes; i++ {
			if specs[i].Priority >= specs[i-1].Priority {
				t.Errorf("%d nodes: the priorities %d and %d follow each other, want less each time", nodes, specs[i-1].Priority, specs[i].Priority)
			}
			if specs[i].StepBack != first.StepBack {
				t.Errorf("%d nodes: one steps back by %d, another by %d, want the same", nodes, first.StepBack, specs[i].StepBack)
			}
		}
		for steps := proving; steps <= giving; steps++ {
			behind, ahead := first.Priority+steps*first.StepBack, last.Priority+(steps-1)*last.StepBack
			if behind >= ahead {
				t.Errorf("%d nodes: the first has priority %d after %d steps back, want less than the last's %d after %d",
					nodes, behind, steps, ahead, steps-1)
			}
		}
		// RFC 9568 §5.2.4: 0 and 255 have a meaning of their own.
		if least := last.Priority + giving*last.StepBack; least < 1 || first.Priority > 254 {
			t.Errorf("%d nodes: priorities are %d to %d, want 1 to 254", nodes, least, first.Priority)
		}
	}
}
