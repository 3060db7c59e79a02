package torture

import (
	"errors"
	"net"
	"os"
	"sync"
	"time"

	"twinlb/init/vrrp"
	"twinlb/qemu-tests/lab"
	"twinlb/qemu-tests/site"
	"twinlb/qemu-tests/vm"
)

// subject is the pair that faults happen to, and how to get at it.
type subject struct {
	*site.Pair
	nodes  [2]*vm.VM
	login  site.Login
	ledger *Ledger

	hooks  [2]sync.Mutex // the port of a test hook takes one connection at a time
	resets []Breach      // of machines since the last round
}

// deed does something to the subject because of a fault; it fails the T when it can't.
type deed func(*subject, lab.T, Fault)

// deeds are what begins and what mends a fault of each kind; one without the second
// mends itself.
var deeds = map[string][2]deed{
	workerKilled:   {signal("KILL", "haproxy-worker")},
	proxyKilled:    {signal("KILL", "haproxy-master")},
	workerHangs:    {signal("STOP", "haproxy-worker"), resume("haproxy-worker")},
	proxyHangs:     {signal("STOP", "haproxy-master"), resume("haproxy-master")},
	parentKilled:   {signal("KILL", "keepalived-parent")},
	childKilled:    {signal("KILL", "keepalived-child")},
	electorKilled:  {signal("KILL", "keepalived-both")},
	parentHangs:    {signal("STOP", "keepalived-parent"), resume("keepalived-parent")},
	childHangs:     {signal("STOP", "keepalived-child"), resume("keepalived-child")},
	electorHangs:   {signal("STOP", "keepalived-both"), resume("keepalived-both")},
	loginKilled:    {signal("KILL", "admin")},
	proxyStopped:   {order("stop haproxy"), order("start haproxy")},
	electorStopped: {order("stop keepalived"), order("start keepalived")},
	handedOver:     {order("failover")},
	poweredOff:     {func(s *subject, _ lab.T, f Fault) { s.nodes[f.On].Kill() }, switchOn},
	powerButton:    {onNode((*vm.VM).PowerButton), switchOn},
	paused:         {onNode((*vm.VM).Pause), onNode((*vm.VM).Resume)},
	frozen:         {onNode((*vm.VM).Freeze), onNode((*vm.VM).Thaw)},
	unplugged:      {onNode((*vm.VM).Unplug), onNode((*vm.VM).Replug)},
	muted:          {onPort((*lab.Port).Mute), onPort((*lab.Port).Unmute)},
	deafened:       {impair(lab.Impairment{Loss: 1}, lab.Impairment{}), whole},
	silenced:       {impair(lab.Impairment{}, lab.Impairment{Loss: 1}), whole},
	split: {func(s *subject, t lab.T, f Fault) {
		between := lab.Impairment{Loss: 1, Only: s.mac(t, 1-f.On)}
		impair(between, between)(s, t, f)
	}, whole},
	filtered:     {both(lab.Impairment{Loss: 1, Protocol: vrrp.Protocol}), whole},
	lossy:        {both(lab.Impairment{Loss: 0.3}), whole},
	jittery:      {both(lab.Impairment{Jitter: 200 * time.Millisecond}), whole},
	duplicated:   {both(lab.Impairment{Duplicate: 1}), whole},
	clockJumps:   {jump(1), jump(-1)},
	memoryFull:   {fillMemory},
	noBackends:   {blackhole("add"), blackhole("delete")},
	serverKilled: {killServer, restartServer},
	serverHangs: {
		func(s *subject, _ lab.T, f Fault) { s.Servers[f.On].Freeze() },
		func(s *subject, _ lab.T, f Fault) { s.Servers[f.On].Thaw() },
	},
}

// hook has one command after the other done: the port takes one connection.
func (s *subject) hook(node int, command string) error {
	s.hooks[node].Lock()
	defer s.hooks[node].Unlock()
	_, err := s.nodes[node].Hook(command)
	return err
}

func (s *subject) mac(t lab.T, node int) net.HardwareAddr {
	mac, err := net.ParseMAC(s.nodes[node].MAC)
	if err != nil {
		t.Fatal(err)
	}
	return mac
}

func signal(name, process string) deed {
	return func(s *subject, t lab.T, f Fault) {
		if err := s.hook(f.On, "kill "+name+" "+process); err != nil {
			t.Fatal(err)
		}
	}
}

// resume does not mind when the process is another by now: PID 1 kills what hangs.
func resume(process string) deed {
	return func(s *subject, _ lab.T, f Fault) { _ = s.hook(f.On, "kill CONT "+process) }
}

func order(command string) deed {
	return func(s *subject, t lab.T, f Fault) {
		output, status := s.login.Run(t, s.Node(s.nodes[f.On]).Addr(), command)
		if status != 0 {
			t.Fatalf("%s on %s: exit status %d: %s", command, s.nodes[f.On].Name, status, output)
		}
	}
}

// switchOn starts the machine once it is off.
func switchOn(s *subject, _ lab.T, f Fault) {
	m := s.nodes[f.On]
	if m.Running() {
		m.WaitOff(time.Minute)
	}
	m.Start()
}

func onNode(do func(*vm.VM) error) deed {
	return func(s *subject, t lab.T, f Fault) {
		if err := do(s.nodes[f.On]); err != nil {
			t.Fatal(err)
		}
	}
}

func onPort(do func(*lab.Port) error) deed {
	return onNode(func(m *vm.VM) error { return do(m.Port) })
}

func impair(to, from lab.Impairment) deed {
	return func(s *subject, _ lab.T, f Fault) {
		s.nodes[f.On].Cable.ToMachine.Impair(to)
		s.nodes[f.On].Cable.FromMachine.Impair(from)
	}
}

func both(directions lab.Impairment) deed { return impair(directions, directions) }

var whole = both(lab.Impairment{})

func jump(sign time.Duration) deed {
	return func(s *subject, t lab.T, f Fault) {
		if err := s.hook(f.On, "clock "+(sign*f.Amount).String()); err != nil {
			t.Fatal(err)
		}
	}
}

// fillMemory does not mind when the answer takes long: the node has other worries.
func fillMemory(s *subject, t lab.T, f Fault) {
	if err := s.hook(f.On, "hog"); err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatal(err)
	}
}

// blackhole lets the servers drop what they would answer to the node's checks.
func blackhole(change string) deed {
	return func(s *subject, t lab.T, f Fault) {
		s.Route(t, change, "blackhole", s.Node(s.nodes[f.On]).Addr().String())
	}
}

func killServer(s *subject, _ lab.T, f Fault) { s.Servers[f.On].Kill() }

func restartServer(s *subject, _ lab.T, f Fault) {
	s.Servers[f.On].Restart()
	s.ledger.Restarted(s.Servers[f.On])
}
