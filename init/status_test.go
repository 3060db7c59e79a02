package main

import (
	"net/netip"
	"testing"
	"time"

	"twinlb/init/failover"
	"twinlb/seed"
	"twinlb/services/haproxy"
	"twinlb/services/keepalived"
)

func TestStatusTellsWhoHoldsTheVIP(t *testing.T) {
	longAgo := time.Now().Add(-time.Minute)
	for _, tt := range []struct {
		name  string
		state keepalived.State
		since time.Time
		peers int
		want  string
	}{
		{"before keepalived runs", "", time.Time{}, 1, "not here: the election is not over"},
		{"master", keepalived.StateMaster, time.Now(), 1, "held by this node"},
		{"backup that hears adverts", keepalived.StateBackup, longAgo, 1, "held by the peer lb-b"},
		{"backup of several", keepalived.StateBackup, longAgo, 2, "held by a peer"},
		{"backup that may hear none", keepalived.StateBackup, time.Now(), 1, "not here: the election is not over"},
		{"fault", keepalived.StateFault, longAgo, 1, "not here: this node may not hold it"},
		{"keepalived has ended", keepalived.StateStopped, longAgo, 1, "not here: the election is not over"},
	} {
		spec := &seed.Spec{Pair: seed.Pair{VRRP: seed.VRRP{AdvertInterval: time.Second}}}
		for range tt.peers {
			spec.Peers = append(spec.Peers, seed.Node{Name: "lb-b"})
		}
		b := &balancer{node: &node{spec: spec}}
		if got := b.holder(failover.Status{State: tt.state, Since: tt.since}); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestStatusTellsWhyABackendIsDown(t *testing.T) {
	spec := &seed.Spec{
		Pair: seed.Pair{VIPs: []netip.Addr{netip.MustParseAddr("192.0.2.60")}},
		Node: seed.Node{Name: "lb-a", Role: seed.Master, Address: netip.MustParsePrefix("192.0.2.53/24")},
	}
	b := &balancer{node: &node{spec: spec}}
	got := b.status(failover.Status{
		State:    keepalived.StateMaster,
		Decision: failover.Decision{Able: true, Reason: "healthy"},
		Servers: []haproxy.Server{
			{Pool: "mysql", Name: "mysql1", Address: "192.0.2.51:3306", Up: true, Check: "L7OK"},
			{Pool: "mysql", Name: "mysql2", Address: "192.0.2.50:3306", Check: "L7STS", Detail: "Access denied for user 'haproxy_check'"},
		},
	})
	want := `twinlb lb-a (master) 192.0.2.53/24
  VIP      192.0.2.60             held by this node
  node     may hold the VIP       healthy
  backend  192.0.2.51:3306        up    mysql/mysql1 L7OK
  backend  192.0.2.50:3306        DOWN  mysql/mysql2 L7STS Access denied for user 'haproxy_check'
`
	if got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}
