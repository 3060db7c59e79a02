package plan

import (
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"gotest.tools/v3/golden"

	"twinlb/seed"
	"twinlb/seed/netconfig"
	"twinlb/services"
)

// example is the master of examples/pair.yaml, changed.
func example(t *testing.T, change func(*seed.Spec)) *seed.Spec {
	t.Helper()
	pair, err := seed.Load("../../examples/pair.yaml")
	if err != nil {
		t.Fatal(err)
	}
	pair.AuthorizedKeys = []string{"ssh-ed25519 AAAA ops@example"}
	spec, err := pair.ForRole(seed.Master)
	if err != nil {
		t.Fatal(err)
	}
	change(spec)
	return spec
}

func of(t *testing.T, spec *seed.Spec) Plan {
	t.Helper()
	p, err := Of(spec, Host(spec))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func nothing(*seed.Spec) {}

func TestPlanOfTheExample(t *testing.T) {
	p := of(t, example(t, nothing))
	golden.Assert(t, p.Node, "node.txt")
	golden.Assert(t, p.Network, "network.txt")
	var paths []string
	for _, f := range p.Files {
		paths = append(paths, f.Path)
	}
	want := []string{"/haproxy/run/haproxy.cfg", "/run/keepalived/keepalived.conf"}
	if diff := cmp.Diff(want, paths); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	text := p.String()
	for _, part := range []string{"# node\nname ", "\n\n# network\neth0 ", "\n\n# /haproxy/run/haproxy.cfg\n", "\n\n# /run/keepalived/keepalived.conf\n"} {
		if strings.Count(text, part) != 1 {
			t.Errorf("%q is not once in\n%s", part, text)
		}
	}
}

func mac(text string) net.HardwareAddr {
	m, err := net.ParseMAC(text)
	if err != nil {
		panic(err)
	}
	return m
}

// TestEveryKindOfLink has a bond with a VLAN on it for the traffic, and an
// interface for the management.
func TestEveryKindOfLink(t *testing.T) {
	spec := example(t, func(s *seed.Spec) {
		s.Network = netconfig.Network{
			Links: []netconfig.Link{
				{ID: "left", Kind: netconfig.Ethernet, Match: netconfig.Match{MAC: mac("52:54:00:00:00:01")}, Name: "leg0", MTU: 9000},
				{ID: "right", Kind: netconfig.Ethernet, Match: netconfig.Match{Name: "enp*", Driver: "virtio*"}},
				{ID: "bond0", Kind: netconfig.BondLink, MTU: 9000, Bond: netconfig.Bond{Members: []string{"left", "right"}, Primary: "left", Monitor: 100 * time.Millisecond, UpDelay: time.Second, Gratuity: 3}},
				{
					ID: "vlan12", Kind: netconfig.VLANOnLink, VLAN: netconfig.VLAN{Tag: 12, On: "bond0"},
					Addresses: []netip.Prefix{netip.MustParsePrefix("192.168.100.53/24"), netip.MustParsePrefix("2001:db8::53/64")},
					Routes: []netconfig.Route{
						{To: netip.MustParsePrefix("0.0.0.0/0"), Via: netip.MustParseAddr("192.168.100.1"), Metric: 100},
						{To: netip.MustParsePrefix("10.8.0.0/16"), Via: netip.MustParseAddr("10.9.0.1"), OnLink: true},
						{To: netip.MustParsePrefix("10.7.0.0/16")},
					},
				},
				{ID: "eth9", Kind: netconfig.Ethernet, Match: netconfig.Match{Name: "eth9"}, DHCPv4: true, DHCPv6: true, AcceptRA: true},
			},
			Traffic: "vlan12", Management: "eth9",
			Nameservers: []netip.Addr{netip.MustParseAddr("192.168.100.1"), netip.MustParseAddr("2001:db8::1")},
			Search:      []string{"example.com", "example.org"},
		}
		s.VRRP.Preempt = seed.NeverPreempt
		s.AuthorizedKeys = nil
	})
	if host := Host(spec); host.Interface != "vlan12" || host.Management != "eth9" {
		t.Errorf("the interfaces of the host are %q and %q, want vlan12 and eth9", host.Interface, host.Management)
	}
	p := of(t, spec)
	golden.Assert(t, p.Network, "every-kind-of-link.txt")
	golden.Assert(t, p.Node, "never-preempt.txt")
}

func TestDiff(t *testing.T) {
	was := of(t, example(t, nothing))
	if got := Diff(was, of(t, example(t, nothing))); got != "" {
		t.Errorf("Diff of two that are equal:\n%s", got)
	}
	is := of(t, example(t, func(s *seed.Spec) {
		s.VRRP.Preempt = time.Minute
		s.Pools[0].Backends = s.Pools[0].Backends[:1]
		s.VIPs = append(s.VIPs, netip.MustParseAddr("192.168.100.61"))
	}))
	was.Files, is.Files = nil, nil // other tests look at them
	golden.Assert(t, Diff(was, is), "diff.txt")

	one := services.File{Path: "/one", Data: []byte("1\n")}
	gone := Diff(Plan{Files: []services.File{one}}, Plan{})
	come := Diff(Plan{}, Plan{Files: []services.File{one}})
	for got, want := range map[string]string{
		gone: "--- /one\n+++ /one\n@@ -1,1 +0,0 @@\n-1\n",
		come: "--- /one\n+++ /one\n@@ -0,0 +1,1 @@\n+1\n",
	} {
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("a file on one side only (-want +got):\n%s", diff)
		}
	}
}

func TestWhatAServiceCannotRunWithIsNoPlan(t *testing.T) {
	spec := example(t, func(s *seed.Spec) { s.Pools[0].Backends[0].Name = "a\nb" })
	if p, err := Of(spec, Host(spec)); err == nil {
		t.Errorf("Of = %v, want an error", p)
	}
}
