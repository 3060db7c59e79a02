package admin

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"twinlb/init/control"
	"twinlb/init/drill"
	"twinlb/init/journal"
	"twinlb/init/status"

	"gotest.tools/v3/golden"
)

var (
	versions = []status.Version{{Part: "linux", Version: "6.12.107"}, {Part: "haproxy", Version: "3.0.11"}, {Part: "keepalived", Version: "2.3.3"}}
	oneDay   = status.InSeconds(27*time.Hour + 5*time.Minute)
)

func lbA() status.Node {
	return status.Node{
		Name: "lb-a", Role: "master", Address: "192.168.100.53/24", Seed: "5f0c12ab34cd", Uptime: oneDay,
		VIPs:   []string{"192.168.100.60"},
		Memory: status.Memory{Total: 112 << 20, Available: 80 << 20},
		VRRP:   status.VRRP{State: "MASTER", For: oneDay - 1, Able: true, Priority: 250, Reason: "healthy"},
		Backends: []status.Backend{
			{Pool: "mysql", Name: "mysql1", Address: "192.168.100.51:3306", Up: true, Check: "L7OK", Sessions: 112},
			{Pool: "mysql", Name: "mysql2", Address: "192.168.100.50:3306", Up: true, Check: "L7OK", Sessions: 1, Backup: true},
		},
		Services: []status.Service{
			{Name: "haproxy", Phase: "running", PID: 71, For: oneDay - 1},
			{Name: "keepalived", Phase: "running", PID: 80, For: oneDay - 1},
			{Name: "admin", Phase: "running", PID: 81, For: oneDay - 1},
		},
		Versions: versions,
	}
}

func lbB() status.Node {
	b := lbA()
	b.Name, b.Role, b.Address, b.Uptime = "lb-b", "backup", "192.168.100.54/24", 65.2
	b.Memory = status.Memory{} // it runs an older image, which does not tell
	b.VRRP = status.VRRP{State: "BACKUP", For: 64, Able: true, Priority: 246, Reason: "healthy"}
	b.Backends = []status.Backend{
		{Pool: "mysql", Name: "mysql1", Address: "192.168.100.51:3306", Up: true, Check: "L7OK"},
		{Pool: "mysql", Name: "mysql2", Address: "192.168.100.50:3306", Up: true, Check: "L7OK", Backup: true},
	}
	return b
}

func pair(change func(p *status.Pair, b *status.Node)) *status.Pair {
	b := lbB()
	p := &status.Pair{Node: lbA(), Peers: []status.Peer{{Name: b.Name, Address: b.Address, Heard: true, Ago: 0.2, Node: &b}}}
	change(p, &b)
	p.Judge()
	return p
}

// dualStack has long addresses, a management interface, and a seed that came on a drive.
func dualStack(p *status.Pair, b *status.Node) {
	p.Peers[0].Second = "2001:db8:1234:5678:9abc:def0:1234:54/64"
	for _, n := range []*status.Node{&p.Node, b} {
		n.Second = strings.ReplaceAll("2001:db8:1234:5678:9abc:def0:1234:NN/64", "NN", n.Address[12:14])
		n.Management = strings.ReplaceAll("10.0.0.NN/24 on eth1", "NN", n.Address[12:14])
		n.VIPs = append(n.VIPs, "2001:db8:1234:5678:9abc:def0:1234:60")
		for i := range n.Backends {
			n.Backends[i].Address = strings.ReplaceAll("[2001:db8:1234:5678:9abc:def0:1234:5N]:3306", "N", fmt.Sprint(i))
		}
	}
	p.Node.SeedFrom = "/dev/sr0 (iso9660, cidata)"
	p.Node.Warnings = []string{"user-data:1:1: warning: nobody can log in: there are no ssh_authorized_keys"}
}

