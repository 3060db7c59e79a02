// Package watchdog has the machine reset itself when PID 1 hangs: a timer of the
// hardware, or else of the kernel, is fed only while every part of PID 1 that
// matters makes progress.
//
// It owns the timer and the asking. What progress is, each part says for itself.
package watchdog

import (
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"twinlb/init/beat"
)

// Timeout is how long the timer goes unfed until the machine is reset. Nothing
// here takes a second of it, a busy hypervisor may take several; a machine that its
// hypervisor pauses has a timer that stands still too.
const Timeout = 10 * time.Second

// period is the time between two rounds of asking.
const period = 2 * time.Second

// quiet is how many rounds a part may be late before it is told of: to stop a
// service takes as long as its grace.
const quiet = 2

// Part is something that must make progress.
type Part struct {
	Name string
	// Answer returns when the part has come by. While it does not, the timer is not
	// fed. It runs in a goroutine of its own.
	Answer func()
}

// Pulse is how a part that runs in a loop answers: it receives in its select, or
// calls Beat in each round.
type Pulse chan struct{}

// Answer is for Part.
func (p Pulse) Answer() { p <- struct{}{} }

// Beat tells that the loop has come by, if that was asked.
func (p Pulse) Beat() {
	select {
	case <-p:
	default:
	}
}

// Timer is what resets the machine.
type Timer interface {
	Feed() error
	// Disarm stops it.
	Disarm() error
}

// Guard feeds a timer.
type Guard struct {
	timer   Timer
	parts   []*watched
	say     func(text string)
	done    chan struct{}
	ended   chan struct{}
	failing bool
}

type watched struct {
	Part
	asked    chan struct{}
	answered atomic.Bool
	late     int // rounds
}

// Watch begins to feed the timer for as long as all parts answer. What is worth
// telling somebody is said.
func Watch(timer Timer, parts []Part, say func(text string)) *Guard {
	g := &Guard{timer: timer, say: say, done: make(chan struct{}), ended: make(chan struct{})}
	for _, p := range parts {
		w := &watched{Part: p, asked: make(chan struct{}, 1)}
		w.answered.Store(true)
		g.parts = append(g.parts, w)
		go func() {
			for range w.asked {
				w.Answer()
				w.answered.Store(true)
			}
		}()
	}
	go func() {
		defer close(g.ended)
		g.round()
		beat.Every(period, g.done, g.round)
		for _, w := range g.parts {
			close(w.asked)
		}
		if err := g.timer.Disarm(); err != nil {
			g.say(fmt.Sprintf("disarm: %v", err))
		}
	}()
	return g
}

// Disarm ends it and stops the timer. A part that hangs does not hold it up.
func (g *Guard) Disarm() {
	close(g.done)
	<-g.ended
}

// round feeds the timer if all have answered since the last round, and asks anew.
func (g *Guard) round() {
	var missing []string
	news := false
	for _, w := range g.parts {
		if w.answered.CompareAndSwap(true, false) {
			w.late = 0
			w.asked <- struct{}{}
			continue
		}
		w.late++
		news = news || w.late == quiet
		missing = append(missing, w.Name)
	}
	if len(missing) > 0 {
		if news {
			g.say(fmt.Sprintf("no sign of life from %s: this machine is reset within %s if that lasts", strings.Join(missing, ", "), Timeout))
		}
		return
	}
	err := g.timer.Feed()
	if err != nil && !g.failing {
		g.say(fmt.Sprintf("feed: %v", err))
	}
	g.failing = err != nil
}
