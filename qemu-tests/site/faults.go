package site

import (
	"time"

	"twinlb/qemu-tests/lab"
)

// Fault is something that goes wrong on the master of a pair that is well.
type Fault struct {
	Name  string
	Spoil func(lab.T, *Pair)
	Mend  func(lab.T, *Pair) // nil when a pair of ours needs nobody
	Moves bool               // the VIP has to go to the backup; otherwise it stays
}

// ServiceFaults are those of HAProxy and keepalived on the master.
func ServiceFaults() []Fault {
	return []Fault{
		{Name: "haproxy stopped over SSH", Spoil: service("stop", "haproxy"), Mend: service("start", "haproxy"), Moves: true},
		{Name: "haproxy restarted over SSH", Spoil: service("restart", "haproxy"), Moves: true},
		{Name: "haproxy's worker killed", Spoil: signal("KILL", "haproxy-worker"), Moves: true},
		{Name: "haproxy's master process killed", Spoil: signal("KILL", "haproxy-master"), Moves: true},
		{Name: "haproxy's worker hangs", Spoil: signal("STOP", "haproxy-worker"), Moves: true},
		{Name: "haproxy's master process hangs", Spoil: signal("STOP", "haproxy-master"), Mend: signal("CONT", "haproxy-master")},
		{Name: "haproxy's worker is killed while its master process hangs", Spoil: func(t lab.T, p *Pair) {
			p.Inside.Signal(t, p.Master, "STOP", "haproxy-master")
			p.Inside.Signal(t, p.Master, "KILL", "haproxy-worker")
		}, Moves: true},
		{Name: "keepalived's parent killed", Spoil: signal("KILL", "keepalived-parent"), Moves: true},
		{Name: "keepalived's child killed", Spoil: signal("KILL", "keepalived-child"), Moves: true},
		{Name: "keepalived's parent and child killed", Spoil: signal("KILL", "keepalived-both"), Moves: true},
		{Name: "keepalived's parent hangs", Spoil: signal("STOP", "keepalived-parent"), Mend: signal("CONT", "keepalived-parent")},
		{Name: "keepalived's child hangs", Spoil: signal("STOP", "keepalived-child"), Moves: true},
		{Name: "keepalived's parent and child hang", Spoil: signal("STOP", "keepalived-both"), Moves: true},
		{Name: "keepalived stopped over SSH", Spoil: service("stop", "keepalived"), Mend: service("start", "keepalived"), Moves: true},
	}
}

// NetworkFaults are those of the nodes' cables and of what is behind them.
func NetworkFaults() []Fault {
	return []Fault{
		{Name: "cable pulled", Moves: true,
			Spoil: do(func(p *Pair) error { return p.Master.Unplug() }), Mend: do(func(p *Pair) error { return p.Master.Replug() })},
		{Name: "frames dropped in both directions", Moves: true,
			Spoil: do(func(p *Pair) error { return p.Master.Port.Mute() }), Mend: do(func(p *Pair) error { return p.Master.Port.Unmute() })},
		{Name: "frames to the master dropped", Moves: true,
			Spoil: do(func(p *Pair) error { return p.Master.Deafen() }), Mend: do(func(p *Pair) error { return p.Master.Undeafen() })},
		{Name: "frames of the master dropped", Moves: true,
			Spoil: do(func(p *Pair) error { return p.Master.Silence() }), Mend: do(func(p *Pair) error { return p.Master.Unsilence() })},
		{Name: "frames to the backup dropped",
			Spoil: do(func(p *Pair) error { return p.Backup.Deafen() }), Mend: do(func(p *Pair) error { return p.Backup.Undeafen() })},
		{Name: "frames of the backup dropped",
			Spoil: do(func(p *Pair) error { return p.Backup.Silence() }), Mend: do(func(p *Pair) error { return p.Backup.Unsilence() })},
		{Name: "the master alone loses its backends", Moves: true, Spoil: blackhole("add"), Mend: blackhole("delete")},
	}
}

// PoweredOff is the name of the fault after which the master comes back from nothing.
const PoweredOff = "master powered off"

// MachineFaults are those of the whole machine, which has to be switched on again.
func MachineFaults() []Fault {
	return []Fault{
		{Name: PoweredOff, Spoil: func(_ lab.T, p *Pair) { p.Master.Kill() }, Mend: switchOn, Moves: true},
		{Name: "master's power button", Spoil: do(func(p *Pair) error { return p.Master.PowerButton() }), Mend: switchOn, Moves: true},
		{Name: "master rebooted over SSH", Spoil: func(t lab.T, p *Pair) { p.Inside.Reboot(t, p.Master) }, Mend: switchOn, Moves: true},
	}
}

// switchOn starts the master once it is off: no machine of a lab reboots.
func switchOn(t lab.T, p *Pair) {
	if p.Master.Running() {
		p.Master.WaitOff(time.Minute)
	}
	p.Master.Start()
	p.AwaitAnswer(t, p.Node(p.Master))
}

func signal(name, process string) func(lab.T, *Pair) {
	return func(t lab.T, p *Pair) { p.Inside.Signal(t, p.Master, name, process) }
}

func service(verb, name string) func(lab.T, *Pair) {
	return func(t lab.T, p *Pair) { p.Inside.Service(t, p.Master, verb, name) }
}

// blackhole lets servers drop what they would answer to the master.
func blackhole(change string) func(lab.T, *Pair) {
	return func(t lab.T, p *Pair) { p.Route(t, change, "blackhole", p.Node(p.Master).Addr().String()) }
}

// do wraps what is done to a machine or a cable.
func do(on func(*Pair) error) func(lab.T, *Pair) {
	return func(t lab.T, p *Pair) {
		if err := on(p); err != nil {
			t.Fatal(err)
		}
	}
}