func TestShow(t *testing.T) {
	at := time.Date(2026, 10, 20, 3, 12, 44, 123456789, time.UTC)
	status1 := command{verb: control.Status}
	for _, tt := range []struct {
		name    string
		command command
		reply   control.Reply
	}{
		{"status-well", status1, control.Reply{Pair: pair(func(*status.Pair, *status.Node) {})}},
		{"status-backend-down", status1, control.Reply{Pair: pair(func(p *status.Pair, b *status.Node) {
			b.Backends[1].Up, b.Backends[1].Check, b.Backends[1].Detail = false, "L7STS", "1045 Access denied for user 'haproxy_check'@'192.168.100.54' (using password: NO)"
			b.VRRP.Preference, b.VRRP.Reason = -20, "healthy, but not yet for 30s"
			b.Services[0].Restarts = 1
		})}},
		{"status-peer-silent", status1, control.Reply{Pair: pair(func(p *status.Pair, _ *status.Node) {
			p.Peers[0].Heard, p.Peers[0].Ago = false, 12.3
		})}},
		{"status-peer-never-heard", status1, control.Reply{Pair: pair(func(p *status.Pair, _ *status.Node) {
			p.Peers[0].Heard, p.Peers[0].Ago, p.Peers[0].Node = false, 40, nil
		})}},
		{"status-not-serving", status1, control.Reply{Pair: pair(func(p *status.Pair, b *status.Node) {
			for _, n := range []*status.Node{&p.Node, b} {
				n.VRRP.State, n.VRRP.Able, n.VRRP.Reason, n.VRRP.For = "FAULT", false, "haproxy is not ready", 3.21
				for i := range n.Backends {
					n.Backends[i].Up, n.Backends[i].Check, n.Backends[i].Detail = false, "L4CON", "Connection refused"
				}
				n.Services[0].Phase, n.Services[0].For, n.Services[0].Restarts, n.Services[0].LastExit = "waiting", 1.5, 7, "ended with exit status 1"
			}
			b.Seed = "000000000000"
		})}},
		{"status-starting", status1, control.Reply{Pair: pair(func(p *status.Pair, b *status.Node) {
			for _, n := range []*status.Node{&p.Node, b} {
				n.VRRP = status.VRRP{Priority: 250, Reason: "haproxy is not ready"}
				n.Backends, n.Services = nil, nil
			}
		})}},
		{"status-conflicts", status1, control.Reply{Pair: pair(func(p *status.Pair, b *status.Node) {
			p.Node.Conflicts = []status.Conflict{
				{Kind: status.VIPClaimed, By: "52:54:00:00:00:99", Address: "192.168.100.60", Ago: 3, Times: 2},
				{Kind: status.ForeignAdverts, By: "192.168.100.99", For: 600, Ago: 1, Times: 601},
			}
			b.Conflicts = []status.Conflict{{Kind: status.SplitBrain, By: "lb-a", For: 12.3, Ago: 341, Times: 1, Over: true}}
		})}},
		{"status-dual-stack", status1, control.Reply{Pair: pair(dualStack)}},
		{"status-many-nodes", status1, control.Reply{Pair: pair(func(p *status.Pair, b *status.Node) {
			for _, name := range []string{"lb-c", "lb-d", "lb-e", "lb-f"} {
				p.Peers = append(p.Peers, status.Peer{Name: name, Address: "192.168.100.55/24", Heard: true, Node: b})
			}
			p.Peers[3] = status.Peer{Name: "lb-e", Address: "192.168.100.57/24"}
		})}},
		{"status-json", command{verb: control.Status, json: true}, control.Reply{Pair: pair(func(*status.Pair, *status.Node) {})}},
		{"services", command{verb: control.Services}, control.Reply{Services: append(lbA().Services,
			status.Service{Name: "prober", Phase: "waiting", For: 0.4, Restarts: 12, LastExit: "ended by signal 9 (killed)"})}},
		{"services-json", command{verb: control.Services, json: true}, control.Reply{Services: lbA().Services[:1]}},
		{"history", command{verb: control.History}, control.Reply{History: []status.Change{
			{At: at, To: "BACKUP", Why: "keepalived started"},
			{At: at.Add(700 * time.Millisecond), From: "BACKUP", To: "MASTER", Lasted: 0.7, Why: "no adverts from lb-b"},
			{At: at.Add(26 * time.Hour), From: "MASTER", To: "FAULT", Lasted: 93599.3, Why: "haproxy does not answer"},
		}}},
		{"history-one", command{verb: control.History, number: 1}, control.Reply{History: []status.Change{{}, loss(at)}}},
		{"why", command{verb: control.Why}, control.Reply{Records: []status.Record{
			{Node: "lb-a", Ago: 34567, Change: loss(at)}, {Node: "lb-b", Ago: 34566.9, Change: takeover(at)},
		}}},
		{"why-nobody", command{verb: control.Why}, control.Reply{Records: []status.Record{{Node: "lb-a", Ago: 34567, Change: status.Change{At: at, From: "MASTER", To: "STOP", Why: "keepalived has stopped"}}}}},
		{"why-untold", command{verb: control.Why}, control.Reply{Records: []status.Record{{Node: "lb-a", Ago: 0.3, Change: loss(at)}}}},
		{"why-back", command{verb: control.Why}, control.Reply{Records: []status.Record{
			{Node: "lb-b", Ago: 2.6, Change: takeover(at)},
			{Node: "lb-b", Ago: 0.3, Change: status.Change{At: at, From: "MASTER", To: "FAULT", Why: "failover, asked by ops", HeldBefore: "lb-b", HeldAfter: "lb-a"}},
		}}},
		{"why-make-before-break", command{verb: control.Why}, control.Reply{Records: []status.Record{
			{Node: "lb-b", Ago: 2.6, Change: takeover(at)},
			{Node: "lb-a", Ago: 2.5, Change: status.Change{At: at, From: "MASTER", To: "BACKUP", Why: "failover, asked by ops", HeldBefore: "lb-a", HeldAfter: "lb-b"}},
		}}},
		{"why-never", command{verb: control.Why}, control.Reply{}},
		{"why-json", command{verb: control.Why, json: true}, control.Reply{Records: []status.Record{{Node: "lb-b", Ago: 34566.9, Change: takeover(at)}}}},
		{"drill", command{verb: control.Drill}, control.Reply{Steps: drill.Steps([]string{"lb-a", "lb-b"})}},
		{"drilled", command{verb: control.Drill, yes: true}, control.Reply{Drilled: &drill.Report{
			Result:  drill.Result{Do: drill.Switchover, On: "lb-a", From: "lb-b", To: "lb-b", Moved: true, Outage: 20 * time.Millisecond, Tried: 312, Failed: 1},
			Earlier: 3, Most: 40 * time.Millisecond,
		}}},
		{"drilled-first", command{verb: control.Drill, yes: true}, control.Reply{Drilled: &drill.Report{
			Result: drill.Result{Do: drill.Elector, On: "lb-b", From: "lb-a", To: "lb-a", Tried: 298},
		}}},
		{"drilled-worse", command{verb: control.Drill, yes: true}, control.Reply{Drilled: &drill.Report{
			Result:  drill.Result{Do: drill.Proxy, On: "lb-a", From: "lb-b", To: "lb-b", Moved: true, Outage: 640 * time.Millisecond, Tried: 312, Failed: 32},
			Earlier: 1, Least: 20 * time.Millisecond, Most: 20 * time.Millisecond,
		}}},
		{"history-empty", command{verb: control.History}, control.Reply{}},
		{"history-json", command{verb: control.History, json: true}, control.Reply{}},
		{"logs", command{verb: control.Logs}, control.Reply{Lines: []journal.Line{
			{At: at, Subject: "boot", Text: "seed done in 12 ms"},
			{At: at.Add(time.Second), Subject: "keepalived", Text: "(lb) Entering MASTER STATE"},
			{At: at.Add(2 * time.Second), Subject: "a-long-subject", Text: "text"},
		}}},
		{"config", command{verb: control.Config}, control.Reply{Files: []control.File{
			{Path: "/haproxy/run/haproxy.cfg", Text: "global\n    log stdout\n\n"},
			{Path: "/run/keepalived.conf", Text: "global_defs {\n}\n"},
		}}},
		{"failover", command{verb: control.Failover}, control.Reply{Said: "lb-b holds the VIP; lb-a takes it again after 30s in health"}},
		{"help", command{help: true}, control.Reply{Said: strings.TrimSuffix(help, "\n")}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var text strings.Builder
			if err := show(&text, tt.command, tt.reply); err != nil {
				t.Fatal(err)
			}
			golden.Assert(t, text.String(), tt.name+".txt")
			for line := range strings.Lines(text.String()) {
				if strings.TrimRight(line, " \n") != strings.TrimRight(line, "\n") {
					t.Errorf("line ends with blanks: %q", line)
				}
			}
		})
	}
}

