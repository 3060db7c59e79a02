package metrics

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"twinlb/seed"
	"twinlb/services"

	"github.com/google/go-cmp/cmp"
)

func TestWhereItListens(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(*seed.Spec)
		host   services.Host
		want   string // the configuration, or part of an error
	}{
		{"on the node address", func(*seed.Spec) {}, services.Host{Interface: "eth0"}, `{"listen":["192.168.100.53:8406"]}`},
		{"on both node addresses", func(s *seed.Spec) { s.Node.Second = netip.MustParsePrefix("2001:db8::53/64") },
			services.Host{Interface: "eth0"}, `{"listen":["192.168.100.53:8406","[2001:db8::53]:8406"]}`},
		{"on the management interface", func(s *seed.Spec) { s.Network.Management = "m" },
			services.Host{Interface: "eth0", Management: "eth1"}, `{"listen":["[::]:8406"],"interface":"eth1"}`},
		{"nowhere by mistake", func(s *seed.Spec) { s.Network.Management = "m" },
			services.Host{Interface: "eth0"}, "it is for the management link m only"},
	} {
		spec := &seed.Spec{Node: seed.Node{Name: "lb-a", Address: netip.MustParsePrefix("192.168.100.53/24")}}
		tt.change(spec)
		s, err := Service(spec, tt.host)
		got := fmt.Sprint(err)
		if err == nil {
			got = string(s.Files[1].Data)
		}
		if !strings.Contains(got, tt.want) {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
		if diff := cmp.Diff([]string{"/init", "metrics"}, s.Argv); err == nil && diff != "" {
			t.Errorf("%s: argv: %s", tt.name, diff)
		}
		if err == nil && (s.UID != services.MetricsUser || len(s.Capabilities) > 0 || s.Root != "/metrics") {
			t.Errorf("%s: user %d with capabilities %v in %s", tt.name, s.UID, s.Capabilities, s.Root)
		}
	}
}
