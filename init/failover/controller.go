package failover

import (
	"sync"
	"time"

	"twinlb/services/haproxy"
	"twinlb/services/keepalived"
)

// Status is what the node knows of itself at one moment.
type Status struct {
	State    keepalived.State // MASTER holds the VIP; "" before keepalived has said anything
	Since    time.Time        // of the state
	Decision Decision
	Servers  []haproxy.Server // as last heard
}

// Controller gathers what is observed, applies Decide to it and acts. Its methods
// may be called from any goroutine; each returns when the decision stands in the
// track files.
type Controller struct {
	Preempt   time.Duration
	Track     *Track
	KillProxy func(cause string)
	Failed    func(err error) // the track files cannot be written

	mu        sync.Mutex
	started   time.Time // of the running HAProxy; zero when none runs
	answers   bool
	silent    time.Duration
	servers   []haproxy.Server
	state     keepalived.State
	since     time.Time // of state
	ableSince time.Time // zero when not able
	wasMaster bool
	stopping  bool
	yielded   chan struct{} // closed when the VIP is not here while stopping
	last      Decision
}

// ProxyStarted says that HAProxy was started; it is not ready before it answers.
func (c *Controller) ProxyStarted() {
	c.update(func() { c.started, c.answers, c.silent = time.Now(), false, 0 })
}

// ProxyEnded says that HAProxy is gone. The VIP goes at once.
func (c *Controller) ProxyEnded() {
	c.update(func() { c.started, c.answers, c.silent = time.Time{}, false, 0 })
}

// Answered takes the result of a probe.
func (c *Controller) Answered(a Answer) {
	c.update(func() {
		switch {
		// An answer to a question from before the start is the predecessor's.
		case c.started.IsZero() || a.Asked.Before(c.started):
		case a.OK:
			c.answers, c.silent = true, 0
			if a.Servers != nil {
				c.servers = a.Servers
			}
		case a.Hung:
			c.silent += ProbeInterval
		case a.Gone:
			c.answers, c.silent = false, 0
		}
	})
}

// Elected takes the state that keepalived is in.
func (c *Controller) Elected(state keepalived.State) {
	c.update(func() {
		c.state, c.since = state, time.Now()
		switch state {
		case keepalived.StateMaster:
			c.wasMaster = true
		case keepalived.StateStopped:
			// A node that lost its keepalived comes back like any other.
			c.ableSince, c.wasMaster = time.Time{}, false
		}
	})
}

// Yield makes the peer take the VIP over. The channel is closed as soon as this
// node does not hold it.
func (c *Controller) Yield() <-chan struct{} {
	var yielded chan struct{}
	c.update(func() {
		c.stopping = true
		if c.yielded == nil {
			c.yielded = make(chan struct{})
		}
		yielded = c.yielded
	})
	return yielded
}

// Status returns what the node knows of itself.
func (c *Controller) Status() Status {
	c.mu.Lock()
	defer c.mu.Unlock()
	return Status{State: c.state, Since: c.since, Decision: c.last, Servers: c.servers}
}

// update applies a change, decides anew and acts on the decision.
func (c *Controller) update(change func()) {
	c.mu.Lock()
	killing := c.last.KillProxy
	change()
	c.last = Decide(c.observe())
	if !c.last.Able {
		c.ableSince, c.wasMaster = time.Time{}, false
	} else if c.ableSince.IsZero() {
		c.ableSince = time.Now()
	}
	if err := c.Track.Write(c.last); err != nil {
		c.Failed(err)
	}
	if c.stopping && c.yielded != nil && c.state != keepalived.StateMaster {
		close(c.yielded)
		c.yielded = nil
	}
	decision := c.last
	c.mu.Unlock()

	if decision.KillProxy && !killing {
		c.KillProxy(decision.Reason)
	}
}

func (c *Controller) observe() Observation {
	o := Observation{
		Answers:   c.answers,
		Silent:    c.silent,
		WasMaster: c.wasMaster,
		Preempt:   c.Preempt,
		Stopping:  c.stopping,
	}
	for _, s := range c.servers {
		if !s.Checked {
			o.Unchecked++
		}
	}
	if !c.ableSince.IsZero() {
		o.Healthy = time.Since(c.ableSince)
	}
	return o
}
