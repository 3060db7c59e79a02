package failover

import (
	"net/netip"
	"sync"
	"time"

	"twinlb/init/status"
	"twinlb/services/haproxy"
	"twinlb/services/keepalived"
)

// Status is what the node knows of itself at one moment.
type Status struct {
	State    keepalived.State // MASTER holds the VIP; "" before keepalived has said anything
	Since    time.Time        // of the state
	Decision Decision
	Servers  []haproxy.Server // as last heard
	Returns  time.Duration    // until this node wants the VIP back; seed.NeverPreempt, or 0 when it does
	Spacing  time.Duration    // of the adverts, as the latest of a peer tells; 0 when none was heard
}

// Controller gathers what is observed, applies Decide to it and acts. Its methods
// may be called from any goroutine; each returns when the decision stands in the
// track files.
type Controller struct {
	Self      string        // the node's name
	Priority  int           // of the seed
	StepBack  int           // of the seed
	Preempt   time.Duration // of the seed
	Heartbeat time.Duration // between two signs of life of a peer
	Interval  time.Duration // between two adverts; 0 asks nothing of them
	Track     *Track
	KillProxy func(cause string)
	Failed    func(err error)                                    // the track files cannot be written
	Decided   func(Decision)                                     // another decision than before
	Recorded  func(status.Change)                                // a change of role, and again when its reason is better known
	Completed func(status.Change)                                // a change of whose course nothing more will be known
	Silence   func(peer string) (since time.Duration, ever bool) // since the peer was last heard
	Uptime    func() time.Duration

	mu        sync.Mutex
	started   time.Time // of the running HAProxy; zero when none runs
	absent    string
	answers   bool
	gone      bool
	away      time.Time // since when it runs and takes no connections; zero when it does, or does not run
	silent    time.Duration
	servers   []haproxy.Server
	closed    []netip.AddrPort // ports of VIPs at which nobody listens
	closedAt  time.Time        // the first look that has found so; the latest is counted
	checked   bool             // every backend has been, since it was started; one that is added later does not undo that
	deaf      bool
	carrier   bool
	missing   []netip.Addr
	letting   string
	leaving   string        // why the VIP is to leave at once, whoever takes it
	ending    bool          // letting is for good
	left      chan struct{} // closed when the VIP is not here while somebody wants it to leave
	peers     map[string]*status.Node
	said      map[string]time.Time // when each peer said what it did
	holder    string               // the peer that was the last to say that it is master; "" when none has
	ceded     time.Time            // when it said that it no longer is; zero while it is
	better    time.Time            // since when a peer reaches more; zero when none does
	state     keepalived.State
	since     time.Time // of state
	healthy   time.Time // since when able, and giving nothing away; zero when not so
	wasMaster bool
	last      Decision
	noticed   time.Time // when what led to the last decision began
	decided   time.Time
	pause
	rank
	steady  time.Time // when the latest advert of a master came
	spacing time.Duration
	records
}

// Configure has what follows decided by another seed.
func (c *Controller) Configure(priority, stepBack int, preempt, heartbeat, interval time.Duration) {
	c.update(func() {
		c.Priority, c.StepBack, c.Preempt, c.Heartbeat, c.Interval = priority, stepBack, preempt, heartbeat, interval
	})
}

// ProxyStarted says that HAProxy was started; it is not ready before it answers.
func (c *Controller) ProxyStarted() {
	c.update(func() {
		c.started, c.absent, c.answers, c.silent = time.Now(), "", false, 0
		c.gone, c.away, c.checked, c.closed = false, time.Time{}, false, nil
	})
}

// ProxyEnded says that HAProxy is gone, and why. The VIP goes at once.
func (c *Controller) ProxyEnded(why string) {
	c.update(func() {
		c.started, c.absent, c.answers, c.silent = time.Time{}, why, false, 0
		c.gone, c.away, c.checked, c.closed = false, time.Time{}, false, nil
		c.amend(keepalived.StateFault, "haproxy "+why)
	})
}

