package failover

import "time"

// follow takes the adverts of the master, one after the other. When two in a row did
// not come, a node that comes back proves itself anew: it would lose again what it
// hears with gaps, or take what it does not hear. A single late one tells of a busy
// host only, and would keep nodes there from ever proving themselves.
func (c *Controller) follow(priority int, at time.Time) {
	if priority == 0 || c.Interval == 0 { // nobody is master after that one
		c.steady = time.Time{}
		return
	}
	gap := !c.steady.IsZero() && at.Sub(c.steady) > 5*max(c.Interval, c.spacing)/2
	c.steady = at
	if gap && !c.healthy.IsZero() && !c.wasMaster {
		c.healthy = time.Now()
	}
}
