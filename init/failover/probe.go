package failover

import (
	"errors"
	"os"
	"time"

	"twinlb/init/beat"
	"twinlb/services/haproxy"

	"golang.org/x/sys/unix"
)

// Answer is what one probe of HAProxy found.
type Answer struct {
	Asked   time.Time
	OK      bool
	Hung    bool             // it could have answered in time and did not
	Gone    bool             // it has ended the conversation, or takes none
	Servers []haproxy.Server // the backends, when they were asked for
	Err     error            // why not OK
}

// serversEvery is how many probes there are to one question after the backends,
// whose answer is far longer, once all their first checks have ended.
const serversEvery = 5

// Prober asks HAProxy's worker every ProbeInterval, until done is closed.
type Prober struct {
	Socket string

	runtime *haproxy.Runtime
	until   int // probes until the backends are asked for again
}

// Run sends an Answer for each probe, and one at once when the worker hangs up,
// which is how its end is seen first.
func (p *Prober) Run(answers chan<- Answer, done <-chan struct{}) {
	for {
		answer := p.probe()
		select {
		case answers <- answer:
		case <-done:
			return
		}
		next := beat.After(answer.Asked, ProbeInterval)
		if err := p.rest(time.Until(next), done); err != nil {
			p.hangUp()
			select {
			case answers <- Answer{Asked: time.Now(), Gone: true, Err: err}:
			case <-done:
				return
			}
			_ = p.rest(time.Until(next), done)
		}
	}
}

// rest waits until the next probe is due, or returns why the worker hung up.
func (p *Prober) rest(d time.Duration, done <-chan struct{}) error {
	if p.runtime != nil {
		return p.runtime.Listen(d)
	}
	select {
	case <-time.After(d):
	case <-done:
	}
	return nil
}

func (p *Prober) probe() Answer {
	began := time.Now()
	servers, err := p.ask()
	if err == nil {
		return Answer{Asked: began, OK: true, Servers: servers}
	}
	p.hangUp()
	switch {
	case errors.Is(err, unix.EAGAIN): // its backlog is full of our earlier tries
		return Answer{Asked: began, Err: err, Hung: true}
	case !errors.Is(err, os.ErrDeadlineExceeded):
		return Answer{Asked: began, Err: err, Gone: true}
	}
	// A timeout that came late says that this program was not running, as on a
	// stalled hypervisor, and nothing about HAProxy.
	late := time.Since(began) > 3*ProbeInterval/2
	return Answer{Asked: began, Err: err, Hung: !late}
}

func (p *Prober) ask() ([]haproxy.Server, error) {
	if p.runtime == nil {
		runtime, err := haproxy.Dial(p.Socket, ProbeInterval)
		if err != nil {
			return nil, err
		}
		p.runtime, p.until = runtime, 0
	}
	if p.until > 0 {
		p.until--
		return nil, p.runtime.Ping(ProbeInterval)
	}
	servers, err := p.runtime.Servers(ProbeInterval)
	if err == nil && allChecked(servers) {
		p.until = serversEvery - 1
	}
	return servers, err
}

func (p *Prober) hangUp() {
	if p.runtime != nil {
		p.runtime.Close()
		p.runtime = nil
	}
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
