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
		rather = Decision{Able: true, Preference: -20}
		yes    = Decision{Able: true}
	)
	for _, tt := range []struct {
		situation string
		seen      Observation
		want      Decision
		reason    string // a part of it
	}{
		{"nothing is known", Observation{}, no, "not ready"},
		{"HAProxy has not answered since its start, whatever was before",
			Observation{WasMaster: true, Healthy: time.Hour, Preempt: preempt}, no, "not ready"},
		{"HAProxy has not answered, and the node stops", Observation{Stopping: true}, no, "not ready"},
		{"HAProxy is slow to give its first answer", Observation{Silent: KillAfter - 1}, no, "not ready"},
		{"HAProxy hangs before its first answer", Observation{Silent: KillAfter}, kill, "has not answered for 5s"},

		{"a first check is under way", Observation{Answers: true, Unchecked: 1, WasMaster: true}, no, "not yet checked"},
		{"first checks are under way, and the node stops",
			Observation{Answers: true, Unchecked: 3, Stopping: true}, no, "3 backends are not yet checked"},
		{"HAProxy hangs during its first checks", Observation{Answers: true, Unchecked: 1, Silent: KillAfter}, kill, "has not answered for 5s"},

		{"one answer is missing", Observation{Answers: true, WasMaster: true, Silent: ProbeInterval}, yes, "healthy"},
		{"just before the VIP is given away", Observation{Answers: true, WasMaster: true, Silent: YieldAfter - 1}, yes, "healthy"},
		{"the VIP is given away", Observation{Answers: true, WasMaster: true, Silent: YieldAfter}, no, "does not answer"},
		{"HAProxy hangs while the node stops",
			Observation{Answers: true, WasMaster: true, Silent: YieldAfter, Stopping: true}, no, "does not answer"},
		{"just before HAProxy is killed", Observation{Answers: true, WasMaster: true, Silent: KillAfter - 1}, no, "does not answer"},
		{"HAProxy is killed", Observation{Answers: true, WasMaster: true, Silent: KillAfter}, kill, "has not answered for 5s"},
		{"HAProxy has hung for long", Observation{Answers: true, WasMaster: true, Silent: time.Hour}, kill, "has not answered for 5s"},

		{"the holder stops", Observation{Answers: true, WasMaster: true, Healthy: time.Hour, Stopping: true}, rather, "about to stop"},
		{"a node that never preempts stops", Observation{Answers: true, Preempt: seed.NeverPreempt, Stopping: true}, rather, "about to stop"},

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

func TestSteppingBackPutsANodeBehindAllOthers(t *testing.T) {
	pair := &seed.Pair{Nodes: make([]seed.Node, seed.MaxNodes)}
	for i := range pair.Nodes {
		pair.Nodes[i].Address = netip.PrefixFrom(netip.AddrFrom4([4]byte{192, 0, 2, byte(i)}), 24)
	}
	specs := pair.Specs()
	first, last := specs[0].Priority, specs[len(specs)-1].Priority
	if first+stepBack >= last {
		t.Errorf("the first node has priority %d when it steps back, want less than the last's %d", first+stepBack, last)
	}
	if last+stepBack < 1 {
		t.Errorf("the last node has priority %d when it steps back, want at least 1 (RFC 9568 §5.2.4)", last+stepBack)
	}
}
