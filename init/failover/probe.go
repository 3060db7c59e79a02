package failover

import (
	"errors"
	"os"
	"time"

	"twinlb/services/haproxy"

	"golang.org/x/sys/unix"
)

// Answer is what one probe of HAProxy found.
type Answer struct {
	Asked   time.Time
	OK      bool
	Hung    bool             // it could have answered in time and did not
	Servers []haproxy.Server // the backends, when OK
	Err     error            // why not OK
}

// Prober asks HAProxy's worker every ProbeInterval, until done is closed.
type Prober struct {
	Socket string

	runtime *haproxy.Runtime
}

// Run sends an Answer for each probe.
func (p *Prober) Run(answers chan<- Answer, done <-chan struct{}) {
	tick := time.NewTicker(ProbeInterval)
	defer tick.Stop()
	for {
		answer := p.probe()
		select {
		case answers <- answer:
		case <-done:
			return
		}
		select {
		case <-tick.C:
		case <-done:
			return
		}
	}
}

func (p *Prober) probe() Answer {
	began := time.Now()
	servers, err := p.ask()
	if err == nil {
		return Answer{Asked: began, OK: true, Servers: servers}
	}
	if p.runtime != nil {
		p.runtime.Close()
		p.runtime = nil
	}
	return Answer{Asked: began, Err: err, Hung: hung(err, time.Since(began))}
}

// hung tells whether the worker could have answered and did not.
func hung(err error, took time.Duration) bool {
	// A timeout that came late says that this program was not running, as on a
	// stalled hypervisor, and nothing about HAProxy.
	if took > 3*ProbeInterval/2 {
		return false
	}
	// EAGAIN: the connections of earlier probes fill the backlog, unix(7).
	return errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, unix.EAGAIN)
}

func (p *Prober) ask() ([]haproxy.Server, error) {
	if p.runtime == nil {
		runtime, err := haproxy.Dial(p.Socket, ProbeInterval)
		if err != nil {
			return nil, err
		}
		p.runtime = runtime
	}
	return p.runtime.Servers(ProbeInterval)
}
