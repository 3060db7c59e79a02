//go:build vm

package qemutests

import (
	"fmt"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"twinlb/qemu-tests/client"
	"twinlb/qemu-tests/lab"
	"twinlb/qemu-tests/mariadb"
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

// MACs end like the node's address.
const (
	masterMAC = "52:54:00:00:00:53"
	backupMAC = "52:54:00:00:00:54"
)

// comeUp is how long a machine may take from power on to answering, on a busy host.
const comeUp = 90 * time.Second

// site is what surrounds a pair: a client and two MariaDB servers on one segment.
type site struct {
	lab            *lab.Lab
	client         *lab.Host
	mysql1, mysql2 *mariadb.Server
	knownHosts     string // of the nodes, made with the first image
}

// newSite makes one whose servers have the accounts that `twinlb sql` prints.
func newSite(t *testing.T, seedText string) *site {
	t.Helper()
	l := lab.New(t)
	s := &site{
		lab:    l,
		client: l.Host("client", clientAddress),

		knownHosts: filepath.Join(seedDir(t, seedText), "pair.keys", "known_hosts"),
		mysql1:     mariadb.Start(t, l, "mysql1", mysql1Address, 1),
		mysql2:     mariadb.Start(t, l, "mysql2", mysql2Address, 2),
	}
	accounts := twinlb(t, "sql", seedFile(t, seedText)) + "create user " + client.User + "@'%';"
	s.mysql1.Exec(accounts)
	s.mysql2.Exec(accounts)
	return s
}

// pair is a site with two balancers.
type pair struct {
	*site
	master, backup *vm.VM
}

// startPair boots both nodes from disks and returns when they serve and the
// master holds the VIP.
func startPair(t *testing.T, i image) *pair {
	t.Helper()
	p := &pair{site: newSite(t, i.seed)}
	i.role = seed.Master
	p.master = vm.Start(t, p.lab, vm.Config{Name: "lb-a", MAC: masterMAC, Disk: bake(t, i)})
	i.role = seed.Backup
	p.backup = vm.Start(t, p.lab, vm.Config{Name: "lb-b", MAC: backupMAC, Disk: bake(t, i)})
	p.awaitAnswer(t, masterService)
	p.awaitAnswer(t, backupService)
	p.awaitHolder(t, p.master)
	return p
}

// ssh runs a command on the node as the operator and returns what it wrote and
// its exit status.
func (s *site) ssh(t *testing.T, node netip.AddrPort, command string) (output string, status int) {
	t.Helper()
	output, status, err := operator.Run(s.client, s.knownHosts, node.Addr(), command)
	if err != nil {
		t.Fatal(err)
	}
	return output, status
}

// expectSSH wants the command to end with the status, and returns what it wrote.
func (s *site) expectSSH(t *testing.T, node netip.AddrPort, command string, status int) string {
	t.Helper()
	output, got := s.ssh(t, node, command)
	if got != status {
		t.Errorf("%s on %v: exit status %d, want %d:\n%s", command, node.Addr(), got, status, output)
	}
	return output
}

// awaitAnswer waits until a query through the service is answered.
func (s *site) awaitAnswer(t *testing.T, service netip.AddrPort) {
	t.Helper()
	lab.Await(t, comeUp, fmt.Sprintf("a query through %v to be answered", service), func() error {
		_, err := client.ServerID(s.client, service)
		return err
	})
}

// holders returns the MAC addresses that claim the VIP.
func (s *site) holders(t *testing.T) []string {
	t.Helper()
	answers, err := s.client.WhoHas(vipService.Addr(), 100*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	macs := make([]string, len(answers))
	for i, mac := range answers {
		macs[i] = mac.String()
	}
	return macs
}

// awaitHolder waits until the machine, and no other, has claimed the VIP three
// times in a row, and it serves there.
func (p *pair) awaitHolder(t *testing.T, m *vm.VM) {
	t.Helper()
	lab.Await(t, comeUp, "the VIP to be on "+m.Name+" alone", func() error {
		for range 3 {
			if got, want := p.holders(t), []string{m.MAC}; !slices.Equal(got, want) {
				return fmt.Errorf("%v claim the VIP, want %v", got, want)
			}
		}
		return nil
	})
	p.awaitAnswer(t, vipService)
}

// expectNeverBoth watches that no two machines claim the VIP at any time. That
// one does, the queries tell: a busy machine may be late to answer ARP.
func (s *site) expectNeverBoth(t *testing.T, during time.Duration) {
	t.Helper()
	for begin := time.Now(); time.Since(begin) < during; {
		if got := s.holders(t); len(got) > 1 {
			t.Errorf("%v after things had settled, the VIP is on %v, want it on one", time.Since(begin), got)
		}
	}
}

// expectHolder watches that the machine, and no other, claims the VIP all the time.
func (p *pair) expectHolder(t *testing.T, m *vm.VM, during time.Duration) {
	t.Helper()
	for begin := time.Now(); time.Since(begin) < during; {
		if got, want := p.holders(t), []string{m.MAC}; !slices.Equal(got, want) {
			t.Errorf("%v claim the VIP after %v, want %v", got, time.Since(begin), want)
			return
		}
	}
}

// measure logs the outage of the VIP that the event makes, and returns what
// became of each connection.
func (p *pair) measure(t *testing.T, name string, event func()) *client.Result {
	t.Helper()
	meter, err := client.StartMeter(p.client, vipService)
	if err != nil {
		t.Fatal(err)
	}
	meter.AwaitSteady(t, comeUp, "before: "+name)
	event()
	meter.AwaitSteady(t, comeUp, "after: "+name)
	result := meter.Stop()
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
