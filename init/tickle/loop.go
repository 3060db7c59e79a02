package tickle

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"twinlb/init/beat"
	"twinlb/init/peer"
	"twinlb/init/sockdiag"
)

// loop is what one goroutine alone has.
type loop struct {
	*Tickler
	master bool // when it looked last
	here   bool // the VIPs, since then
	share  *share
	lookAt time.Time
	queue  [][]byte  // messages that are to be sent
	left   time.Time // when the VIP went away; zero when that is settled
	sweeps int
	failed map[string]bool // by what was being done
}

func (t *Tickler) run(done <-chan struct{}) {
	l := &loop{Tickler: t, failed: make(map[string]bool)}
	timer := time.NewTimer(never)
	defer timer.Stop()
	for {
		select {
		case <-t.turned:
		case <-timer.C:
		case <-done:
			return
		}
		timer.Reset(l.step(time.Now()))
	}
}

// step does what is due and returns how long nothing else will be.
func (l *loop) step(now time.Time) time.Duration {
	l.mu.Lock()
	master := l.Tickler.master
	if master && !l.master { // who held it has lost it
		for _, m := range l.memory {
			m.orphaned, m.rounds, m.next = true, 0, time.Time{}
		}
	}
	l.mu.Unlock()
	if master != l.master {
		l.master, l.here, l.queue, l.lookAt = master, false, nil, now
		l.share, l.left, l.sweeps = nil, time.Time{}, 0
		if !master {
			l.left = now
		}
	}
	next := never
	switch {
	case master && !l.arrived():
		if now.Sub(l.lookAt) > time.Second {
			return beat.Next(period)
		}
		return address
	case master:
		next = min(l.tickle(now), l.tell(now))
	case !l.left.IsZero():
		next = l.sweep(now)
	}
	return max(0, min(next, l.forget(now)))
}

// arrived tells whether all VIPs are here: answers to ACKs would go astray.
func (l *loop) arrived() bool {
	l.here = l.here || !slices.ContainsFunc(l.config.VIPs(), func(vip netip.Addr) bool { return !l.kernel.has(vip) })
	return l.here
}

// tickle sends ACKs to the connections of who no longer holds the VIP.
func (l *loop) tickle(now time.Time) time.Duration {
	next := never
	for _, peer := range l.config.Peers() {
		gone, round := l.due(peer, now)
		if len(gone) > 0 {
			l.acknowledge(peer, gone, round)
		}
		next = min(next, l.nextRound(peer, now))
	}
	return next
}

// due returns the connections of a peer that are to be sent an ACK now.
func (l *loop) due(peer string, now time.Time) (gone []Tuple, round int) {
	holds := l.config.Holds(peer)
	l.mu.Lock()
	defer l.mu.Unlock()
	m := l.memory[peer]
	if m == nil || now.Before(m.next) || holds && !m.orphaned {
		return nil, 0
	}
	vips := l.config.VIPs()
	m.each(func(t Tuple) {
		if slices.Contains(vips, t.Local.Addr()) && unicast(t.Remote) {
			gone = append(gone, t)
		}
	})
	m.orphaned, m.next = true, now.Add(roundAfter)
	m.rounds++
	if m.rounds == rounds {
		delete(l.memory, peer)
	}
	return gone, m.rounds
}

func unicast(a netip.AddrPort) bool {
	ip := a.Addr()
	return a.Port() != 0 && !ip.IsUnspecified() && !ip.IsMulticast() && !ip.IsLoopback()
}

// nextRound is when a peer has to be looked at again.
func (l *loop) nextRound(peer string, now time.Time) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch m := l.memory[peer]; {
	case m == nil:
		return never
	case m.orphaned:
		return m.next.Sub(now)
	}
	return period
}

// acknowledge leaves those out that are connections of this node by now: a client may
// use a port again.
func (l *loop) acknowledge(peer string, gone []Tuple, round int) {
	mine := make(map[Tuple]bool)
	for _, vip := range l.config.VIPs() {
		l.report("list connections", l.kernel.each(vip, sockdiag.Alive, func(t Tuple) { mine[t] = true }))
	}
	gone = slices.DeleteFunc(gone, func(t Tuple) bool { return mine[t] })
	if len(gone) == 0 {
		return
	}
	began := time.Now()
	l.report("send ACKs", l.kernel.acknowledge(gone))
	if round == 1 {
		l.config.Log("%s through %s made fail at once, in %d ms", connections(len(gone)), peer, time.Since(began).Milliseconds())
	}
}

func connections(n int) string {
	if n == 1 {
		return "1 connection"
	}
	return fmt.Sprintf("%d connections", n)
}

// tell tells the peers which connections are here.
func (l *loop) tell(now time.Time) time.Duration {
	if len(l.queue) == 0 {
		if now.Before(l.lookAt) {
			return l.lookAt.Sub(now)
		}
		l.look(now)
		l.lookAt = now.Add(beat.Next(period))
	}
	if len(l.queue) == 0 {
		return l.lookAt.Sub(now)
	}
	message := l.queue[0]
	if l.queue = l.queue[1:]; len(l.queue) == 0 {
		l.queue = nil
	}
	l.report("tell the peers", l.config.Send(message))
	return peer.Pace
}

func (l *loop) look(now time.Time) {
	vips := l.config.VIPs()
	if l.share == nil || !slices.Equal(vips, l.share.vips) {
		l.share = newShare(vips)
	}
	full := l.share.full
	err := l.share.look(l.kernel)
	l.report("list connections", err)
	if err != nil {
		return
	}
	if l.share.full && !full {
		l.config.Log("there are more than %d connections: the peers are not told of all, and could not make those fail at once", MaxTuples)
	}
	l.queue = l.share.messages(now)
}

// sweep ends this node's halves of the connections that it had when it held the VIP, as
// soon as a peer holds it, and once more for those that were about to begin. Nobody
// does if the VIP comes back here.
func (l *loop) sweep(now time.Time) time.Duration {
	holder := slices.IndexFunc(l.config.Peers(), l.config.Holds)
	if holder < 0 {
		if now.Sub(l.left) > keep {
			l.left = time.Time{}
		}
		return beat.Next(period)
	}
	all := 0
	for _, vip := range l.config.VIPs() {
		ended, err := l.kernel.destroy(vip)
		l.report("end connections", err)
		all += ended
	}
	if all > 0 {
		l.config.Log("%s ended: %s holds the VIP", connections(all), l.config.Peers()[holder])
	}
	if l.sweeps++; l.sweeps == rounds {
		l.left = time.Time{}
		return never
	}
	return beat.Next(period)
}

// forget drops what peers no longer tell.
func (l *loop) forget(now time.Time) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	next := never
	for name, m := range l.memory {
		left := keep - now.Sub(m.heard)
		if left <= 0 {
			delete(l.memory, name)
			continue
		}
		next = min(next, left)
	}
	return next
}

// report says what fails when it begins to.
func (l *loop) report(doing string, err error) {
	if err != nil && !l.failed[doing] {
		text, _, _ := strings.Cut(err.Error(), "\n")
		l.config.Log("%s", text)
	}
	l.failed[doing] = err != nil
}
