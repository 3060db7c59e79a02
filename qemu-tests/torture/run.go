package torture

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"twinlb/qemu-tests/client"
	"twinlb/qemu-tests/lab"
	"twinlb/qemu-tests/site"
	"twinlb/qemu-tests/vm"
)

// Run is faults that happen to a pair.
type Run struct {
	Pair    *site.Pair // of Relayed machines that were built for tests
	Login   site.Login
	Promise Promise
	Dir     string // for the report, and for what nodes say after a breach
}

// rest is how long nothing is looked at after the last fault of a round: a pair that
// has not yet seen it is well.
const rest = 2 * time.Second

// Faults lets the rounds happen, one after the other, to a pair that is well. A
// breach is an error of t; the rounds go on. The report is written after each round.
func (r *Run) Faults(t lab.T, seed uint64, rounds []Round) *Report {
	t.Helper()
	s := &subject{Pair: r.Pair, nodes: [2]*vm.VM{r.Pair.Master, r.Pair.Backup}, login: r.Login}
	watch := StartWatch(r.Pair.Client, r.Pair.VIP().Addr(), []net.HardwareAddr{s.mac(t, 0), s.mac(t, 1)})
	defer watch.Stop()
	var err error
	if s.ledger, err = StartLedger(r.Pair.Client, r.Pair.VIP(), r.Pair.Servers); err != nil {
		t.Fatal(err)
	}
	defer s.ledger.Stop()
	nodes, servers := s.names()
	report := newReport(seed, r.Promise, nodes, servers)
	if err := s.awaitWell(watch, r.Promise.Well); err != nil {
		t.Fatalf("the pair is not well before the first fault: %v", err)
	}
	for i, faults := range rounds {
		seen, breaches := r.round(t, s, watch, faults)
		for _, line := range report.add(seen, breaches) {
			t.Logf("round %d of %d: %s", i+1, len(rounds), line)
		}
		report.Commits, report.NotAcknowledged = s.ledger.Totals()
		if err := report.write(r.Dir); err != nil {
			t.Error(err)
		}
		if len(breaches) == 0 {
			continue
		}
		r.complain(t, s, report, breaches, rounds[:i+1])
		if err := s.awaitWell(watch, time.Second); err != nil {
			s.powerCycle(t, watch)
		}
	}
	s.ledger.Stop()
	lost, err := s.ledger.CheckAll()
	if err != nil {
		t.Error(err)
	}
	for _, b := range lost {
		t.Errorf("in the end, %s", b.What)
	}
	return report
}

// round returns when the pair is well again, or should be.
func (r *Run) round(t lab.T, s *subject, watch *Watch, faults Round) (Seen, []Breach) {
	meter, err := client.StartMeter(s.Client, s.VIP())
	if err != nil {
		t.Fatal(err)
	}
	_, _ = watch.Take()
	var seen Seen
	var breaches []Breach
	seen.Faults = s.happen(t, faults)
	time.Sleep(rest)
	mended := time.Now()
	if err := s.awaitWell(watch, r.Promise.Well); err != nil {
		breaches = append(breaches, Breach{mended, fmt.Sprintf("not well by itself within %v: %v", r.Promise.Well, err)})
	}
	breaches, s.resets = append(breaches, s.resets...), nil
	seen.Result = meter.Stop()
	if seen.Claims, err = watch.Take(); err != nil {
		t.Fatal(err)
	}
	lost, err := s.ledger.Check()
	if err != nil {
		t.Error(err)
	}
	return seen, append(append(breaches, lost...), r.Promise.Judge(seen)...)
}

// happen lets the faults of a round happen, each at its time.
func (s *subject) happen(t lab.T, faults Round) []Happened {
	var group sync.WaitGroup
	began := time.Now()
	happened := make([]Happened, len(faults))
	for i, f := range faults {
		happened[i].Fault = f
		group.Go(func() { s.suffer(t, began, &happened[i]) })
	}
	group.Wait()
	return happened
}

