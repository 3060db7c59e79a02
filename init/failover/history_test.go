package failover

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"twinlb/init/status"
	"twinlb/services/keepalived"
)

// ready makes the node able, with the peer lb-b heard.
func (n *node) ready() {
	n.Carrier(true)
	n.ProxyStarted()
	n.answer(time.Second)
	n.says(nil)
}

// expectLatest compares the latest change of role.
func (n *node) expectLatest(from, to, why string) {
	n.t.Helper()
	h := n.History()
	if len(h) == 0 {
		n.t.Fatalf("no history, want %s → %s: %s", from, to, why)
	}
	got := h[len(h)-1]
	if got.From != from || got.To != to || !strings.Contains(got.Why, why) {
		n.t.Errorf("the latest change is %s → %s: %s\nwant %s → %s: %s", got.From, got.To, got.Why, from, to, why)
	}
}

func TestHistorySaysWhyTheVIPCame(t *testing.T) {
	for _, tt := range []struct {
		name  string
		event func(n *node)
		why   string
	}{
		{"nobody had it", func(n *node) {}, "no other node held it"},
		{"its holder died", func(n *node) {
			n.Priority = 242
			n.says(func(p *status.Node) { p.VRRP.State = "MASTER" })
			n.silence["lb-b"] = 800 * time.Millisecond
		}, "the adverts of lb-b stopped"},
		{"its holder died long ago", func(n *node) {
			n.says(func(p *status.Node) { p.VRRP.State = "MASTER" })
			n.silence["lb-b"] = time.Minute
		}, "the adverts of lb-b stopped"},
		{"the other is not ready yet", func(n *node) {
			n.says(func(p *status.Node) { p.VRRP.State, p.VRRP.Able, p.VRRP.Reason = "", false, "haproxy is not ready" })
		}, "lb-b could not hold it: haproxy is not ready"},
		{"its holder failed", func(n *node) {
			n.says(func(p *status.Node) {
				p.VRRP.State, p.VRRP.Able, p.VRRP.Reason = "MASTER", false, "haproxy does not answer"
			})
		}, "lb-b let it go: haproxy does not answer"},
		{"its holder handed it over", func(n *node) {
			n.says(func(p *status.Node) { p.VRRP.State = "MASTER" })
			n.says(func(p *status.Node) { p.VRRP.GivesAway, p.VRRP.Reason = true, "failover, asked by ops" })
		}, "lb-b let it go: failover, asked by ops"},
		{"preempt", func(n *node) {
			n.says(func(p *status.Node) { p.VRRP.State = "MASTER" })
		}, "preferred to lb-b, and healthy"},
		{"preempt, and its holder was faster to say so", func(n *node) {
			n.says(func(p *status.Node) { p.VRRP.State = "MASTER" })
			n.says(nil)
			time.Sleep(settled - time.Millisecond)
			n.says(nil)
		}, "preferred to lb-b, and healthy"},
		{"its holder had made way long ago", func(n *node) {
			n.says(func(p *status.Node) { p.VRRP.State = "MASTER" })
			n.says(nil)
			time.Sleep(settled)
		}, "no other node held it"},
		{"its holder died, and a third node could not hold it", func(n *node) {
			n.Priority = 242
			n.says(func(p *status.Node) { p.VRRP.State = "MASTER" })
			n.says(func(p *status.Node) { p.Name, p.VRRP.Able, p.VRRP.Reason = "lb-a", false, "haproxy is not ready" })
			n.silence["lb-b"] = 800 * time.Millisecond
		}, "the adverts of lb-b stopped"},
		{"nobody had it, and one of two could not hold it", func(n *node) {
			n.says(func(p *status.Node) { p.Name, p.VRRP.Able, p.VRRP.Reason = "lb-c", false, "haproxy is not ready" })
		}, "lb-c could not hold it: haproxy is not ready"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			simulate(t, 0, func(n *node) {
				n.ready()
				n.Elected(keepalived.StateBackup)
				tt.event(n)
				n.Elected(keepalived.StateMaster)
				n.expectLatest("BACKUP", "MASTER", tt.why)
			})
		})
	}
}

func TestHistoryLearnsTheReasonAMomentLater(t *testing.T) {
	simulate(t, 0, func(n *node) {
		n.Priority = 242
		n.ready()
		n.says(func(p *status.Node) { p.VRRP.State = "MASTER" })
		n.Elected(keepalived.StateMaster)
		n.expectLatest("", "MASTER", "the adverts of lb-b stopped")
		gone := func(p *status.Node) { p.VRRP.Able, p.VRRP.Reason = false, "haproxy ended by signal 9 (killed)" }
		time.Sleep(100 * time.Millisecond)
		n.says(gone)
		n.expectLatest("", "MASTER", "lb-b let it go: haproxy ended by signal 9 (killed)")
		if len(n.changes) != 2 {
			t.Errorf("told of %d changes, want the change and its better reason: %+v", len(n.changes), n.changes)
		}
		n.says(gone)
		if len(n.changes) != 2 || len(n.History()) != 1 {
			t.Errorf("told of %d changes and remembers %d, want no more for what is known", len(n.changes), len(n.History()))
		}
		time.Sleep(settled)
		n.says(func(p *status.Node) { p.VRRP.Able, p.VRRP.Reason = false, "haproxy is not ready" })
		n.expectLatest("", "MASTER", "signal 9")
	})
}

