package keepalived

import (
	"flag"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"twinlb/seed"
	"twinlb/services"

	"github.com/google/go-cmp/cmp"
)

var (
	update = flag.Bool("update", false, "write what Config returns into testdata")
	host   = services.Host{Interface: "eth0", Memory: 256 << 20}
)

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
	} {
		name := tt.example + "-" + string(tt.role)
		t.Run(name, func(t *testing.T) {
			spec, err := load(t, tt.example).ForRole(tt.role)
			if err != nil {
				t.Fatal(err)
			}
			got, err := Config(spec, host)
			if err != nil {
				t.Fatal(err)
			}
			path := filepath.Join("testdata", name+".conf")
			if *update {
				if err := os.WriteFile(path, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(got)); diff != "" {
				t.Errorf("%s: (-want +got, accept it with -update)\n%s", path, diff)
			}
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
		"192.168.100.54 | 192.168.100.53",
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
		"    unicast_peer {\n        192.168.100.53\n        192.168.100.55\n    }\n",
		"        192.168.100.60/32 dev eth0\n        192.168.100.61/32 dev eth0\n",
	} {
		if !strings.Contains(string(got), want) {
			t.Errorf("Config lacks\n%s\nit is\n%s", want, got)
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
