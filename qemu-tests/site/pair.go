package site

import (
	"twinlb/qemu-tests/lab"
	"twinlb/qemu-tests/vm"
)

// Pair is a site with its two balancers. A seed may have more nodes; they stay off.
type Pair struct {
	*Site
	Master, Backup *vm.VM
	Inside         Inside
}

// Inside reaches into the nodes of a pair.
type Inside interface {
	// Signal sends a signal, such as KILL, to haproxy-master, haproxy-worker,
	// keepalived-parent, keepalived-child, keepalived-both or admin.
	Signal(t lab.T, m *vm.VM, signal, process string)
	// Service is asked of the node as its operator does it: stop, start or restart
	// haproxy or keepalived.
	Service(t lab.T, m *vm.VM, verb, service string)
	// Reboot is asked of the node as its operator does it.
	Reboot(t lab.T, m *vm.VM)
}

// Start boots the first two nodes of the seed from their disks and returns when
// both serve and the master holds the VIP.
func (s *Site) Start(t lab.T, inside Inside, master, backup vm.Config) *Pair {
	t.Helper()
	p := &Pair{Site: s, Inside: inside}
	// One after the other: a backup that comes up first has the VIP, and the master
	// waits for as long as preempt says.
	p.Master = vm.Start(t, s.Lab, master)
	s.AwaitAnswer(t, s.Node(p.Master))
	p.Backup = vm.Start(t, s.Lab, backup)
	s.AwaitAnswer(t, s.Node(p.Backup))
	s.AwaitHolder(t, p.Master)
	return p
}

// Hooked reaches into nodes of ours that were built for tests, and whose operator
// can log in.
type Hooked struct {
	Login
	Site *Site
}

// Signal goes through the test hook.
func (h Hooked) Signal(t lab.T, m *vm.VM, signal, process string) {
	t.Helper()
	if _, err := m.Hook("kill " + signal + " " + process); err != nil {
		t.Fatal(err)
	}
}

// Service is a command over SSH.
func (h Hooked) Service(t lab.T, m *vm.VM, verb, service string) {
	t.Helper()
	h.command(t, m, verb+" "+service)
}

// Reboot is a command over SSH.
func (h Hooked) Reboot(t lab.T, m *vm.VM) {
	t.Helper()
	h.command(t, m, "reboot")
}

func (h Hooked) command(t lab.T, m *vm.VM, command string) {
	t.Helper()
	if output, status := h.Run(t, h.Site.Node(m).Addr(), command); status != 0 {
		t.Fatalf("%s on %s: exit status %d: %s", command, m.Name, status, output)
	}
}
