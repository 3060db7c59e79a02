package main

import (
	"strings"
	"testing"

	"twinlb/init/status"
)

func TestSuccessor(t *testing.T) {
	backup := func(name string, priority int, change func(*status.Peer)) status.Peer {
		p := status.Peer{Name: name, Heard: true, Node: &status.Node{
			Name: name, VRRP: status.VRRP{State: "BACKUP", Able: true, Priority: priority},
			Backends: []status.Backend{{Pool: "mysql", Name: "m1", Up: true}},
		}}
		if change != nil {
			change(&p)
		}
		return p
	}
	silent := func(p *status.Peer) { p.Heard = false }
	never := func(p *status.Peer) { p.Heard, p.Node = false, nil }
	unable := func(p *status.Peer) { p.Node.VRRP.Able, p.Node.VRRP.Reason = false, "haproxy is not ready" }
	fault := func(p *status.Peer) { p.Node.VRRP.State = "FAULT" }
	proving := func(p *status.Peer) { p.Node.VRRP.Preference = -20 }
	blind := func(p *status.Peer) { p.Node.Backends[0].Up = false }
	for _, tt := range []struct {
		name    string
		b, c, d func(*status.Peer)
		want    string // who, or a part of why nobody
	}{
		{"all are well", nil, nil, nil, "lb-b"},
		{"the next is not heard", silent, nil, nil, "lb-c"},
		{"the next two can't", unable, never, nil, "lb-d"},
		{"the next is proving itself", proving, nil, nil, "lb-c"},
		{"all are proving themselves", proving, proving, proving, "lb-b"},
		{"the next is in a fault, the others prove themselves", fault, proving, proving, "lb-c"},
		{"nobody can", silent, unable, fault, "lb-b is not heard; lb-c may not hold it: haproxy is not ready; lb-d is FAULT"},
		{"who would be elected reaches nothing", unable, blind, nil, "lb-c would take the VIP over, and reaches no backend of mysql"},
	} {
		pair := &status.Pair{
			Node:  status.Node{Backends: []status.Backend{{Pool: "mysql", Name: "m1", Up: true}}},
			Peers: []status.Peer{backup("lb-b", 246, tt.b), backup("lb-c", 242, tt.c), backup("lb-d", 238, tt.d)},
		}
		got, err := successor(pair)
		switch {
		case err != nil && strings.HasPrefix(tt.want, "lb-") && !strings.Contains(tt.want, " "):
			t.Errorf("%s: %v, want %s", tt.name, err, tt.want)
		case err != nil && !strings.Contains(err.Error(), tt.want):
			t.Errorf("%s: %v, want an error with %q", tt.name, err, tt.want)
		case err == nil && got.Name != tt.want:
			t.Errorf("%s: %s, want %s", tt.name, got.Name, tt.want)
		}
	}
}