// Answered takes the result of a probe.
func (c *Controller) Answered(a Answer) {
	c.update(func() {
		switch {
		// An answer to a question from before the start is the predecessor's.
		case c.started.IsZero() || a.Asked.Before(c.started):
		case a.OK:
			c.answers, c.silent = true, 0
			c.gone, c.away = false, time.Time{}
			if a.Servers != nil {
				c.servers, c.counted = detailed(a.Servers, c.servers), a.Asked
				c.checked = c.checked || allChecked(c.servers)
				if len(c.closed) == 0 {
					c.closedAt = a.Asked
				}
				c.closed = a.Closed
			}
		case a.Hung:
			c.silent += ProbeInterval
		case a.Gone:
			c.gone = c.gone || c.answers
			c.answers, c.silent = false, 0
			if c.away.IsZero() {
				c.away = time.Now()
			}
		}
	})
}

// Deaf says whether nothing at all is received from the network.
func (c *Controller) Deaf(is bool) {
	c.update(func() { c.deaf = is })
}

// Carrier says whether the link has one. keepalived sees it itself; but a node
// whose cable was pulled must prove itself when it comes back.
func (c *Controller) Carrier(up bool) {
	c.update(func() {
		if c.carrier = up; !up {
			c.amend(keepalived.StateFault, noCarrier)
		}
	})
}

// Missing says which addresses of the node its interface has not. A keepalived
// without its own would be master beside another.
func (c *Controller) Missing(addresses []netip.Addr) {
	c.update(func() { c.missing = addresses })
}

// PeerSaid takes what another node says of itself.
func (c *Controller) PeerSaid(n *status.Node) {
	c.update(func() {
		if c.peers == nil {
			c.peers, c.said = make(map[string]*status.Node), make(map[string]time.Time)
		}
		if before := c.peers[n.Name]; before != nil && n.Changes == nil {
			n.Changes = before.Changes // they are told now and then
		} else {
			c.hears(n)
		}
		c.peers[n.Name], c.said[n.Name] = n, time.Now()
		if n.VRRP.State == string(keepalived.StateMaster) {
			c.holder, c.ceded = n.Name, time.Time{}
		} else if n.Name == c.holder && c.ceded.IsZero() {
			c.ceded = time.Now()
		}
		c.learn()
		c.follows(n)
	})
}

// Peer returns what another node would say of itself now, as far as it has told;
// nil when it never did.
func (c *Controller) Peer(name string) *status.Node {
	c.mu.Lock()
	defer c.mu.Unlock()
	said := c.peers[name]
	if said == nil {
		return nil
	}
	return said.Later(time.Since(c.said[name]))
}

// Reconsider decides anew: much of what counts is how long ago something was. It
// wants to be called each advert interval.
func (c *Controller) Reconsider() { c.update(func() {}) }

// Elected takes the state that keepalived is in.
func (c *Controller) Elected(state keepalived.State) {
	c.update(func() {
		if state == c.state {
			return
		}
		c.record(state)
		switch state {
		case keepalived.StateMaster:
			c.wasMaster = true
		case keepalived.StateStopped:
			// A node that lost its keepalived comes back like any other.
			c.healthy, c.wasMaster = time.Time{}, false
		}
	})
}

// ElectorEnded says that keepalived is gone, and why.
func (c *Controller) ElectorEnded(why string) {
	c.Elected(keepalived.StateStopped)
	c.update(func() { c.amend(keepalived.StateStopped, "keepalived "+why) })
}

// LetGo makes a peer take the VIP over, for a reason that stands until Keep. The
// channel is closed as soon as this node does not hold the VIP.
func (c *Controller) LetGo(why string) <-chan struct{} {
	return c.leave(func() {
		if !c.ending {
			c.letting = why
		}
	})
}

