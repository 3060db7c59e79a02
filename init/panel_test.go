package main

import (
	"testing"

	"twinlb/init/status"
)

func TestPanelTellsWhoHoldsTheVIP(t *testing.T) {
	for _, tt := range []struct {
		name, mine, peers string // states
		heard             bool
		want              string
	}{
		{"before keepalived runs", "", "", false, "not here: the election is not over"},
		{"master", "MASTER", "BACKUP", true, "held by this node"},
		{"backup", "BACKUP", "MASTER", true, "held by lb-b"},
		{"backup whose peer is not heard any more", "BACKUP", "MASTER", false, "not here: the election is not over"},
		{"both", "MASTER", "MASTER", true, "held by this node AND lb-b"},
		{"fault, and the peer has it", "FAULT", "MASTER", true, "held by lb-b"},
		{"fault", "FAULT", "BACKUP", true, "not here: this node may not hold it"},
		{"keepalived has ended", "STOP", "FAULT", true, "not here: the election is not over"},
	} {
		p := &status.Pair{Node: status.Node{VRRP: status.VRRP{State: tt.mine}}}
		p.Peers = []status.Peer{{Name: "lb-b", Heard: tt.heard, Node: &status.Node{VRRP: status.VRRP{State: tt.peers}}}}
		if got := holder(p); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestPanelHasRoomForLongAddresses(t *testing.T) {
	got := panel(&status.Pair{
		Node: status.Node{
			Name: "lb-a", Role: "master", Address: "192.0.2.53/24", Second: "2001:db8::53/64",
			Management: "10.0.0.53/24 on eth1",
			VIPs:       []string{"192.0.2.60", "2001:db8:1234:5678:9abc:def0:1234:60"},
			VRRP:       status.VRRP{State: "MASTER", Able: true, Reason: "healthy"},
			Backends: []status.Backend{
				{Pool: "mysql", Name: "mysql1", Address: "[2001:db8::51]:3306", Up: true, Check: "L7OK"},
			},
		},
		Peers: []status.Peer{{Name: "lb-b"}},
	})
	want := `twinlb lb-a (master) 192.0.2.53/24 2001:db8::53/64
  VIP      192.0.2.60                           held by this node
  VIP      2001:db8:1234:5678:9abc:def0:1234:60 held by this node
  admin    10.0.0.53/24 on eth1
  node     may hold the VIP                     healthy
  peer     lb-b                                 not heard yet
  backend  [2001:db8::51]:3306                  up    mysql/mysql1 L7OK
`
	if got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

func TestPanel(t *testing.T) {
	got := panel(&status.Pair{
		Node: status.Node{
			Name: "lb-a", Role: "master", Address: "192.0.2.53/24", VIPs: []string{"192.0.2.60"},
			VRRP: status.VRRP{State: "MASTER", Able: true, Reason: "healthy"},
			Backends: []status.Backend{
				{Pool: "mysql", Name: "mysql1", Address: "192.0.2.51:3306", Up: true, Check: "L7OK"},
				{Pool: "mysql", Name: "mysql2", Address: "192.0.2.50:3306", Check: "L7STS", Detail: "Access denied for user 'haproxy_check'"},
			},
		},
		Peers: []status.Peer{
			{Name: "lb-b", Heard: true, Node: &status.Node{VRRP: status.VRRP{Able: true, Preference: -20, Reason: "healthy, but not yet for 30s"}}},
			{Name: "lb-c", Heard: true, Node: &status.Node{VRRP: status.VRRP{Able: true, Preference: -40, GivesAway: true, Reason: "failover"}}},
			{Name: "lb-d", Node: &status.Node{VRRP: status.VRRP{Able: true}}},
			{Name: "lb-e"},
		},
	})
	want := `twinlb lb-a (master) 192.0.2.53/24
  VIP      192.0.2.60             held by this node
  node     may hold the VIP       healthy
  peer     lb-b                   prefers the peer: healthy, but not yet for 30s
  peer     lb-c                   gives the VIP away: failover
  peer     lb-d                   NOT HEARD any more
  peer     lb-e                   not heard yet
  backend  192.0.2.51:3306        up    mysql/mysql1 L7OK
  backend  192.0.2.50:3306        DOWN  mysql/mysql2 L7STS Access denied for user 'haproxy_check'
`
	if got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}
