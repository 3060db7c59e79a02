package services

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"twinlb/seed"
)

func TestListen(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(*seed.Spec)
		host   Host
		want   string // or part of an error
	}{
		{"on the node's address", func(*seed.Spec) {}, Host{Interface: "eth0"}, "[192.168.100.53:22]"},
		{"on both", func(s *seed.Spec) { s.Node.Second = netip.MustParsePrefix("2001:db8::53/64") },
			Host{Interface: "eth0"}, "[192.168.100.53:22 [2001:db8::53]:22]"},
		{"on the management interface", func(s *seed.Spec) { s.Network.Management = "m" },
			Host{Interface: "eth0", Management: "eth1"}, "[[::]:22]"},
		{"nowhere by mistake", func(s *seed.Spec) { s.Network.Management = "m" },
			Host{Interface: "eth0"}, "the management link m only"},
	} {
		spec := &seed.Spec{Node: seed.Node{Name: "lb-a", Address: netip.MustParsePrefix("192.168.100.53/24")}}
		tt.change(spec)
		all, err := Listen(spec, tt.host, 22)
		got := fmt.Sprint(all)
		if err != nil {
			got = err.Error()
		}
		if !strings.Contains(got, tt.want) {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}
