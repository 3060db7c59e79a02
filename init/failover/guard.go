package failover

import (
	"fmt"
	"time"

	"twinlb/services/keepalived"
)

// Guard watches that keepalived does what it says: a process that hangs sends no
// adverts and keeps the VIP, or lets nobody have it, or takes no part in the election.
type Guard struct {
	Interval time.Duration // between two adverts
	Started  time.Time     // when the process was; zero when none runs

	state keepalived.State
	pace  time.Duration // the Interval when it looked last
	seen  uint64
	last  time.Time // when it looked
	moved time.Time // when a count that should have grown last did, or began to be watched
	asked time.Time // when keepalived was to let the VIP go; zero when it need not
	spare bool      // the last look came late, and keepalived was given one more
}

// missedByBackup is the patience of the guard with a backup, in adverts. After three
// and a skew it should be master.
const missedByBackup = 8

// withMaster is the patience of the guard with a master. After three adverts and a
// skew the peer takes the VIP over, and this node must have lost it by then: looking
// once in an interval, the guard may see what is missing an interval later. Quick
// adverts are late more easily; killed for that, keepalived would be late indeed.
func withMaster(interval time.Duration) time.Duration {
	const slow = 400 * time.Millisecond
	return max(2*interval, min(3*interval, slow))
}

// obedience is how long keepalived may keep the VIP once it is told to let it go.
// It takes milliseconds.
const obedience = time.Second

// idle is how long keepalived may take no part in the election although it may. To
// leave a fault takes it milliseconds, to tell its state after its start some more.
const idle = 10 * time.Second

// Stalled returns for how long this master's looks were held up, if that was longer than
// a peer waits for adverts; else 0. One that has become master for just as long, as a
// backup does that goes on, was none then. It wants to be asked before each Look.
func (g *Guard) Stalled(now time.Time, s Status) time.Duration {
	gap := now.Sub(g.last)
	if g.last.IsZero() || s.State != keepalived.StateMaster || min(gap, now.Sub(s.Since)) <= 3*g.Interval {
		return 0
	}
	return gap
}

// Look returns why keepalived must be killed, or "" if it need not. It wants to be
// called each Interval. When it was not, as on a stalled hypervisor, what was missed
// in that time says nothing.
//
// The adverts (RFC 9568 §5.2) are counted since some time: those that this node has
// sent while it is master, those that it has heard while it is not.
func (g *Guard) Look(now time.Time, s Status, adverts uint64) string {
	gap := now.Sub(g.last)
	late := gap > 3*g.Interval
	// What held PID 1 up held keepalived up too, which may be about to send.
	g.spare = gap > 3*g.Interval/2 && !g.spare
	g.last = now
	if s.State != g.state || g.Interval != g.pace || late {
		g.state, g.pace, g.seen, g.moved, g.asked = s.State, g.Interval, adverts, now, time.Time{}
	}
	if s.Decision.Able || s.State != keepalived.StateMaster {
		g.asked = time.Time{}
	} else if g.asked.IsZero() {
		g.asked = now
	}
	before := g.seen
	g.seen = adverts
	switch s.State {
	case keepalived.StateMaster:
		if adverts != before {
			g.moved = now
		}
		if !g.asked.IsZero() && now.Sub(g.asked) >= obedience {
			return "it has kept the VIP although it was told to let it go"
		}
		if quiet := now.Sub(g.moved); quiet >= withMaster(g.Interval) && !g.spare {
			return fmt.Sprintf("it is master and has sent no advert for %s", quiet.Round(time.Millisecond))
		}
	case keepalived.StateBackup:
		if adverts != before || !s.Decision.Able {
			g.moved = now
		}
		// A backup waits as long as the master says (RFC 9568 §6.1), which may have
		// another seed while nodes are replaced one by one.
		interval := max(g.Interval, s.Spacing)
		if quiet := now.Sub(g.moved); quiet >= missedByBackup*interval+time.Second {
			return fmt.Sprintf("it has heard no advert for %s and has not become master", quiet.Round(time.Millisecond))
		}
	case keepalived.StateFault:
		if !s.Decision.Able {
			g.moved = now
		}
		if now.Sub(g.moved) >= idle {
			return fmt.Sprintf("it has taken no part in the election for %s although it may", idle)
		}
	default: // it has not spoken since it was started; that it begins with a fault it does not tell
		if !s.Decision.Able {
			g.moved = now
		} else if g.Started.After(g.moved) {
			g.moved = g.Started
		}
		if !g.Started.IsZero() && now.Sub(g.moved) >= idle {
			return fmt.Sprintf("it has not told its state for %s", idle)
		}
	}
	return ""
}
