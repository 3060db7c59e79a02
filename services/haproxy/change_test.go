package haproxy

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"twinlb/seed"
	"twinlb/services"

	"github.com/google/go-cmp/cmp"
)

// changing is a spec with addresses of the loopback network that nobody else uses.
func changing(net byte, pools ...seed.Pool) *seed.Spec {
	at := func(host byte) netip.Addr { return netip.AddrFrom4([4]byte{127, 87, net, host}) }
	s := &seed.Spec{Node: seed.Node{Name: "lb-a", Address: netip.PrefixFrom(at(53), 8)}}
	s.VIPs = []netip.Addr{at(60), at(61)}
	s.Pools = pools
	for i := range s.Pools {
		for j := range s.Pools[i].Backends {
			b := &s.Pools[i].Backends[j]
			b.Address = netip.AddrFrom4([4]byte{127, 87, net, b.Address.As4()[3]})
		}
	}
	return s
}

func server(name string, host byte, edit ...func(*seed.Backend)) seed.Backend {
	b := seed.Backend{Name: name, Address: netip.AddrFrom4([4]byte{127, 0, 0, host}), Port: 3306, Weight: 1}
	for _, e := range edit {
		e(&b)
	}
	return b
}

func pool(balance seed.Balance, backends ...seed.Backend) seed.Pool {
	return seed.Pool{Name: "mysql", Port: 13306, Balance: balance, Check: seed.Check{User: "check", Auth: seed.Native}, Backends: backends}
}

func TestDiff(t *testing.T) {
	two := pool(seed.RoundRobin, server("a", 1), server("b", 2))
	for _, tt := range []struct {
		name     string
		old, new seed.Pool
		reload   string
		did      []string
		commands []string // of the first section, without the last field of an add
	}{
		{name: "nothing", old: two, new: two},
		{name: "added", old: two, new: pool(seed.RoundRobin, server("a", 1), server("b", 2), server("c", 3)),
			did: []string{"backend mysql/c: added without a reload"},
			commands: []string{"add server mysql_vip/c 127.87.9.3:3306 inter 1s fastinter 20ms downinter 250ms fall 5 rise 2 check observe layer4 error-limit 1 on-error fastinter weight 16" +
				"; enable health mysql_vip/c; enable server mysql_vip/c; set server mysql_vip/c health down"}},
		{name: "removed", old: two, new: pool(seed.RoundRobin, server("b", 2)),
			did:      []string{"backend mysql/a: takes no more connections, without a reload; removed when its last one has ended"},
			commands: []string{"set server mysql_vip/a state maint"}},
		{name: "moved", old: two, new: pool(seed.RoundRobin, server("a", 9), server("b", 2)),
			did:      []string{"backend mysql/a: new connections go to 127.87.9.9:3306, without a reload"},
			commands: []string{"set server mysql_vip/a addr 127.87.9.9 port 3306"}},
		{name: "heavier", old: two, new: pool(seed.RoundRobin, server("a", 1, func(b *seed.Backend) { b.Weight = 2 }), server("b", 2)),
			did:      []string{"backend mysql/a: weight changed without a reload"},
			commands: []string{"set server mysql_vip/a weight 32"}},
		{name: "limited", old: two, new: pool(seed.RoundRobin, server("a", 1), server("b", 2, func(b *seed.Backend) { b.MaxConn = 5 })),
			did:      []string{"backend mysql/b: maxconn changed without a reload"},
			commands: []string{"set maxconn server mysql_vip/b 5"}},
		{name: "another order", old: two, new: pool(seed.RoundRobin, server("b", 2), server("a", 1))},
		{name: "the order counts", old: pool(seed.First, server("a", 1), server("b", 2)), new: pool(seed.First, server("b", 2), server("a", 1)),
			reload: "the order of the backends of mysql counts with balance first"},
		{name: "added at the end, where it counts", old: pool(seed.First, server("a", 1)), new: pool(seed.First, server("a", 1), server("b", 2)),
			did: []string{"backend mysql/b: added without a reload"}},
		{name: "a backup", old: two, new: pool(seed.RoundRobin, server("a", 1), server("b", 2, func(b *seed.Backend) { b.Backup = true })),
			reload: "the backend mysql/b becomes backup instead of one without options"},
		{name: "balance", old: two, new: pool(seed.LeastConn, server("a", 1), server("b", 2)), reload: `"balance leastconn" is new in listen mysql_vip`},
	} {
		c, err := Diff(changing(9, tt.old), changing(9, tt.new), services.Host{}, nil)
		if err != nil {
			t.Fatal(err)
		}
		var commands []string
		for _, command := range slices.Concat(c.Commands, c.Retire) {
			if strings.Contains(command.Text, "mysql_vip/") {
				commands = append(commands, command.Text)
			}
		}
		did := tt.did
		if tt.reload != "" {
			did = []string{"haproxy: hitless reload, because " + tt.reload}
		}
		if c.Reload != tt.reload || cmp.Diff(did, c.Did) != "" || tt.commands != nil && cmp.Diff(tt.commands, commands) != "" {
			t.Errorf("%s: reload %q, did %q, commands\n%s\nwant %q, %q,\n%s", tt.name, c.Reload, c.Did, strings.Join(commands, "\n"), tt.reload, did, strings.Join(tt.commands, "\n"))
		}
		if nothing := tt.reload == "" && tt.did == nil; c.Nothing() != nothing {
			t.Errorf("%s: nothing = %v, want %v", tt.name, c.Nothing(), nothing)
		}
	}
}

