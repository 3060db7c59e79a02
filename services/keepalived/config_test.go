package keepalived

import (
	"net/netip"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"twinlb/seed"
	"twinlb/services"

	"github.com/google/go-cmp/cmp"
	"gotest.tools/v3/golden"
)

var host = services.Host{Interface: "eth0", Memory: 256 << 20}

func load(t *testing.T, example string) *seed.Pair {
	t.Helper()
	pair, err := seed.Load(filepath.Join("..", "..", "examples", example+".yaml"))
	if err != nil {
		t.Fatal(err)
	}
	return pair
}

func TestConfigOfTheExamples(t *testing.T) {
	for _, tt := range []struct {
		example string
		role    seed.Role
	}{
		{"pair", seed.Master},
		{"pair", seed.Backup},
		{"galera", seed.Master},
		{"mysql8", seed.Master},
		{"../services/testdata/dual-stack", seed.Master},
		{"../services/testdata/ipv6", seed.Backup},
	} {
		name := filepath.Base(tt.example) + "-" + string(tt.role)
		t.Run(name, func(t *testing.T) {
			spec, err := load(t, tt.example).ForRole(tt.role)
			if err != nil {
				t.Fatal(err)
			}
			host := host
			if spec.Node.Management != nil {
				host.Management = spec.Node.Management.Interface
			}
			got, err := Config(spec, host)
			if err != nil {
				t.Fatal(err)
			}
			golden.Assert(t, string(got), name+".conf")
		})
	}
}

// Two nodes that disagree on anything but these lines are two masters.
func TestNodesOfAPairDifferOnlyInWhatIsTheirs(t *testing.T) {
	pair := load(t, "pair")
	var configs [2][]string
	for i, spec := range pair.Specs() {
		config, err := Config(spec, host)
		if err != nil {
			t.Fatal(err)
		}
		configs[i] = strings.Split(string(config), "\n")
	}
	var got []string
	for i, line := range configs[0] {
		if line != configs[1][i] {
			got = append(got, strings.TrimSpace(line)+" | "+strings.TrimSpace(configs[1][i]))
		}
	}
	want := []string{
		"router_id lb-a | router_id lb-b",
		"priority 250 | priority 246",
		"unicast_src_ip 192.168.100.53 | unicast_src_ip 192.168.100.54",
		"192.168.100.54 min_ttl 255 | 192.168.100.53 min_ttl 255",
	}
	if diff := cmp.Diff(want, got); diff != "" || len(configs[0]) != len(configs[1]) {
		t.Errorf("lines that differ (-want +got):\n%s", diff)
	}
}

func TestAllVIPsAndPeersAreRendered(t *testing.T) {
	pair := load(t, "pair")
	pair.VIPs = append(pair.VIPs, netip.MustParseAddr("192.168.100.61"))
	pair.Nodes = append(pair.Nodes, seed.Node{Name: "lb-c", Role: seed.Backup, Address: netip.MustParsePrefix("192.168.100.55/24")})
	got, err := Config(pair.Specs()[1], host)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"    unicast_peer {\n        192.168.100.53 min_ttl 255\n        192.168.100.55 min_ttl 255\n    }\n",
		"        192.168.100.60/32 dev eth0\n        192.168.100.61/32 dev eth0\n",
	} {
		if !strings.Contains(string(got), want) {
			t.Errorf("Config lacks\n%s\nit is\n%s", want, got)
		}
	}
}