// loss and takeover are the two sides of one event.
func loss(at time.Time) status.Change {
	return status.Change{
		Number: 4, At: at, Uptime: oneDay, From: "MASTER", To: "FAULT", Lasted: oneDay - 1, Why: "haproxy ended by signal 9 (killed)",
		HeldBefore: "lb-a", HeldAfter: "lb-b", Cut: 12, Counted: 0.731,
		Phases: []status.Phase{
			{Name: status.Noticed, After: -0.004}, {Name: status.Decided, After: -0.004}, {Name: status.VIPOff, After: 0.001},
		},
		Peers: []status.Word{{Name: "lb-b", Ago: 0.1, State: "BACKUP", Able: true, Reason: "healthy", Advert: status.Never}},
	}
}

func takeover(at time.Time) status.Change {
	return status.Change{
		Number: 2, At: at.Add(20 * time.Millisecond), Uptime: oneDay, From: "BACKUP", To: "MASTER", Lasted: oneDay - 1,
		Why: "lb-a let it go: haproxy ended by signal 9 (killed)", HeldBefore: "lb-a", HeldAfter: "lb-b",
		Phases: []status.Phase{
			{Name: status.LastAdvert, After: -0.011}, {Name: status.VIPOn, After: 0.002}, {Name: status.Answered, After: 0.031},
		},
		Peers: []status.Word{
			{Name: "lb-a", Ago: 0.009, State: "MASTER", Reason: "haproxy ended by signal 9 (killed)", Advert: 0.011, Priority: 0},
			{Name: "lb-c", Ago: status.Never, Advert: status.Never},
		},
	}
}

func TestSpan(t *testing.T) {
	for seconds, want := range map[status.Seconds]string{
		0: "0.0 s", 0.44: "0.4 s", 12.9: "12 s", 61: "1 min 1 s", 3600: "1 h 0 min", 90000: "1 d 1 h",
	} {
		if got := span(seconds); got != want {
			t.Errorf("span(%v) = %q, want %q", seconds, got, want)
		}
	}
}
