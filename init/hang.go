package main

import (
	"errors"
	"time"

	"twinlb/init/watchdog"
)

// signEvery is how often a loop that waits for nothing else shows that, at least.
const signEvery = 2 * time.Second

// signs are how the loops of PID 1 show that they make progress.
type signs struct{ elect, guard watchdog.Pulse }

func newSigns() signs { return signs{make(watchdog.Pulse), make(watchdog.Pulse)} }

// armed is a watchdog that is fed.
type armed struct {
	timer string // for people
	guard *watchdog.Guard
}

// startWatchdog has the machine reset itself when what keeps the VIP in order does
// not make progress any more. Whoever has the VIP then would keep it.
func (b *balancer) startWatchdog() {
	say := func(text string) { b.node.log("watchdog", "%s", text) }
	timers, err := watchdog.Open()
	if errors.Is(err, watchdog.ErrNone) {
		say("this machine has none: it goes on if this program hangs")
		return
	}
	if err != nil {
		say(err.Error())
		return
	}
	parts := []watchdog.Part{
		{Name: "the election", Answer: b.signs.elect.Answer},
		{Name: "the guard of keepalived", Answer: b.signs.guard.Answer},
		{Name: "the decision", Answer: func() { b.controller.Status() }},
		{Name: "the reaper", Answer: b.node.reaper.Answer},
	}
	for _, unit := range b.units {
		parts = append(parts, watchdog.Part{Name: "the service " + unit.State().Name, Answer: unit.Answer})
	}
	b.watchdog.Store(&armed{timers.String(), watchdog.Watch(timers, parts, say)})
	say(timers.String())
	if timers.Software() {
		say("the machine itself has none, and if the kernel hangs nobody notices")
	}
}

// disarm stops the watchdog, before the node ends on purpose.
func (b *balancer) disarm() {
	if armed := b.watchdog.Load(); armed != nil {
		armed.guard.Disarm()
	}
}

// watchedBy names the timer that resets this machine; "" when there is none.
func (b *balancer) watchedBy() string {
	if armed := b.watchdog.Load(); armed != nil {
		return armed.timer
	}
	return ""
}
