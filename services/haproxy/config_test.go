package haproxy

import (
	"net/netip"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

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
			golden.Assert(t, string(got), name+".cfg")
		})
	}
}

// sections returns the lines of each section by its name.
func sections(config string) map[string]string {
	all := make(map[string]string)
	for _, section := range strings.Split(config, "\n\n") {
		title, lines, _ := strings.Cut(section, "\n")
		all[strings.TrimPrefix(title, "listen ")] = strings.TrimSuffix(lines, "\n") + "\n"
	}
	return all
}

// The checks of a VIP come from the node, its connections from the VIP, and only
// a section with checks of its own learns from connections that fail.
func TestEveryVIPHasASectionWithChecks(t *testing.T) {
	pair := load(t, "pair")
	pair.VIPs = append(pair.VIPs, netip.MustParseAddr("192.168.100.61"))
	spec, err := pair.ForRole(seed.Backup)
	if err != nil {
		t.Fatal(err)
	}
	config, err := Config(spec, host)
	if err != nil {
		t.Fatal(err)
	}
	got := sections(string(config))
	const servers = "    server mysql1 192.168.100.51:3306 weight 16\n    server mysql2 192.168.100.50:3306 weight 16\n"
	for section, vip := range map[string]string{"mysql_vip": "192.168.100.60", "mysql_vip2": "192.168.100.61"} {
		begin := "    bind " + vip + ":3306 tcp-ut 30s\n    balance roundrobin\n    source 192.168.100.54 usesrc " + vip + "\n    option tcp-check\n"
		end := "    default-server check observe layer4 error-limit 1 on-error fastinter\n" + servers
		if s := got[section]; !strings.HasPrefix(s, begin) || !strings.HasSuffix(s, end) {
			t.Errorf("%s is\n%s\nwant it to begin with\n%s\nand to end with\n%s", section, s, begin, end)
		}
	}
	begin := "    bind 192.168.100.54:3306 tcp-ut 30s\n    balance roundrobin\n    source 192.168.100.54\n    option tcp-check\n"
	end := "    default-server check inter 5s downinter 1s observe layer4 error-limit 1 on-error fastinter\n" + servers
	if s := got["mysql_node"]; !strings.HasPrefix(s, begin) || !strings.HasSuffix(s, end) {
		t.Errorf("mysql_node is\n%s\nwant it to begin with\n%s\nand to end with\n%s", s, begin, end)
	}
}

// A map-based hash would have a refused connection try the dead server again.
func TestSourceHashIsConsistent(t *testing.T) {
	pair := load(t, "pair")
	for _, balance := range []seed.Balance{seed.RoundRobin, seed.LeastConn, seed.First, seed.SourceHash} {
		pair.Pools[0].Balance = balance
		got := sections(rendered(t, pair))
		for _, section := range []string{"mysql_vip", "mysql_node"} {
			consistent := strings.Contains(got[section], "    balance source\n    hash-type consistent sdbm avalanche\n")
			if want := balance == seed.SourceHash; consistent != want {
				t.Errorf("with balance %s a consistent hash in %s: %t, want %t\n%s", balance, section, consistent, want, got[section])
			}
		}
	}
}

// A hostile value either does not reach the configuration or is refused.
func TestSeedCannotInject(t *testing.T) {
	want := rendered(t, load(t, "pair"))
	for _, hostile := range []string{"a b", "a\nlisten evil", `a"b`, "a{b", "a#b"} {
		pair := load(t, "pair")
		pair.AuthorizedKeys = []string{"ssh-ed25519 AAAA"}
		for name, field := range stringsIn("Pair", reflect.ValueOf(pair).Elem()) {
			was := field.String()
			field.SetString(hostile)
			got, err := Config(pair.Specs()[0], host)
			field.SetString(was)
			if err == nil && string(got) != want {
				t.Errorf("with %s = %q Config is not refused, but\n%s", name, hostile, cmp.Diff(want, string(got)))
			}
		}
	}
	if got := rendered(t, load(t, "pair")); got != want {
		t.Error("Config is not the same twice")
	}
}

func TestAddressWithAZoneIsRefused(t *testing.T) {
	pair := load(t, "pair")
	pair.Pools[0].Backends[0].Address = netip.MustParseAddr("fe80::1%eth0\n  server evil 192.0.2.1")
	if got, err := Config(pair.Specs()[0], host); err == nil {
		t.Errorf("Config = %s, want an error", got)
	}
}

func TestFieldsThatAreRenderedAreRefusedWhenHostile(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(*seed.Pair)
	}{
		{"node name", func(p *seed.Pair) { p.Nodes[0].Name = "a b" }},
		{"pool name", func(p *seed.Pair) { p.Pools[0].Name = "a b" }},
		{"balance", func(p *seed.Pair) { p.Pools[0].Balance = "first\n    mode http" }},
		{"check user", func(p *seed.Pair) { p.Pools[0].Check.User = `a" b` }},
		{"backend name", func(p *seed.Pair) { p.Pools[0].Backends[1].Name = "a b" }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			pair := load(t, "pair")
			tt.change(pair)
			_, err := Config(pair.Specs()[0], host)
			if err == nil || !strings.Contains(err.Error(), "haproxy.cfg of ") {
				t.Errorf("error = %v, want one that begins with haproxy.cfg of the node", err)
			}
		})
	}
}

func rendered(t *testing.T, pair *seed.Pair) string {
	t.Helper()
	got, err := Config(pair.Specs()[0], host)
	if err != nil {
		t.Fatal(err)
	}
	return string(got)
}

// stringsIn returns all strings of a value by their path.
func stringsIn(path string, v reflect.Value) map[string]reflect.Value {
	all := make(map[string]reflect.Value)
	switch v.Kind() {
	case reflect.String:
		all[path] = v
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				for name, field := range stringsIn(path+"."+v.Type().Field(i).Name, v.Field(i)) {
					all[name] = field
				}
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			for name, field := range stringsIn(path+"[]", v.Index(i)) {
				all[name+string(rune('0'+i))] = field
			}
		}
	}
	return all
}

func TestServiceIsConfinedToItsRoot(t *testing.T) {
	spec, err := load(t, "pair").ForRole(seed.Master)
	if err != nil {
		t.Fatal(err)
	}
	service, err := Service(spec, host)
	if err != nil {
		t.Fatal(err)
	}
	if got := service.Root + service.Argv[0]; got != Program {
		t.Errorf("Root and Argv[0] = %s, want the program %s", got, Program)
	}
	want := []string{"/haproxy", "-W", "-n", "2048", "-f", strings.TrimPrefix(ConfigFile, Root)}
	if diff := cmp.Diff(want, service.Argv); diff != "" {
		t.Errorf("Argv for 256 MiB (-want +got):\n%s", diff)
	}
	if socketInRoot != strings.TrimPrefix(Socket, Root) {
		t.Errorf("the socket is %s inside and %s outside of %s", socketInRoot, Socket, Root)
	}
	if service.UID != services.HAProxyUser || service.GID != services.HAProxyUser || len(service.Capabilities) > 0 {
		t.Errorf("runs as %d:%d with capabilities %v, want %d and none",
			service.UID, service.GID, service.Capabilities, services.HAProxyUser)
	}
	for _, f := range service.Files {
		if !strings.HasPrefix(f.Path, RunDir) {
			t.Errorf("file %s, want all below %s", f.Path, RunDir)
		}
	}
}
