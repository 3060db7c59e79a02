package failover

import (
	"errors"
	"net/netip"
	"time"

	"twinlb/init/beat"
	"twinlb/services/haproxy"
)

// Answer is what one probe of HAProxy found.
type Answer struct {
	Asked   time.Time
	OK      bool
	Hung    bool             // it could have answered in time and did not
	Gone    bool             // it has ended the conversation, or takes none
	Servers []haproxy.Server // the backends, when they were asked for
	Closed  []netip.AddrPort // ports of VIPs at which nobody listens, when the backends were asked for
	Err     error            // why not OK
}

// serversEvery is how many probes of a node that holds the VIP there are to one
// question after the backends, whose answer is far longer.
const serversEvery = 5

// restInterval is the time between two probes of a node without the VIP: nobody
// notices there that HAProxy hangs, unless the other node fails in that second too.
const restInterval = serversEvery * ProbeInterval

// readyInterval is the time between two looks at a HAProxy that is coming up.
const readyInterval = ProbeInterval / 10

// Prober asks HAProxy's worker again and again. It looks for an answer when that
// must be there, so that most probes wake this program once.
type Prober struct {
	Socket string
	Holds  func() bool     // whether the VIP is here
	Turned <-chan struct{} // gets something when that changes
	// Renewed gets something when another worker has taken the place of the one that
	// is asked, which lives on as long as it has connections, and this is one.
	Renewed <-chan struct{}
	// Closed returns the ports of VIPs at which nobody listens. HAProxy itself does
	// not look whether it still does.
	Closed func() []netip.AddrPort

	runtime *haproxy.Runtime
	ready   bool      // all first checks of the backends have ended
	unready time.Time // since when they have not
	late    bool      // for longer than a start takes: perhaps somebody has stopped it
	open    bool      // a question is not answered yet
	asked   time.Time // it was
	servers bool      // it is after the backends
	waiting time.Time // since when an answer is missing that is not accounted for
	until   int       // probes until the backends are asked for again
}

var (
	errHungUp   = errors.New("haproxy's worker has hung up")
	errNoAnswer = errors.New("haproxy's worker does not answer")
)

// Run sends an Answer for each probe, and one at once when the worker hangs up,
// which is how its end is seen first, until done is closed.
func (p *Prober) Run(answers chan<- Answer, done <-chan struct{}) {
	defer p.hangUp()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		var answer Answer
		news := true
		select {
		case <-timer.C:
			answer, news = p.look(time.Now())
		case <-p.Turned:
			answer, news = p.look(time.Now())
		case <-p.Renewed:
			p.hangUp()
			answer, news = p.look(time.Now())
		case <-p.ended():
			answer = p.gone(time.Now(), errHungUp)
		case <-done:
			return
		}
		timer.Reset(beat.Next(p.interval()))
		if !news {
			continue
		}
		select {
		case answers <- answer:
		case <-done:
			return
		}
	}
}

// look takes an answer if there is one, and asks the next question if it is time
// to. It says whether that has told anything.
func (p *Prober) look(now time.Time) (answer Answer, news bool) {
	if p.ready || p.unready.IsZero() {
		p.unready = now
	}
	p.late = now.Sub(p.unready) > ReadyWithin
	if p.open {
		answer, news = p.take(now)
		if !answer.OK || p.resting() {
			return answer, news
		}
	}
	if err := p.ask(now); err != nil {
		return p.gone(now, err), true
	}
	return answer, news
}

func (p *Prober) ask(now time.Time) error {
	if p.runtime == nil {
		runtime, err := haproxy.Dial(p.Socket)
		if err != nil {
			return err
		}
		p.runtime = runtime
	}
	command := haproxy.Ping
	if p.servers = p.until == 0 || p.resting(); p.servers {
		command = haproxy.ShowServers
	} else {
		p.until--
	}
	p.open, p.asked, p.waiting = true, now, now
	return p.runtime.Ask(command)
}

func (p *Prober) take(now time.Time) (answer Answer, news bool) {
	text, complete, err := p.runtime.Answer()
	if err == nil && !complete {
		return p.missing(now)
	}
	answer = Answer{Asked: p.asked, OK: true}
	if err == nil && p.servers {
		answer.Servers, err = haproxy.ParseServers(text)
	}
	if err != nil {
		return p.gone(p.asked, err), true
	}
	p.open = false
	if !p.servers {
		return answer, true
	}
	answer.Closed = p.Closed()
	if allChecked(answer.Servers) {
		p.ready = true
		if len(answer.Closed) == 0 { // else it looks again at once: one look proves nothing
			p.until = serversEvery - 1
		}
	}
	return answer, true
}

// missing accounts for an answer that is not there.
func (p *Prober) missing(now time.Time) (answer Answer, news bool) {
	waited := now.Sub(p.waiting)
	least := 3 * ProbeInterval / 4 // looks are not quite regular
	if !p.ready {
		least = ProbeInterval - readyInterval/2
	}
	if waited < least {
		return Answer{}, false
	}
	p.waiting = now
	// A look that came late says that this program was not running, as on a stalled
	// hypervisor, and nothing about HAProxy.
	if waited > 3*ProbeInterval/2 {
		return Answer{}, false
	}
	return Answer{Asked: p.asked, Hung: true, Err: errNoAnswer}, true
}

func (p *Prober) gone(asked time.Time, err error) Answer {
	p.hangUp()
	return Answer{Asked: asked, Gone: true, Err: err}
}

func (p *Prober) hangUp() {
	if p.runtime != nil {
		p.runtime.Close()
	}
	p.runtime, p.ready, p.open, p.until = nil, false, false, 0
}

// interval is the time between two looks.
func (p *Prober) interval() time.Duration {
	switch {
	case !p.ready && !p.late:
		return readyInterval
	case p.open || !p.ready:
		return ProbeInterval
	}
	return restInterval
}

// resting tells whether a question has time.
func (p *Prober) resting() bool { return p.ready && !p.Holds() }

func (p *Prober) ended() <-chan struct{} {
	if p.runtime == nil {
		return nil
	}
	return p.runtime.Ended()
}

// detailed returns the servers with the details of before where a check is under
// way: HAProxy shows the last result then, without what it was about.
func detailed(servers, before []haproxy.Server) []haproxy.Server {
	for i := range servers {
		s := &servers[i]
		if s.Detail == "" && i < len(before) && before[i].Name == s.Name && before[i].Pool == s.Pool && before[i].Check == s.Check {
			s.Detail = before[i].Detail
		}
	}
	return servers
}

func allChecked(servers []haproxy.Server) bool {
	for _, s := range servers {
		if !s.Checked {
			return false
		}
	}
	return true
}