// End is LetGo for a node that stops: no Keep ends it, of whatever was under way then.
func (c *Controller) End(why string) <-chan struct{} {
	return c.leave(func() { c.letting, c.ending = why, true })
}

// Drop is LetGo for when nobody is served at the moment anyway: the VIP goes at once,
// and the peer has it some milliseconds later.
func (c *Controller) Drop(why string) <-chan struct{} {
	return c.leave(func() { c.leaving = why })
}

func (c *Controller) leave(order func()) <-chan struct{} {
	var left chan struct{}
	c.update(func() {
		order()
		if c.left == nil {
			c.left = make(chan struct{})
		}
		left = c.left
	})
	return left
}

// Keep ends a LetGo or a Drop. The node comes back like one that was just started.
func (c *Controller) Keep() {
	c.update(func() {
		if c.leaving = ""; !c.ending {
			c.letting, c.left = "", nil
		}
	})
}

// Status returns what the node knows of itself.
func (c *Controller) Status() Status {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := Status{State: c.state, Since: c.since, Decision: c.last, Servers: c.servers, Spacing: c.spacing}
	switch o := c.observe(); {
	case o.WasMaster:
	case o.Preempt < 0:
		s.Returns = o.Preempt
	default:
		s.Returns = max(0, o.Preempt-o.Healthy)
	}
	return s
}

// update applies a change, decides anew and acts on the decision.
func (c *Controller) update(change func()) {
	c.mu.Lock()
	before := c.last
	change()
	c.awake()
	observation := c.observe()
	if c.last = Decide(observation); c.last != before {
		c.decided = time.Now()
		c.noticed = c.decided.Add(-observation.lasted(c.last))
	}
	if !c.last.Able || c.last.Gives() {
		c.healthy = time.Time{}
		if c.state != keepalived.StateMaster || !c.last.Able {
			c.wasMaster = false
		}
	} else if c.healthy.IsZero() {
		c.healthy = time.Now()
	}
	if err := c.Track.Write(c.last.Able, c.preference()); err != nil {
		c.Failed(err)
	}
	if c.left != nil && c.state != keepalived.StateMaster && !isClosed(c.left) {
		close(c.left)
	}
	c.complete()
	decision, recordings, whole := c.last, c.recordings, c.whole
	c.recordings, c.whole = nil, nil
	c.mu.Unlock()

	if decision.KillProxy && !before.KillProxy {
		c.KillProxy(decision.Reason)
	}
	for _, change := range recordings {
		c.Recorded(change)
	}
	for _, change := range whole {
		c.Completed(change)
	}
	if decision != before {
		c.Decided(decision)
	}
}

// preference is what the decision adds to the priority.
func (c *Controller) preference() int { return c.last.StepsBack * c.StepBack }

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

func (c *Controller) observe() Observation {
	o := Observation{
		Absent:    c.absent,
		Answers:   c.answers,
		Gone:      c.gone,
		Silent:    c.silent,
		Closed:    c.closed,
		Unplugged: !c.carrier,
		Missing:   c.missing,
		Deaf:      c.deaf && !c.hearsPeer(),
		Overtaken: c.overtaken(),
		Outranked: c.outranked(),
		Letting:   c.letting,
		Leaving:   c.leaving,
		Better:    c.reachesMore(),
		WasMaster: c.wasMaster,
		Preempt:   c.Preempt,
	}
	if len(c.closed) > 0 {
		o.ClosedFor = c.counted.Sub(c.closedAt)
	}
	if !c.away.IsZero() {
		o.Away = time.Since(c.away)
	}
	for _, s := range c.servers {
		if !s.Checked && !c.checked {
			o.Unchecked++
		}
	}
	if o.Better == "" {
		c.better = time.Time{}
	} else if c.better.IsZero() {
		c.better = time.Now()
	} else {
		o.BetterFor = time.Since(c.better)
	}
	if !c.healthy.IsZero() {
		o.Healthy = time.Since(c.healthy)
	}
	return o
}
