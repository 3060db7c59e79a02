//go:build vm

package qemutests

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"twinlb/qemu-tests/client"
	"twinlb/qemu-tests/images"
	"twinlb/qemu-tests/site"
	"twinlb/qemu-tests/vm"
	"twinlb/seed"
)

// The addresses of examples/pair.yaml.
var (
	clientAddress = netip.MustParsePrefix("192.168.100.1/24")
	mysql1Address = netip.MustParsePrefix("192.168.100.51/24")
	mysql2Address = netip.MustParsePrefix("192.168.100.50/24")

	masterService = netip.MustParseAddrPort("192.168.100.53:3306")
	backupService = netip.MustParseAddrPort("192.168.100.54:3306")
	vipService    = netip.MustParseAddrPort("192.168.100.60:3306")
)

const masterMAC = "52:54:00:00:00:53"

// login is how the operator reaches nodes.
type login struct{ site.Login }

// surroundings is a site without machines yet.
type surroundings struct {
	*site.Site
	login
}

func newSite(t *testing.T, seedText string) *surroundings { return newSiteOn(t, seedText, "") }

// newSiteOn is newSite for a seed that comes with a network-config.
func newSiteOn(t *testing.T, seedText, networkConfig string) *surroundings {
	t.Helper()
	files := seed.Files{Name: "the seed of a test", UserData: []byte(seedText)}
	if networkConfig != "" {
		files.NetworkConfig = []byte(networkConfig)
	}
	pair, err := files.Parse()
	if err != nil {
		t.Fatal(err)
	}
	s := site.New(t, pair)
	return &surroundings{s, login{site.Login{Operator: operator, From: s.Client, KnownHosts: baker.KnownHosts(t, seedText)}}}
}

// pair is a site with two balancers.
type pair struct {
	*site.Pair
	login
}

// startPair boots both nodes from disks and returns when they serve and the
// master holds the VIP. The image's Node is not looked at.
func startPair(t *testing.T, i images.Image, adjust ...func(*vm.Config)) *pair {
	t.Helper()
	s := newSite(t, i.Seed)
	var machines []vm.Config
	for _, n := range s.Seed.Nodes {
		c := site.Machine(n)
		i.Node = n.Name
		c.Disk = baker.Disk(t, i)
		for _, f := range adjust {
			f(&c)
		}
		machines = append(machines, c)
	}
	inside := site.Hooked{Login: s.Login, Site: s.Site}
	return &pair{s.Start(t, inside, machines[0], machines[1]), s.login}
}

// expectSSH wants the command to end with the status, and returns what it wrote.
func (l login) expectSSH(t *testing.T, node netip.AddrPort, command string, status int) string {
	t.Helper()
	output, got := l.Run(t, node.Addr(), command)
	if got != status {
		t.Errorf("%s on %v: exit status %d, want %d:\n%s", command, node.Addr(), got, status, output)
	}
	return output
}

// settles is how long what ARP tells may be wrong or missing: a busy host keeps
// machines from answering in time, and an answer may be an old one. Whether the VIP
// serves all the while, the queries tell.
const settles = time.Second

// expectNeverBoth watches that no two machines claim the VIP.
func (p *pair) expectNeverBoth(t *testing.T, during time.Duration) {
	t.Helper()
	p.expectHolders(t, during, "one at most", func(got []string) bool { return len(got) <= 1 })
}

// expectHolder watches that the machine, and no other, claims the VIP.
func (p *pair) expectHolder(t *testing.T, m *vm.VM, during time.Duration) {
	t.Helper()
	p.expectHolders(t, during, m.MAC, func(got []string) bool { return slices.Equal(got, []string{m.MAC}) })
}

func (p *pair) expectHolders(t *testing.T, during time.Duration, want string, right func([]string) bool) {
	t.Helper()
	begin := time.Now()
	for latest := begin; ; {
		switch got := p.Holders(t); {
		case right(got):
			if latest = time.Now(); latest.Sub(begin) >= during {
				return
			}
		case time.Since(latest) > settles:
			t.Errorf("%v claim the VIP after %v, want %s", got, time.Since(begin), want)
			return
		}
	}
}

// measure logs the outage of the VIP that the event makes, and returns what
// became of each connection.
func (p *pair) measure(t *testing.T, name string, event func()) *client.Result {
	t.Helper()
	result := p.Measure(t, name, event)
	t.Logf("%s: %v", name, result)
	return result
}

// expectOutage bounds each outage. The bounds of these tests are loose: they
// tell a function that is missing, not how fast the machine is.
func expectOutage(t *testing.T, r *client.Result, atMost time.Duration) {
	t.Helper()
	for _, o := range r.Outages() {
		if o.Duration > atMost {
			t.Errorf("got an outage of %v, want at most %v", o.Duration, atMost)
		}
	}
}

// expectNoneCut wants a hand-over that costs nobody anything but the connections
// that are open at that moment.
func expectNoneCut(t *testing.T, r *client.Result) {
	t.Helper()
	if cut := r.Cut(); len(cut) > 0 {
		t.Errorf("%d connections failed that were not open at the hand-over, the first of them: %+v", len(cut), cut[0])
	}
	// One that is on its way to a node while that hears of its successor is lost;
	// several would mean that nobody had the VIP for a while.
	if n := r.SYNRetries(); n > 2 {
		t.Errorf("%d connections had to repeat their SYN: the VIP had left before the other node took it over", n)
	}
}

// expectHistory wants a change to the state, for the reason, among the latest of
// the node.
func (p *pair) expectHistory(t *testing.T, node netip.AddrPort, state, why string) {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(p.expectSSH(t, node, "history", 0)), "\n")
	latest := lines[max(0, len(lines)-8):]
	for _, line := range latest {
		if strings.Contains(line, state) && strings.Contains(line, why) {
			return
		}
	}
	t.Errorf("the history of %v does not say %s, %s:\n%s", node.Addr(), state, why, strings.Join(latest, "\n"))
}

// hook runs a command in a machine that was built for tests.
func hook(t *testing.T, m *vm.VM, command string) string {
	t.Helper()
	out, err := m.Hook(command)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// exampleSite is the pair of the example.
func exampleSite(t *testing.T) *seed.Pair {
	t.Helper()
	pair, err := seed.Parse("examples/pair.yaml", []byte(exampleSeed(t)))
	if err != nil {
		t.Fatal(err)
	}
	return pair
}