// process is the shipped HAProxy.
type process struct {
	t       *testing.T
	dir     string
	command *exec.Cmd
	said    bytes.Buffer
}

// shipped is the binary that the builder has made last.
func shipped(t *testing.T) string {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	found, _ := filepath.Glob(filepath.Join(cache, "twinlb", "haproxy-*", "haproxy"))
	if len(found) == 0 {
		t.Skip("haproxy is not built yet: build/twinlb build")
	}
	return found[len(found)-1]
}

func (p *process) socket() string { return filepath.Join(p.dir, "worker.sock") }

func (p *process) write(spec *seed.Spec) {
	p.t.Helper()
	config, err := Config(spec, services.Host{})
	if err != nil {
		p.t.Fatal(err)
	}
	config = bytes.ReplaceAll(config, []byte(socketInRoot), []byte(p.socket()))
	if err := os.WriteFile(filepath.Join(p.dir, "haproxy.cfg"), config, 0o644); err != nil {
		p.t.Fatal(err)
	}
}

func startProcess(t *testing.T, spec *seed.Spec) *process {
	t.Helper()
	p := &process{t: t, dir: t.TempDir()}
	p.write(spec)
	p.command = exec.Command(shipped(t), "-W", "-n", "100", "-f", filepath.Join(p.dir, "haproxy.cfg"))
	p.command.Stdout, p.command.Stderr = &p.said, &p.said
	p.command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if err := p.command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.stop)
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if _, err := Worker(p.socket()); err == nil {
			return p
		} else if time.Now().After(deadline) {
			p.stop()
			t.Fatalf("waited 10 s for haproxy: %v\n%s", err, &p.said)
		}
	}
}

func (p *process) stop() {
	_ = syscall.Kill(-p.command.Process.Pid, syscall.SIGKILL)
	_ = p.command.Wait()
}

