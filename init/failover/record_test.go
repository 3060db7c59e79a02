package failover

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"twinlb/init/status"
	"twinlb/services/haproxy"
	"twinlb/services/keepalived"

	"github.com/google/go-cmp/cmp"
)

// latest is the newest record.
func (n *node) latestRecord() status.Change {
	h := n.History()
	if len(h) == 0 {
		n.t.Fatal("no history")
	}
	return h[len(h)-1]
}

func TestRecordOfATakeOver(t *testing.T) {
	simulate(t, 0, func(n *node) {
		n.Self, n.Priority = "lb-b", 246
		n.Uptime = func() time.Duration { return time.Hour }
		n.ready()
		n.says(func(p *status.Node) { p.Name, p.VRRP.State = "lb-a", "MASTER" })
		n.Elected(keepalived.StateBackup)
		time.Sleep(time.Minute)
		n.Advert("lb-a", 250, time.Second, time.Now())
		n.silence["lb-a"] = 601 * time.Millisecond
		time.Sleep(612 * time.Millisecond)
		n.VIP(true, time.Now().Add(-time.Millisecond)) // known before keepalived's word
		n.Elected(keepalived.StateMaster)
		time.Sleep(40 * time.Millisecond)
		n.Served(time.Now())
		n.Served(time.Now().Add(time.Second)) // only the first counts
		if len(n.completed) != 1 {
			t.Errorf("%d records are complete, want that of the backup only", len(n.completed))
		}
		time.Sleep(settled)
		n.Reconsider()
		if len(n.completed) != 2 {
			t.Fatalf("%d records are complete, want 2", len(n.completed))
		}
		want := status.Change{
			Number: 2, Uptime: 3600, From: "BACKUP", To: "MASTER", Lasted: 60.612, Why: "the adverts of lb-a stopped",
			HeldBefore: "lb-a", HeldAfter: "lb-b",
			Phases: []status.Phase{{Name: status.LastAdvert, After: -0.612}, {Name: status.VIPOn, After: -0.001}, {Name: status.Answered, After: 0.04}},
			Peers: []status.Word{
				{Name: "lb-a", Ago: 0.601, State: "MASTER", Able: true, Reason: "healthy", Advert: 0.612, Priority: 250},
				{Name: "lb-b", Ago: 0, State: "BACKUP", Able: true, Reason: "healthy", Advert: status.Never},
			},
		}
		got := n.completed[1]
		want.At = got.At
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("record (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(want, n.latestRecord()); diff != "" {
			t.Errorf("history (-want +got):\n%s", diff)
		}
		n.Elected(keepalived.StateBackup)
		time.Sleep(time.Hour)
		last := n.Takeover()
		if last == nil || last.Ago != 3602.04 || last.Silence.Duration() != 611*time.Millisecond {
			t.Errorf("an hour after it has lost the VIP again the last takeover is %+v, want one 3602.04 s ago after a silence of 0.611 s", last)
		}
	})
}

func TestTakeoverOfWhichLittleIsKnown(t *testing.T) {
	simulate(t, 0, func(n *node) {
		n.Elected(keepalived.StateBackup)
		if last := n.Takeover(); last != nil {
			t.Errorf("a node that has not taken the VIP over has done so %+v", last)
		}
		n.VIP(true, time.Now())
		n.Elected(keepalived.StateMaster) // nobody was heard
		if last := n.Takeover(); last == nil || last.Silence != status.Never {
			t.Errorf("the takeover is %+v, want one after a silence of which nothing is known", last)
		}
	})
}

