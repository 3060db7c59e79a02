package main

import (
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"twinlb/init/console"
	"twinlb/init/dhcp"
	"twinlb/init/network"
	"twinlb/seed"
	"twinlb/seed/netconfig"

	"github.com/google/go-cmp/cmp"
	"github.com/vishvananda/netlink"
)

// leasesFor are those of a node with a link eth0 for the traffic and eth1 besides.
func leasesFor(change func(traffic *netconfig.Link)) *leases {
	traffic := netconfig.Link{ID: "lan", DHCPv4: true, DHCPv6: true}
	if change != nil {
		change(&traffic)
	}
	n := netconfig.Network{Traffic: "lan", Links: []netconfig.Link{{ID: "mgmt", DHCPv4: true}, traffic}}
	mac := net.HardwareAddr{2, 0, 0, 0, 0, 0x53}
	return &leases{
		node: &node{consoles: &console.Consoles{}, spec: &seed.Spec{Network: n, Node: seed.Node{
			Name: "lb-a", Address: netip.MustParsePrefix("192.0.2.53/24"), Second: netip.MustParsePrefix("2001:db8::53/64"),
		}}},
		seed: n,
		links: network.Links{
			"lan":  &netlink.Dummy{LinkAttrs: netlink.LinkAttrs{Name: "eth0", HardwareAddr: mac, Index: -1}},
			"mgmt": &netlink.Dummy{LinkAttrs: netlink.LinkAttrs{Name: "eth1", HardwareAddr: mac, Index: -1}},
		},
		held:  make(map[leased]network.Lease),
		wrong: make(map[int]error),
	}
}

func report(link string, version int, address string) *dhcp.Report {
	return &dhcp.Report{Link: link, Version: version, Lease: &dhcp.Lease{Address: netip.MustParsePrefix(address), Seconds: 60}}
}

func TestTrafficTakesOnlyTheAddressOfTheSeed(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(*netconfig.Link)
		report *dhcp.Report
		fits   bool
	}{
		{"that of the seed", nil, report("eth0", 4, "192.0.2.53/24"), true},
		{"in another subnet", nil, report("eth0", 4, "192.0.2.53/25"), true},
		{"another", nil, report("eth0", 4, "192.0.2.54/24"), false},
		{"another besides that of the seed", func(l *netconfig.Link) { l.Addresses = []netip.Prefix{netip.MustParsePrefix("192.0.2.53/24")} },
			report("eth0", 4, "192.0.2.54/24"), true},
		{"that of the seed, of IPv6", nil, report("eth0", 6, "2001:db8::53/128"), true},
		{"another of IPv6", nil, report("eth0", 6, "2001:db8::54/128"), false},
		{"another where routers may give that of the seed", func(l *netconfig.Link) { l.AcceptRA = true }, report("eth0", 6, "2001:db8::54/128"), true},
		{"any on another link", nil, report("eth1", 4, "192.0.2.54/24"), true},
	} {
		l := leasesFor(tt.change)
		err := l.suits(l.find(tt.report), tt.report)
		if (err == nil) != tt.fits {
			t.Errorf("%s: %v, want that it fits: %t", tt.name, err, tt.fits)
		}
		for _, want := range []string{tt.report.Lease.Address.String(), ".53", "lb-a", "02:00:00:00:00:53", "eth0"} {
			if err != nil && tt.report.Version == 4 && !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %q does not name %s", tt.name, err, want)
			}
		}
	}
}

func TestLeaseThatDoesNotFitEndsTheWait(t *testing.T) {
	l := leasesFor(nil)
	if err := l.misfit(); err != nil {
		t.Errorf("before there is any: %v", err)
	}
	l.take(`{"link":"eth0","version":4,"lease":{"address":"192.0.2.54/24","seconds":60}}`)
	l.take(`{"link":"eth1","version":4,"why":"it is over"}`)
	if err := l.misfit(); err == nil || !strings.Contains(err.Error(), "192.0.2.54/24") || !strings.Contains(err.Error(), "192.0.2.53/24") {
		t.Errorf("misfit = %v, want an error with both addresses", err)
	}
	if len(l.held) != 0 {
		t.Errorf("it holds %v, want none", l.held)
	}
	var none *leases
	if err := none.misfit(); err != nil {
		t.Errorf("of a node without leases: %v", err)
	}
}

func TestWhatWasNotAskedForIsRefused(t *testing.T) {
	l := leasesFor(nil)
	for _, line := range []string{
		`{"link":"eth1","version":6,"why":"it is over"}`,
		`{"link":"lan","version":4,"why":"it is over"}`,
		`{"link":"lo","version":4,"why":"it is over"}`,
		`{"nonsense":1}`,
	} {
		before := len(l.node.journal.Lines("dhcp"))
		l.take(line)
		if len(l.node.journal.Lines("dhcp")) != before+1 {
			t.Errorf("%s: nothing was said", line)
		}
	}
}

func TestRoutesOfALease(t *testing.T) {
	l := leasesFor(func(l *netconfig.Link) { l.MTU = 1500 })
	given := &dhcp.Lease{Address: netip.MustParsePrefix("192.0.2.53/24"), Seconds: 60, MTU: 1400, Routes: []dhcp.Route{
		{To: netip.MustParsePrefix("0.0.0.0/0"), Via: netip.MustParseAddr("192.0.2.1")},
		{To: netip.MustParsePrefix("10.0.0.0/8"), Via: netip.MustParseAddr("198.51.100.1")},
		{To: netip.MustParsePrefix("172.16.0.0/12")},
	}}
	for _, tt := range []struct {
		id          string
		metric, mtu int
	}{{"lan", 1024, 0}, {"mgmt", 1025, 1400}} {
		want := &network.Lease{Address: given.Address, Lifetime: time.Minute, MTU: tt.mtu, Routes: []netconfig.Route{
			{To: given.Routes[0].To, Via: given.Routes[0].Via, Metric: tt.metric},
			{To: given.Routes[1].To, Via: given.Routes[1].Via, Metric: tt.metric, OnLink: true},
			{To: given.Routes[2].To, Metric: tt.metric},
		}}
		got := l.lease(l.seed.Link(tt.id), given)
		if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b netip.Prefix) bool { return a == b }), cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.id, diff)
		}
	}
}
