package torture

import "time"

// part is what a fault needs or changes of a node. Faults of one round that have a
// part of the same node in common do not go together: the one would hide or undo the
// other.
type part uint

const (
	proxy part = 1 << iota
	elector
	login
	cable
	clock
	memory
	backends
	machine = 1<<iota - 1 // all of them
)

// serving is what a fault lets a client expect of the node while it lasts.
type serving int

const (
	serves  serving = iota // it can hold the VIP and answer
	fails                  // it can't, and the other node is to
	unclear                // nothing can be promised, whoever has the VIP
)

// hearing is whether the nodes hear each other while a fault lasts.
type hearing int

const (
	hears hearing = iota
	halfHears
	deaf
)

// target is what a fault happens to.
type target int

const (
	aNode   target = iota
	aServer        // one at a time, so that there is always one that answers
)

// kind is a sort of fault.
type kind struct {
	name   string
	target target
	takes  part
	lasts  [2]time.Duration // least and most; zero is a fault that is over when it has begun
	serves serving
	hears  hearing
	// notice is what the pair may need to see the fault, beyond the time to take over.
	notice time.Duration
	// harmless is whether it is to cost nobody more, when it happens alone, than the
	// connections that are open: it is planned, or what fails is not needed.
	harmless bool
	// back is what a node may need to be itself again after the fault is mended.
	back time.Duration
}

const (
	restarted = 10 * time.Second // a service, with the checks of all backends; later if it was killed before
	booted    = 60 * time.Second // a machine, on a busy host
	settled   = 5 * time.Second  // adverts and checks
)

var (
	once   = [2]time.Duration{}
	brief  = [2]time.Duration{500 * time.Millisecond, 4 * time.Second}  // less and more than three adverts
	longer = [2]time.Duration{3500 * time.Millisecond, 8 * time.Second} // more than anything needs to be noticed
)

// The names of the kinds, by which a schedule that was printed is read.
const (
	workerKilled   = "haproxy's worker killed"
	proxyKilled    = "haproxy's master process killed"
	workerHangs    = "haproxy's worker hangs"
	proxyHangs     = "haproxy's master process hangs"
	parentKilled   = "keepalived's parent killed"
	childKilled    = "keepalived's child killed"
	electorKilled  = "keepalived's parent and child killed"
	parentHangs    = "keepalived's parent hangs"
	childHangs     = "keepalived's child hangs"
	electorHangs   = "keepalived's parent and child hang"
	loginKilled    = "the login killed"
	proxyStopped   = "haproxy stopped over SSH"
	electorStopped = "keepalived stopped over SSH"
	handedOver     = "failover asked for"
	poweredOff     = "powered off"
	powerButton    = "power button"
	paused         = "paused"
	frozen         = "frozen by its host"
	unplugged      = "cable pulled"
	muted          = "frames dropped in both directions"
	deafened       = "frames to the node dropped"
	silenced       = "frames of the node dropped"
	split          = "frames between the nodes dropped"
	filtered       = "VRRP between the nodes dropped"
	lossy          = "30 % of the frames lost"
	jittery        = "frames late by up to 200 ms"
	duplicated     = "all frames doubled"
	clockJumps     = "clock jumps"
	memoryFull     = "memory is full"
	noBackends     = "the node alone loses its backends"
	serverKilled   = "a server killed"
	serverHangs    = "a server hangs"
)

var kinds = []kind{
	{name: workerKilled, takes: proxy, serves: fails, back: restarted},
	{name: proxyKilled, takes: proxy, serves: fails, back: restarted},
	{name: workerHangs, takes: proxy, lasts: brief, serves: fails, notice: time.Second, back: restarted},
	{name: proxyHangs, takes: proxy, lasts: brief, harmless: true},
	{name: parentKilled, takes: elector, serves: fails, back: restarted},
	{name: childKilled, takes: elector, serves: fails, back: restarted},
	{name: electorKilled, takes: elector, serves: fails, back: restarted},
	{name: parentHangs, takes: elector, lasts: brief, harmless: true},
	{name: childHangs, takes: elector, lasts: longer, serves: fails, notice: 3 * time.Second, back: restarted},
	{name: electorHangs, takes: elector, lasts: brief, serves: fails, notice: 3 * time.Second, back: restarted},
	{name: loginKilled, takes: login, harmless: true},
	{name: proxyStopped, takes: proxy | login | cable, lasts: brief, serves: fails, back: restarted},
	{name: electorStopped, takes: elector | login | cable, lasts: brief, serves: fails, back: restarted},
	{name: handedOver, takes: elector | proxy | login | cable, harmless: true},
	{name: poweredOff, takes: machine, lasts: longer, serves: fails, hears: deaf, back: booted},
	{name: powerButton, takes: machine, lasts: longer, serves: fails, hears: deaf, back: booted, harmless: true},
	{name: paused, takes: machine, lasts: longer, serves: fails, hears: deaf, back: settled},
	{name: frozen, takes: machine, lasts: longer, serves: fails, hears: deaf, back: settled},
	{name: unplugged, takes: cable, lasts: brief, serves: fails, hears: deaf, back: settled},
	{name: muted, takes: cable, lasts: longer, serves: fails, hears: deaf, back: settled},
	{name: deafened, takes: cable, lasts: longer, serves: fails, hears: deaf, notice: time.Second, back: settled},
	{name: silenced, takes: cable, lasts: longer, serves: fails, hears: deaf, notice: time.Second, back: settled},
	{name: split, takes: cable, lasts: longer, serves: unclear, hears: deaf, back: settled},
	{name: filtered, takes: cable, lasts: longer, serves: unclear, hears: deaf, back: settled},
	{name: lossy, takes: cable, lasts: longer, serves: unclear, hears: halfHears, back: settled},
	{name: jittery, takes: cable, lasts: longer, serves: unclear, back: settled},
	{name: duplicated, takes: cable, lasts: longer, harmless: true},
	{name: clockJumps, takes: clock, lasts: brief, harmless: true},
	{name: memoryFull, takes: memory | login, harmless: true},
	// The checks that fail, and the 3 s for which the other must reach more.
	{name: noBackends, takes: backends, lasts: longer, serves: fails, notice: 5 * time.Second, back: settled},
	{name: serverKilled, target: aServer, lasts: brief, harmless: true},
	{name: serverHangs, target: aServer, lasts: brief},
}

// kindOf returns the kind of that name.
func kindOf(name string) kind {
	for _, k := range kinds {
		if k.name == name {
			return k
		}
	}
	return kind{name: name}
}