func (s *subject) suffer(t lab.T, began time.Time, h *Happened) {
	quiet := func(string) {}
	do := func(d deed) error {
		h.Changes = append(h.Changes, time.Now())
		err := lab.Try(quiet, func(t lab.T) { d(s, t, h.Fault) })
		h.Changes = append(h.Changes, time.Now())
		return err
	}
	time.Sleep(time.Until(began.Add(h.Begin)))
	spoil, mend := deeds[h.Kind][0], deeds[h.Kind][1]
	if err := do(spoil); err != nil {
		h.Missed = err.Error()
		h.Changes = h.Changes[:1]
	}
	if mend == nil {
		return
	}
	time.Sleep(h.Lasts)
	// What has not begun is mended as well: it may have begun in part.
	if err := do(mend); err != nil && h.Missed == "" && !s.resetItself(h.Fault) {
		t.Errorf("mend %s: %v", h.text(s.names()), err)
	}
}

// awaitWell waits until both nodes say that all is well and the master alone
// answers for the VIP.
func (s *subject) awaitWell(watch *Watch, limit time.Duration) error {
	for begin := time.Now(); ; time.Sleep(200 * time.Millisecond) {
		s.startAgain()
		err := s.well(watch)
		if err == nil || time.Since(begin) > limit {
			return err
		}
	}
}

func (s *subject) resetItself(f Fault) bool {
	return kindOf(f.Kind).target == aNode && !s.nodes[f.On].Running()
}

// startAgain does what a hypervisor does with a machine that reset itself: those of
// a lab stay off.
func (s *subject) startAgain() {
	for _, m := range s.nodes {
		if !m.Running() {
			s.resets = append(s.resets, Breach{time.Now(), m.Name + " has reset itself: the end of its serial log says why"})
			m.Start()
		}
	}
}

func (s *subject) well(watch *Watch) error {
	for _, c := range watch.Latest(3) {
		if !slices.Equal(c.Nodes, []int{0}) {
			return fmt.Errorf("nodes %v answer for the VIP, want the master alone", c.Nodes)
		}
	}
	for _, m := range s.nodes {
		output, status, err := s.login.Operator.Run(s.Client, s.login.KnownHosts, s.Node(m).Addr(), "status")
		if err != nil {
			return err
		}
		if status != 0 {
			return fmt.Errorf("status on %s ends with %d:\n%s", m.Name, status, output)
		}
	}
	return nil
}

// powerCycle is the hand that a pair must not need; the faults after it are to be
// of use all the same.
func (s *subject) powerCycle(t lab.T, watch *Watch) {
	for i, m := range s.nodes {
		m.Kill()
		whole(s, t, Fault{On: i})
		m.Start()
	}
	if err := s.awaitWell(watch, site.ComeUp); err != nil {
		t.Fatalf("the pair is not well after both nodes were switched off and on: %v", err)
	}
}

// complain says what was breached and how to see it again.
func (r *Run) complain(t lab.T, s *subject, report *Report, breaches []Breach, until []Round) {
	dir := filepath.Join(r.Dir, fmt.Sprintf("round-%d-of-seed-%d", len(until), report.Seed))
	var text strings.Builder
	for _, b := range breaches {
		fmt.Fprintf(&text, "%s %s\n", b.Begin.Format("15:04:05.000"), b.What)
	}
	nodes, servers := s.names()
	if err := WriteSchedule(&text, until, nodes, servers); err != nil {
		t.Error(err)
	}
	faults := until[len(until)-1]
	last := faults[len(faults)-1].Number
	t.Errorf("round %d: a promise was not kept; logs are in %s; make torture N=%d SEED=%d does it again:\n%s", len(until), dir, last, report.Seed, &text)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Error(err)
		return
	}
	files := map[string]string{"breaches.txt": text.String()}
	for _, m := range s.nodes {
		for _, command := range []string{"history", "logs", "status"} {
			output, _, err := s.login.Operator.Run(s.Client, s.login.KnownHosts, s.Node(m).Addr(), command)
			if err != nil {
				output = err.Error()
			}
			files[m.Name+"-"+command+".txt"] = output
		}
		for _, command := range []string{"processes", "addresses"} { // a node may let nobody log in
			output, err := m.Hook(command)
			if err != nil {
				output = err.Error()
			}
			files[m.Name+"-"+command+".txt"] = output
		}
		if log, err := os.ReadFile(m.SerialLog()); err == nil {
			files[m.Name+"-serial.log"] = string(log)
		}
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			t.Error(err)
		}
	}
}

func (s *subject) names() (nodes, servers []string) {
	for _, m := range s.nodes {
		nodes = append(nodes, m.Name)
	}
	for _, server := range s.Servers {
		servers = append(servers, server.Name)
	}
	return nodes, servers
}