func TestRecordOfALoss(t *testing.T) {
	for _, tt := range []struct {
		name   string
		event  func(n *node)
		to     keepalived.State
		phases []status.Phase
	}{
		{"haproxy hangs", func(n *node) { n.hang(YieldAfter) }, keepalived.StateFault,
			[]status.Phase{{Name: status.Noticed, After: -0.403}, {Name: status.Decided, After: -0.003}, {Name: status.VIPOff, After: 0.002}}},
		{"haproxy ends", func(n *node) { n.ProxyEnded("ended by signal 9 (killed)") }, keepalived.StateFault,
			[]status.Phase{{Name: status.Noticed, After: -0.003}, {Name: status.Decided, After: -0.003}, {Name: status.VIPOff, After: 0.002}}},
		{"keepalived ends", func(n *node) {}, keepalived.StateStopped,
			[]status.Phase{{Name: status.VIPOff, After: 0.002}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			simulate(t, 0, func(n *node) {
				n.ready()
				n.Elected(keepalived.StateMaster)
				busy := slices.Clone(healthy.Servers)
				busy[0].Sessions, busy[0].OnVIP = 9, 7
				n.probe(Answer{OK: true, Servers: busy})
				time.Sleep(time.Hour)
				n.Answered(Answer{OK: true, Asked: time.Now(), Servers: []haproxy.Server{busy[0]}})
				tt.event(n)
				time.Sleep(3 * time.Millisecond)
				n.Elected(tt.to)
				time.Sleep(2 * time.Millisecond)
				n.VIP(false, time.Now())
				n.says(func(p *status.Node) { p.VRRP.State = "MASTER" })
				got := n.latestRecord()
				if diff := cmp.Diff(tt.phases, got.Phases); diff != "" {
					t.Errorf("phases (-want +got):\n%s", diff)
				}
				if got.HeldBefore != "lb-a" || got.HeldAfter != "lb-b" || got.Cut != 7 || got.Counted.Duration() > time.Second {
					t.Errorf("held by %q and then by %q, %d open %v s before; want lb-a, lb-b, 7, at most 1 s",
						got.HeldBefore, got.HeldAfter, got.Cut, got.Counted)
				}
			})
		})
	}
}

func TestEachRecordIsCompletedOnce(t *testing.T) {
	simulate(t, 0, func(n *node) {
		n.Elected(keepalived.StateBackup)
		n.Elected(keepalived.StateMaster) // before that of the backup was
		for range 20 {
			time.Sleep(time.Second)
			n.Reconsider()
		}
		var got []int
		for _, c := range n.completed {
			got = append(got, c.Number)
		}
		if diff := cmp.Diff([]int{1, 2}, got); diff != "" {
			t.Errorf("completed (-want +got):\n%s", diff)
		}
		n.VIP(true, time.Now())
		if latest := n.latestRecord(); latest.Has(status.VIPOn) {
			t.Error("what came 20 s later belongs to the change")
		}
	})
}

func TestPeersTellTheirChanges(t *testing.T) {
	simulate(t, 0, func(n *node) {
		change := func(number int, uptime status.Seconds, why string) status.Change {
			return status.Change{Number: number, Uptime: uptime, At: time.Unix(int64(number), 0), To: "FAULT", Why: why}
		}
		tell := func(uptime status.Seconds, changes ...status.Change) {
			n.says(func(p *status.Node) { p.Uptime, p.Changes = uptime, changes })
		}
		tell(100, change(1, 90, "first"))
		time.Sleep(time.Second)
		tell(101, change(1, 90, "first"), change(2, 100.5, "second"))
		time.Sleep(time.Second)
		n.says(nil) // which tells none, and takes none back
		tell(102, change(1, 90, "first"), change(2, 100.5, "second, better known"))
		var got []string
		for _, r := range n.Records() {
			got = append(got, fmt.Sprintf("%s %v %s", r.Node, r.Ago, r.Change.Why))
		}
		if diff := cmp.Diff([]string{"lb-b 12 first", "lb-b 1.5 second, better known"}, got); diff != "" {
			t.Errorf("records (-want +got):\n%s", diff)
		}
		tell(103, change(3, 103, strings.Repeat("long ", mostRecorded)))
		if r := n.Records(); len(r) != 2 {
			t.Errorf("%d records, want those 2 that are not too long", len(r))
		}
		for i := range 2 * rememberedOfPeer {
			tell(200, change(10+i, 200, "more"))
		}
		if r := n.Records(); len(r) != rememberedOfPeer {
			t.Errorf("%d records of a peer are kept, want %d", len(r), rememberedOfPeer)
		}
	})
}
