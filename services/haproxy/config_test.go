package haproxy

import (
	"flag"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"twinlb/seed"
	"twinlb/services"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write what Config returns into testdata")

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
			got, err := Config(spec)
			if err != nil {
				t.Fatal(err)
			}
			golden(t, filepath.Join("testdata", name+".cfg"), got)
		})
	}
}

func golden(t *testing.T, path string, got []byte) {
	t.Helper()
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
}

func TestEveryVIPHasASectionThatTracksTheChecks(t *testing.T) {
	pair := load(t, "pair")
	pair.VIPs = append(pair.VIPs, netip.MustParseAddr("192.168.100.61"))
	spec, err := pair.ForRole(seed.Backup)
	if err != nil {
		t.Fatal(err)
	}
	got, err := Config(spec)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"listen mysql_node\n    bind 192.168.100.54:3306 tcp-ut 30s\n    balance roundrobin\n    source 192.168.100.54\n",
		"listen mysql_vip\n    bind 192.168.100.60:3306 tcp-ut 30s\n    balance roundrobin\n    source 192.168.100.60\n" +
			"    server mysql1 192.168.100.51:3306 track mysql_node/mysql1\n",
		"listen mysql_vip2\n    bind 192.168.100.61:3306 tcp-ut 30s\n    balance roundrobin\n    source 192.168.100.61\n" +
			"    server mysql1 192.168.100.51:3306 track mysql_node/mysql1\n",
	} {
		if !strings.Contains(string(got), want) {
			t.Errorf("Config lacks\n%s\nit is\n%s", want, got)
		}
	}
}

// A hostile value either does not reach the configuration or is refused.
func TestSeedCannotInject(t *testing.T) {
	want := render(t, load(t, "pair"))
	for _, hostile := range []string{"a b", "a\nlisten evil", `a"b`, "a{b", "a#b"} {
		pair := load(t, "pair")
		pair.AuthorizedKeys = []string{"ssh-ed25519 AAAA"}
		for name, field := range stringsIn("Pair", reflect.ValueOf(pair).Elem()) {
			was := field.String()
			field.SetString(hostile)
			got, err := Config(pair.Specs()[0])
			field.SetString(was)
			if err == nil && string(got) != want {
				t.Errorf("with %s = %q Config is not refused, but\n%s", name, hostile, cmp.Diff(want, string(got)))
			}
		}
	}
	if got := render(t, load(t, "pair")); got != want {
		t.Error("Config is not the same twice")
	}
}

func TestAddressWithAZoneIsRefused(t *testing.T) {
	pair := load(t, "pair")
	pair.Pools[0].Backends[0].Address = netip.MustParseAddr("fe80::1%eth0\n  server evil 192.0.2.1")
	if got, err := Config(pair.Specs()[0]); err == nil {
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
			_, err := Config(pair.Specs()[0])
			if err == nil || !strings.Contains(err.Error(), "haproxy.cfg of ") {
				t.Errorf("error = %v, want one that begins with haproxy.cfg of the node", err)
			}
		})
	}
}

func render(t *testing.T, pair *seed.Pair) string {
	t.Helper()
	got, err := Config(pair.Specs()[0])
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
	service, err := Service(spec, services.Host{Interface: "eth0", Memory: 256 << 20})
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
