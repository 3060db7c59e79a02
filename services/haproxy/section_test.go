package haproxy

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"twinlb/seed"
	"twinlb/services"

	"github.com/google/go-cmp/cmp"
)

// lines are the server lines of a section.
func lines(section string) []string {
	var servers []string
	for line := range strings.Lines(section) {
		if server, ok := strings.CutPrefix(line, "    server "); ok {
			servers = append(servers, strings.TrimSuffix(server, "\n"))
		}
	}
	return servers
}

func TestWeightsAreScaled(t *testing.T) {
	for _, tt := range []struct{ weights, want []int }{
		{[]int{1, 1}, []int{16, 16}},
		{[]int{2, 1, 3}, []int{32, 16, 48}},
		{[]int{16, 1}, []int{256, 16}},
		{[]int{17, 1}, []int{255, 15}},
		{[]int{100, 50}, []int{200, 100}},
		{[]int{129, 1}, []int{129, 1}},
		{[]int{256, 1}, []int{256, 1}},
	} {
		pair := load(t, "pair")
		pair.Pools[0].Backends = nil
		for i, w := range tt.weights {
			address := netip.AddrFrom4([4]byte{192, 168, 100, byte(i + 1)})
			pair.Pools[0].Backends = append(pair.Pools[0].Backends, seed.Backend{Name: "db", Address: address, Port: 3306, Weight: w})
		}
		all, err := Sections(pair.Specs()[0])
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range all {
			var got []int
			for _, e := range s.Servers {
				got = append(got, e.Weight)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("weights %v in %s (-want +got):\n%s", tt.weights, s.Name, diff)
			}
		}
	}
}

func TestOptionsOfAServer(t *testing.T) {
	pair := load(t, "pair")
	pool := &pair.Pools[0]
	pool.ProxyProtocol = true
	pool.Backends[0].MaxConn = 500
	pool.Backends[1].SlowStart, pool.Backends[1].Backup = 1500*time.Millisecond, true
	want := []string{
		"mysql1 192.168.100.51:3306 weight 16 maxconn 500",
		"mysql2 192.168.100.50:3306 weight 16 slowstart 1500ms backup",
	}
	config := sections(rendered(t, pair))
	for _, section := range []string{"mysql_vip", "mysql_node"} {
		if diff := cmp.Diff(want, lines(config[section])); diff != "" {
			t.Errorf("servers of %s (-want +got):\n%s", section, diff)
		}
		if !strings.Contains(config[section], "on-error fastinter send-proxy-v2 check-send-proxy\n") {
			t.Errorf("%s has no PROXY protocol:\n%s", section, config[section])
		}
	}
}

func TestOnlyClientsThatAreAllowed(t *testing.T) {
	pair := load(t, "pair")
	open := sections(rendered(t, pair))["mysql_vip"]
	if strings.Contains(open, "acl") || strings.Contains(open, "reject") {
		t.Errorf("without allow there are rules:\n%s", open)
	}
	pair.Pools[0].Allow = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8::/32")}
	const want = "    acl allowed src 10.0.0.0/8\n    acl allowed src 2001:db8::/32\n    tcp-request connection reject unless allowed\n"
	config := sections(rendered(t, pair))
	for _, section := range []string{"mysql_vip", "mysql_node"} {
		if !strings.Contains(config[section], want) {
			t.Errorf("%s lacks\n%s\nit is\n%s", section, want, config[section])
		}
	}
}

// dualStack is a pair with addresses, VIPs and backends of both families.
func dualStack(t *testing.T) *seed.Pair {
	pair := load(t, "pair")
	pair.VIPs = append(pair.VIPs, netip.MustParseAddr("2001:db8::60"))
	pair.Nodes[0].Second, pair.Nodes[1].Second = netip.MustParsePrefix("2001:db8::53/64"), netip.MustParsePrefix("2001:db8::54/64")
	pair.Pools[0].Backends[1].Address = netip.MustParseAddr("2001:db8::50")
	return pair
}