// The instance speaks the family of the node's first address; VIPs of the other
// come and go with it.
func TestFamilyOfTheInstanceIsThatOfTheNode(t *testing.T) {
	v4, v6 := netip.MustParseAddr("192.168.100.60"), netip.MustParseAddr("2001:db8::60")
	nodes := map[string][2]netip.Prefix{
		"IPv4": {netip.MustParsePrefix("192.168.100.53/24"), netip.MustParsePrefix("192.168.100.54/24")},
		"IPv6": {netip.MustParsePrefix("2001:db8::53/64"), netip.MustParsePrefix("2001:db8::54/64")},
	}
	const (
		only4 = "    virtual_ipaddress {\n        192.168.100.60/32 dev eth0\n    }\n"
		only6 = "    virtual_ipaddress {\n        2001:db8::60/128 dev eth0\n    }\n"
		also4 = "    virtual_ipaddress_excluded {\n        192.168.100.60/32 dev eth0\n    }\n"
		also6 = "    virtual_ipaddress_excluded {\n        2001:db8::60/128 dev eth0\n    }\n"
	)
	for _, tt := range []struct {
		family string
		vips   []netip.Addr
		want   string // "" for an error
	}{
		{"IPv4", []netip.Addr{v4}, only4},
		{"IPv4", []netip.Addr{v6, v4}, only4 + also6},
		{"IPv6", []netip.Addr{v4, v6}, only6 + also4},
		{"IPv6", []netip.Addr{v6}, only6},
		{"IPv4", []netip.Addr{v6}, ""},
		{"IPv6", []netip.Addr{v4}, ""},
	} {
		pair := load(t, "pair")
		pair.VIPs = tt.vips
		for i := range 2 {
			pair.Nodes[i].Address = nodes[tt.family][i]
		}
		got, err := Config(pair.Specs()[0], host)
		if (err != nil) != (tt.want == "") || !strings.Contains(string(got), tt.want) {
			t.Errorf("Config of %s nodes with the VIPs %v is\n%s\n%v, want %s", tt.family, tt.vips, got, err, tt.want)
		}
		if n := strings.Count(string(got), "virtual_ipaddress"); tt.want != "" && n != strings.Count(tt.want, "virtual_ipaddress") {
			t.Errorf("Config of %s nodes with the VIPs %v has %d lists of them\n%s", tt.family, tt.vips, n, got)
		}
	}
}

func TestAdvertIntervalIsInSecondsToAHundredth(t *testing.T) {
	for d, want := range map[time.Duration]string{
		10 * time.Millisecond:    "0.01",
		200 * time.Millisecond:   "0.20",
		time.Second:              "1.00",
		40950 * time.Millisecond: "40.95", // the most that 12 bits hold
	} {
		if got := seconds(d); got != want {
			t.Errorf("seconds(%s) = %s, want %s", d, got, want)
		}
	}
}

func TestSeedAndHostCannotInject(t *testing.T) {
	for _, hostile := range []string{"a b", "a\n}", "a{", "a#b", `a"b`, "$A", ""} {
		for _, tt := range []struct {
			name   string
			change func(*seed.Spec, *services.Host)
		}{
			{"node name", func(s *seed.Spec, _ *services.Host) { s.Node.Name = hostile }},
			{"interface", func(_ *seed.Spec, h *services.Host) { h.Interface = hostile }},
			{"zone of a VIP", func(s *seed.Spec, _ *services.Host) {
				s.VIPs = []netip.Addr{netip.MustParseAddr("fe80::1").WithZone("eth0" + hostile + "\n")}
			}},
			{"address of a peer", func(s *seed.Spec, _ *services.Host) { s.Peers[0].Address = netip.Prefix{} }},
		} {
			spec, host := load(t, "pair").Specs()[0], host
			tt.change(spec, &host)
			got, err := Config(spec, host)
			if err == nil || !strings.Contains(err.Error(), "keepalived.conf of ") {
				t.Errorf("with the %s %q Config = %s, %v, want an error that begins with keepalived.conf of the node", tt.name, hostile, got, err)
			}
		}
	}
}

func TestServiceHasItsDirectoriesBeforeItsFiles(t *testing.T) {
	service, err := Service(load(t, "pair").Specs()[0], host)
	if err != nil {
		t.Fatal(err)
	}
	made := make(map[string]bool)
	for _, f := range service.Files {
		if f.Mode.IsDir() {
			made[f.Path] = true
		} else if !made[filepath.Dir(f.Path)] {
			t.Errorf("%s comes before its directory", f.Path)
		}
	}
	for _, path := range []string{AbleFile, PreferenceFile, NotifyFIFO, ConfigFile} {
		if !made[filepath.Dir(path)] {
			t.Errorf("the directory of %s is not made", path)
		}
	}
	if service.UID != services.KeepalivedUser || len(service.Capabilities) != 2 {
		t.Errorf("runs as %d with capabilities %v, want %d with two", service.UID, service.Capabilities, services.KeepalivedUser)
	}
}
