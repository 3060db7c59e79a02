package failover

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"twinlb/init/status"
	"twinlb/services/keepalived"
)

// says is a peer in that state for so long.
func says(state keepalived.State, since time.Duration, able bool) *status.Node {
	return &status.Node{Name: "lb-b", VRRP: status.VRRP{State: string(state), For: status.InSeconds(since), Able: able, Priority: 246}}
}

func TestMasterThatWasPausedLetsTheVIPGo(t *testing.T) {
	const paused = 5200 * time.Millisecond
	for _, tt := range []struct {
		name   string
		state  keepalived.State
		before *status.Node
		after  *status.Node // nil when nothing is heard
		first  bool         // before the pause is noticed
		yields bool
	}{
		{"the peer is master", keepalived.StateMaster, says("BACKUP", time.Hour, true), says("MASTER", 4*time.Second, true), false, true},
		{"its word comes first", keepalived.StateMaster, says("BACKUP", time.Hour, true), says("MASTER", 0, true), true, true},
		{"the peer was master and has made way", keepalived.StateMaster, says("BACKUP", time.Hour, true), says("BACKUP", 0, true), false, true},
		{"the peer could not", keepalived.StateMaster, says("FAULT", time.Hour, false), says("FAULT", time.Hour, false), false, false},
		{"the peer has remained backup", keepalived.StateMaster, says("BACKUP", time.Hour, true), says("BACKUP", time.Hour, true), false, false},
		{"the peer is not heard", keepalived.StateMaster, says("BACKUP", time.Second, true), nil, false, false},
		{"a backup was paused", keepalived.StateBackup, says("MASTER", time.Hour, true), says("MASTER", time.Hour, true), false, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			simulate(t, 30*time.Second, func(n *node) {
				n.ready()
				n.Elected(tt.state)
				n.silence["lb-b"] = 0
				n.PeerSaid(tt.before)
				time.Sleep(10 * time.Second)

				if tt.first {
					n.PeerSaid(tt.after)
				}
				n.Overslept(paused)
				if !tt.first && tt.after != nil {
					time.Sleep(10 * time.Millisecond)
					n.PeerSaid(tt.after)
				}
				decision := n.Status().Decision
				if decision.Able == tt.yields {
					t.Fatalf("after a pause %+v, want it to yield: %t", decision, tt.yields)
				}
				if want := "was paused for 5.2 s; lb-b has taken over"; tt.yields && decision.Reason != want {
					t.Errorf("the reason is %q, want %q", decision.Reason, want)
				}
				if !tt.yields {
					time.Sleep(time.Minute)
					n.PeerSaid(says("BACKUP", 0, true))
					n.Reconsider()
					if decision := n.Status().Decision; !decision.Able {
						t.Errorf("a minute later %+v, want what is long over to be over", decision)
					}
					return
				}
				n.Overslept(paused + 3*time.Second)
				n.Elected(keepalived.StateFault)
				n.Overslept(paused + 4*time.Second)
				latest := n.History()[len(n.History())-1]
				if latest.To != "FAULT" || !strings.Contains(latest.Why, "paused for 9.2 s") {
					t.Errorf("the history says %+v, want FAULT after 9.2 s", latest)
				}
				n.Reconsider()
				n.check("at once", "0", "0")
				// It comes back like a node that was just started.
				time.Sleep(explained)
				n.Reconsider()
				n.check("when the VIP is gone", "1", "-20")
				synctest.Wait()
			})
		})
	}
}

// What the peer says is of a hand-over that came after it.
func TestBackupThatWasPausedTakesOverAfterIt(t *testing.T) {
	for _, after := range []time.Duration{0, 100 * time.Millisecond, 3 * time.Second} {
		simulate(t, 30*time.Second, func(n *node) {
			n.ready()
			n.Elected(keepalived.StateBackup)
			n.silence["lb-b"] = 0
			n.PeerSaid(says("MASTER", time.Hour, true))
			time.Sleep(10 * time.Second)
			n.Overslept(5 * time.Second)
			time.Sleep(after)
			n.Elected(keepalived.StateMaster)
			n.Overslept(6 * time.Second)
			n.PeerSaid(says("BACKUP", 0, true))
			if decision := n.Status().Decision; !decision.Able {
				t.Errorf("master %v after the pause: %+v, want it to stay", after, decision)
			}
		})
	}
}

// PID 1 alone may have been late: only a peer that was master tells.
func TestMasterThatWasHeldUpLetsTheVIPGoToAMaster(t *testing.T) {
	const held = 5 * time.Second
	for _, tt := range []struct {
		name   string
		advert int // its priority; -1 for none, when the node goes on
		word   *status.Node
		yields bool
	}{
		{"the peer is master", -1, says("MASTER", 2*time.Second, true), true},
		{"it was, and has made way", 246, says("BACKUP", 0, true), true},
		{"it was, and may not be", 246, says("FAULT", 0, false), false},
		{"it has resigned", 0, says("BACKUP", 0, true), false},
		{"it was just started", -1, says("BACKUP", time.Second, true), false},
		{"it is backup as before", -1, says("BACKUP", time.Hour, true), false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			simulate(t, 30*time.Second, func(n *node) {
				n.ready()
				n.Elected(keepalived.StateMaster)
				n.silence["lb-b"] = 0
				n.PeerSaid(says("BACKUP", time.Hour, true))
				time.Sleep(10*time.Second + held)
				if tt.advert >= 0 {
					n.Advert("lb-b", tt.advert, time.Second, time.Now())
				}
				n.Stalled(held)
				time.Sleep(time.Second)
				n.PeerSaid(tt.word)
				decision := n.Status().Decision
				if decision.Able == tt.yields {
					t.Errorf("%+v, want it to yield: %t", decision, tt.yields)
				}
				if want := "was paused for 5.0 s; lb-b has taken over"; tt.yields && decision.Reason != want {
					t.Errorf("the reason is %q, want %q", decision.Reason, want)
				}
				synctest.Wait()
			})
		})
	}
}