// servers is what runs, of each server: "section/name address weight maxconn backup".
// Which are up, checks decide.
func (p *process) servers(without Retired) []string {
	p.t.Helper()
	weights := make(map[string]string)
	state, err := Ask(p.socket(), "show servers state")
	if err != nil {
		p.t.Fatal(err)
	}
	for line := range strings.Lines(state) {
		if f := strings.Fields(line); len(f) > 18 && f[0] != "#" {
			weights[f[1]+"/"+f[3]] = f[4] + ":" + f[18] + " weight " + f[7] + " admin " + f[6]
		}
	}
	stat, err := Ask(p.socket(), ShowServers)
	if err != nil {
		p.t.Fatal(err)
	}
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(stat, "# "))).ReadAll()
	if err != nil {
		p.t.Fatal(err)
	}
	column := func(name string) int { return slices.Index(rows[0], name) }
	var all []string
	for _, row := range rows[1:] {
		key := row[column("pxname")] + "/" + row[column("svname")]
		if _, gone := without[key]; gone {
			continue
		}
		all = append(all, fmt.Sprintf("%s %s maxconn %s backup %s at %s", key, weights[key], row[column("slim")], row[column("bck")], row[column("addr")]))
	}
	slices.Sort(all)
	return all
}

// Whatever the pair of seeds: what runs after the commands is what runs after a
// fresh start with the second.
func TestCommandsLeadWhereAFreshStartDoes(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	balances := []seed.Balance{seed.RoundRobin, seed.LeastConn, seed.First, seed.SourceHash}
	backends := func() (all []seed.Backend) {
		for _, name := range []string{"a", "b.x", "c-1", "d_2", "e"} {
			if random.IntN(3) == 0 && (name != "e" || len(all) > 0) {
				continue
			}
			all = append(all, server(name, byte(random.IntN(4)+1), func(b *seed.Backend) {
				b.Port += uint16(random.IntN(2))
				b.Weight = random.IntN(3)*60 + 1
				b.MaxConn = random.IntN(2) * random.IntN(100)
				b.Backup = name == "d_2"
				if name == "c-1" {
					b.SlowStart = 3 * time.Second
				}
			}))
		}
		if random.IntN(4) == 0 {
			slices.Reverse(all)
		}
		return all
	}
	runs, reloads := 0, 0
	for i := range 12 {
		proxied := random.IntN(2) == 0
		with := func(net byte, backends []seed.Backend) *seed.Spec {
			p := pool(balances[i%len(balances)], slices.Clone(backends)...)
			p.ProxyProtocol = proxied
			return changing(net, p)
		}
		now := backends()
		running := startProcess(t, with(10, now))
		retired := Retired{}
		for range 4 {
			next := backends()
			c, err := Diff(with(10, now), with(10, next), services.Host{}, retired)
			if err != nil {
				t.Fatal(err)
			}
			runs++
			running.write(with(10, next))
			if c.Reload != "" {
				reloads++
				running.reload()
			} else {
				c.Added = nil // nobody answers there
				if err := c.Apply(running.socket()); err != nil {
					t.Fatalf("%v\n%s", err, &running.said)
				}
			}
			fresh := startProcess(t, with(11, next))
			want := strings.Join(fresh.servers(nil), "\n")
			got := strings.ReplaceAll(strings.Join(running.servers(c.Retired), "\n"), "127.87.10.", "127.87.11.")
			fresh.stop()
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("from\n%+v\nto\n%+v\nby\n%+v\n(-want +got):\n%s", now, next, c, diff)
			}
			now, retired = next, c.Retired
			if random.IntN(2) == 0 {
				if retired, err = Sweep(running.socket(), retired); err != nil || len(retired) > 0 {
					t.Fatalf("retired servers without connections are left: %v, %v", slices.Collect(maps.Keys(retired)), err)
				}
			}
		}
		running.stop()
	}
	t.Logf("%d of %d changes took a reload", reloads, runs)
	if reloads == 0 || reloads > runs/2 {
		t.Errorf("%d of %d changes took a reload, want some and not most", reloads, runs)
	}
}

func (p *process) reload() {
	p.t.Helper()
	former, err := Worker(p.socket())
	if err != nil {
		p.t.Fatal(err)
	}
	if err := p.command.Process.Signal(syscall.SIGUSR2); err != nil {
		p.t.Fatal(err)
	}
	if err := AwaitReload(p.socket(), former); err != nil {
		p.t.Fatalf("%v\n%s", err, &p.said)
	}
}