func TestHistoryKeepsTheFirstReasonOfAPeer(t *testing.T) {
	simulate(t, 0, func(n *node) {
		n.Priority = 242
		n.ready()
		n.says(func(p *status.Node) { p.VRRP.State = "MASTER" })
		n.Elected(keepalived.StateMaster)
		for _, reason := range []string{"haproxy is restarted", "haproxy is not ready"} {
			n.says(func(p *status.Node) { p.VRRP.Able, p.VRRP.Reason = false, reason })
		}
		n.expectLatest("", "MASTER", "haproxy is restarted")
	})
}

func TestHistoryKeepsAReasonThatHasSettled(t *testing.T) {
	simulate(t, 0, func(n *node) {
		n.ready()
		n.Elected(keepalived.StateMaster)
		n.hang(YieldAfter)
		n.Elected(keepalived.StateFault)
		n.hang(KillAfter)
		n.ProxyEnded("ended by signal 9 (killed): haproxy has not answered for 5s")
		n.expectLatest("MASTER", "FAULT", "haproxy does not answer")
	})
}

func TestHistorySaysWhyTheVIPWent(t *testing.T) {
	for _, tt := range []struct {
		name    string
		event   func(n *node)
		to, why string
	}{
		{"HAProxy ended", func(n *node) {
			n.ProxyEnded("ended by signal 9 (killed)")
			n.Elected(keepalived.StateFault)
		}, "FAULT", "haproxy ended by signal 9 (killed)"},
		{"its worker ended first", func(n *node) {
			n.Answered(Answer{Asked: time.Now(), Gone: true})
			n.Elected(keepalived.StateFault)
			n.ProxyEnded("ended with exit status 137")
		}, "FAULT", "haproxy ended with exit status 137"},
		{"HAProxy hung", func(n *node) {
			n.hang(YieldAfter)
			n.Elected(keepalived.StateFault)
		}, "FAULT", "haproxy does not answer"},
		{"the cable was pulled", func(n *node) {
			n.Carrier(false)
			n.Elected(keepalived.StateFault)
		}, "FAULT", "no carrier"},
		{"the cable was pulled, and keepalived saw it first", func(n *node) {
			n.Elected(keepalived.StateFault)
			n.Carrier(false)
		}, "FAULT", "no carrier"},
		{"failover", func(n *node) {
			n.LetGo("failover, asked by ops")
			n.Elected(keepalived.StateBackup)
		}, "BACKUP", "failover, asked by ops"},
		{"another is preferred", func(n *node) {
			n.says(func(p *status.Node) { p.VRRP.State = "MASTER" })
			n.Elected(keepalived.StateBackup)
		}, "BACKUP", "lb-b holds it with a higher priority"},
		{"keepalived was killed", func(n *node) {
			n.ElectorEnded("ended by signal 9 (killed)")
		}, "STOP", "keepalived ended by signal 9 (killed)"},
		{"keepalived was stopped", func(n *node) {
			n.Elected(keepalived.StateStopped)
			n.ElectorEnded("ended with exit status 0: asked by ops")
		}, "STOP", "asked by ops"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			simulate(t, 0, func(n *node) {
				n.ready()
				n.Elected(keepalived.StateMaster)
				time.Sleep(time.Hour)
				tt.event(n)
				n.expectLatest("MASTER", tt.to, tt.why)
				if latest := n.History()[len(n.History())-1]; latest.Lasted.Duration().Round(time.Hour) != time.Hour {
					t.Errorf("it lasted %v s, want about an hour", latest.Lasted)
				}
			})
		})
	}
}

func TestHistoryIsBounded(t *testing.T) {
	simulate(t, 0, func(n *node) {
		for range remembered {
			n.Elected(keepalived.StateBackup)
			n.Elected(keepalived.StateMaster)
			time.Sleep(time.Second)
		}
		n.ElectorEnded("ended at last")
		if h := n.History(); len(h) != remembered || h[len(h)-1].Why != "keepalived ended at last" {
			t.Errorf("%d changes remembered, the latest %+v, want %d with the end of keepalived", len(h), h[len(h)-1], remembered)
		}
	})
}

func TestStateThatIsSaidTwiceIsOneChange(t *testing.T) {
	simulate(t, 0, func(n *node) {
		n.Elected(keepalived.StateBackup)
		since := n.Status().Since
		time.Sleep(time.Second)
		n.Elected(keepalived.StateBackup)
		if len(n.History()) != 1 || n.Status().Since != since {
			t.Errorf("history %+v since %v, want one change since %v", n.History(), n.Status().Since, since)
		}
	})
}

func TestDecisionIsToldWhenItChanges(t *testing.T) {
	simulate(t, 0, func(n *node) {
		n.ready()
		told := len(n.decisions)
		n.answer(time.Minute)
		if more := n.decisions[told:]; len(more) != 0 {
			t.Errorf("told %+v during a minute of health", more)
		}
		n.ProxyEnded("ended by signal 9 (killed)")
		if got := fmt.Sprint(n.decisions[told:]); got != "[{false 0 false haproxy ended by signal 9 (killed)}]" {
			t.Errorf("told %s, want that haproxy ended", got)
		}
	})
}