// A VIP can be the source only for backends of its family.
func TestBackendsOfTheOtherFamilyAreReachedFromTheNode(t *testing.T) {
	const (
		v4, v6 = "mysql1 192.168.100.51:3306 weight 16", "mysql2 [2001:db8::50]:3306 weight 16"
		from4  = " source 192.168.100.53"
		from6  = " source [2001:db8::53]"
	)
	config := sections(rendered(t, dualStack(t)))
	for section, want := range map[string]struct {
		source  string
		servers []string
	}{
		"mysql_vip":   {"192.168.100.53 usesrc 192.168.100.60", []string{v4, v6 + from6}},
		"mysql_vip2":  {"[2001:db8::53] usesrc [2001:db8::60]", []string{v4 + from4, v6}},
		"mysql_node":  {"192.168.100.53", []string{v4, v6 + from6}},
		"mysql_node2": {"[2001:db8::53]", []string{v4 + from4, v6}},
	} {
		if !strings.Contains(config[section], "\n    source "+want.source+"\n") {
			t.Errorf("the source of %s is not %s:\n%s", section, want.source, config[section])
		}
		if diff := cmp.Diff(want.servers, lines(config[section])); diff != "" {
			t.Errorf("servers of %s (-want +got):\n%s", section, diff)
		}
	}
	if bind := "    bind [2001:db8::60]:3306 tcp-ut 30s\n"; !strings.HasPrefix(config["mysql_vip2"], bind) {
		t.Errorf("mysql_vip2 does not begin with %s:\n%s", bind, config["mysql_vip2"])
	}
}

func TestFamilyThatTheNodeLacksIsAnError(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(*seed.Pair)
		want   string
	}{
		{"of a VIP", func(p *seed.Pair) { p.VIPs[0] = netip.MustParseAddr("2001:db8::60") },
			"haproxy.cfg of lb-a: the VIP 2001:db8::60 needs a node address of its family, and lb-a has none"},
		{"of a backend", func(p *seed.Pair) { p.Pools[0].Backends[1].Address = netip.MustParseAddr("2001:db8::50") },
			"haproxy.cfg of lb-a: the backend mysql2 of the pool mysql has the address 2001:db8::50, and lb-a has no address of that family to reach it from"},
	} {
		pair := load(t, "pair")
		tt.change(pair)
		if got, err := Config(pair.Specs()[0], host); err == nil || err.Error() != tt.want {
			t.Errorf("%s: Config = %s, %v, want %s", tt.name, got, err, tt.want)
		}
	}
}

func TestMetricsAreOnTheManagementInterfaceOnly(t *testing.T) {
	managed := dualStack(t).Specs()[0]
	managed.Network.Management = "management"
	for _, tt := range []struct {
		name string
		spec *seed.Spec
		host services.Host
		want string // the binds, or the error
	}{
		{"without one", dualStack(t).Specs()[0], host, "    bind 192.168.100.53:8404\n    bind [2001:db8::53]:8404\n"},
		{"with one", managed, services.Host{Interface: "eth0", Management: "eth1"}, "    bind :::8404 v4v6 interface eth1\n"},
		{"not known which", managed, host, "haproxy.cfg of lb-a: metrics are for the management link management only, and it is not known which interface that is"},
	} {
		config, err := Config(tt.spec, tt.host)
		got := ""
		if err != nil {
			got = err.Error()
		}
		for line := range strings.Lines(sections(string(config))["frontend metrics"]) {
			if strings.Contains(line, "bind") {
				got += line
			}
		}
		if got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}

// What default-server says must stand in the command: HAProxy does not apply it.
func TestCommandThatAddsAServer(t *testing.T) {
	pair := dualStack(t)
	pair.Pools[0].ProxyProtocol = true
	pair.Pools[0].Backends[1].MaxConn = 7
	all, err := Sections(pair.Specs()[0])
	if err != nil {
		t.Fatal(err)
	}
	got := []string{all[0].Add(all[0].Servers[1]), all[3].Add(all[3].Servers[1])}
	want := []string{
		"add server mysql_vip/mysql2 [2001:db8::50]:3306 inter 1s fastinter 20ms downinter 250ms fall 5 rise 2" +
			" check observe layer4 error-limit 1 on-error fastinter send-proxy-v2 check-send-proxy weight 16 maxconn 7 source [2001:db8::53]",
		"add server mysql_node2/mysql2 [2001:db8::50]:3306 inter 1s fastinter 20ms downinter 250ms fall 5 rise 2" +
			" check inter 5s downinter 1s observe layer4 error-limit 1 on-error fastinter send-proxy-v2 check-send-proxy weight 16 maxconn 7",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("commands (-want +got):\n%s", diff)
	}
}

// Frame and servers are all of a section: what a change of neither changes is not there.
func TestSectionIsItsFrameAndItsServers(t *testing.T) {
	spec := dualStack(t).Specs()[0]
	config, err := Config(spec, host)
	if err != nil {
		t.Fatal(err)
	}
	all, err := Sections(spec)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range all {
		frame, err := s.Frame()
		if err != nil {
			t.Fatal(err)
		}
		at := strings.Index(string(config), string(frame)+"    server ")
		rest := string(config)[max(at, 0)+len(frame):]
		if section, _, _ := strings.Cut(rest, "\n\n"); at < 0 || len(lines(section+"\n")) != len(s.Servers) {
			t.Errorf("haproxy.cfg lacks the %d servers of %s below\n%s", len(s.Servers), s.Name, frame)
		}
	}
}
