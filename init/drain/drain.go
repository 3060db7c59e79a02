// Package drain gives the VIP to a peer without cutting a statement: new connections
// wait in their clients' kernels, what runs gets time to end, and in the moment when
// nothing does the VIP goes. Then the clients' next try reaches the peer.
//
// It knows when that moment is. Who holds the VIP is the controller's, and what comes
// in the firewall's.
package drain

import (
	"fmt"
	"time"
)

// Limits of the time that running statements get.
const (
	StandardGrace = 5 * time.Second
	MaxGrace      = 30 * time.Second
)

// Node is what a drain needs of the node that holds the VIP.
type Node interface {
	// Hold keeps new connections waiting, at most for so long whatever becomes of
	// this program; Release lets them in.
	Hold(atMost time.Duration) error
	Release() error
	// Take counts the connections.
	Take() (Census, error)
	// Drop has the VIP leave at once; left is closed when it has.
	Drop() (left <-chan struct{})
	// Taken tells whether a peer says that it holds the VIP.
	Taken() bool
	// Keep ends a Drop: the node takes part in the election again.
	Keep()
}

// Result is what a drain cost.
type Result struct {
	Waited time.Duration // until nothing ran any more
	Held   time.Duration // new connections, the last time
	Left   Census        // what there was when the VIP went: it is cut
	Late   bool          // something still ran when the grace was over
}

const (
	look = 20 * time.Millisecond
	// window is how long new connections are held at a time. A client sends its SYN
	// again after 1 s; with the moment in which the VIP moves, nobody has to send it
	// a third time.
	window = 700 * time.Millisecond
	// gap is for all those to get in who came in one window, before the next.
	gap = 1100 * time.Millisecond
	// leaveWithin is how long the VIP may take to leave. It takes milliseconds.
	leaveWithin = time.Second
	// slack is added to what the kernel is told: it is for when this program is gone.
	slack = leaveWithin + time.Second
)

// Run gives the VIP to the peer that would take it over, which must be there, able
// and waiting: nobody holds the VIP for the moment until it has it. taken is how long
// the peer may take before this node takes part in the election again.
//
// New connections are held only once no statement runs that takes long, and no longer
// than a window; when something still runs then, it tries again, until the grace is
// over.
func Run(n Node, grace, taken time.Duration) (r Result, err error) {
	d := drain{node: n, began: time.Now()}
	defer func() {
		if failed := d.release(); err == nil {
			err = failed
		}
		r.Held = d.lasted
	}()
	if r.Left, err = d.await(grace); err != nil {
		return r, err
	}
	r.Waited, r.Late = time.Since(d.began), r.Left.Busy > 0
	left := n.Drop()
	defer n.Keep()
	select {
	case <-left:
	case <-time.After(leaveWithin):
		return r, fmt.Errorf("the VIP has not left within %s", leaveWithin)
	}
	if err := d.release(); err != nil {
		return r, err
	}
	for deadline := time.Now().Add(taken); !n.Taken(); time.Sleep(look) {
		if time.Now().After(deadline) {
			return r, fmt.Errorf("no peer has said within %s that it holds the VIP", taken)
		}
	}
	return r, nil
}

type drain struct {
	node   Node
	began  time.Time
	held   time.Time // since when new connections are; zero when they are not
	lasted time.Duration
}

// await returns with new connections held and what there is when nothing runs, or
// when the grace is over and nothing but what takes long.
func (d *drain) await(grace time.Duration) (c Census, err error) {
	deadline := d.began.Add(grace)
	for {
		c, err = d.until(deadline, func(c Census) bool { return c.Long == 0 })
		if err != nil {
			return c, err
		}
		if err := d.hold(); err != nil {
			return c, err
		}
		last := !time.Now().Before(deadline)
		c, err = d.until(time.Now().Add(min(window, grace)), func(c Census) bool {
			return c.Busy == 0 || last && c.Busy == c.Long
		})
		if err != nil || c.Busy == 0 || last {
			return c, err
		}
		if err := d.release(); err != nil {
			return c, err
		}
		time.Sleep(min(gap, max(0, time.Until(deadline))))
	}
}

// until counts until it is so, at most until the deadline. A count that takes long is
// made less often.
func (d *drain) until(deadline time.Time, so func(Census) bool) (Census, error) {
	for {
		began := time.Now()
		c, err := d.node.Take()
		if err != nil || so(c) || !time.Now().Before(deadline) {
			return c, err
		}
		time.Sleep(min(max(look, 3*time.Since(began)), max(0, time.Until(deadline))))
	}
}

func (d *drain) hold() error {
	d.held = time.Now()
	return d.node.Hold(window + slack)
}

func (d *drain) release() error {
	if d.held.IsZero() {
		return nil
	}
	d.lasted, d.held = time.Since(d.held), time.Time{}
	return d.node.Release()
}
