package main

import (
	"net"
	"net/netip"
	"testing"

	"twinlb/init/sockdiag"
	"twinlb/seed"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestPortAtWhichNobodyListensIsClosed(t *testing.T) {
	listen := func(address string) *net.TCPListener {
		t.Helper()
		l, err := net.Listen("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { l.Close() })
		return l.(*net.TCPListener)
	}
	at := func(l *net.TCPListener) netip.AddrPort { return l.Addr().(*net.TCPAddr).AddrPort() }
	first, second := listen("127.0.0.2:0"), listen("127.0.0.2:0")
	listen(netip.AddrPortFrom(netip.MustParseAddr("127.0.0.3"), at(first).Port()).String())
	spec := &seed.Spec{Pair: seed.Pair{
		VIPs:  []netip.Addr{at(first).Addr(), netip.MustParseAddr("127.0.0.3")},
		Pools: []seed.Pool{{Port: at(first).Port()}, {Port: at(second).Port()}},
	}}
	var kernel sockdiag.Kernel
	expect := func(when string, want ...netip.AddrPort) {
		t.Helper()
		got, err := closedPorts(spec, kernel.Each)
		if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b netip.AddrPort) bool { return a == b }), cmpopts.EquateEmpty()); err != nil || diff != "" {
			t.Errorf("%s: closed are %v, %v (-want +got):\n%s", when, got, err, diff)
		}
	}
	missing := netip.AddrPortFrom(spec.VIPs[1], at(second).Port())
	expect("one of four was never open", missing)
	conn, err := net.Dial("tcp", at(first).String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	first.Close()
	expect("a connection is no port that listens", at(first), missing)
}
