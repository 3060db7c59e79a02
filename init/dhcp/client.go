package dhcp

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// offer is a lease with the times after which it wants to be extended.
type offer struct {
	Lease
	renew, rebind time.Duration // from now, by the server that gave it and by any; 0 is never
}

// errRefused is what a server says who knows of no such lease.
var errRefused = errors.New("the server does not extend it")

// asker speaks to servers. A call takes some seconds at most.
type asker interface {
	// acquire asks all servers for a lease and takes what the first offers.
	acquire(context.Context) (offer, error)
	// extend asks the server of the last lease, or any, for more of it.
	extend(ctx context.Context, any bool) (offer, error)
}

// Between questions that nobody has answered: RFC 2131 §4.4.5 wants a minute once
// there is a lease, which for short ones is too long.
const (
	firstRest = time.Second
	longRest  = 16 * time.Second
	leastRest = 5 * time.Second
)

// client has a lease for one link, as long as servers give it one.
type client struct {
	link    string
	version int
	asker   asker
	report  func(Report)
	say     func(format string, args ...any)
}

// run gets leases, one after the other, until the context is done.
func (c *client) run(ctx context.Context) {
	for ctx.Err() == nil {
		got, err := c.acquire(ctx)
		if err != nil {
			return
		}
		c.has(got)
		if why := c.keep(ctx, got); ctx.Err() == nil {
			c.report(Report{Link: c.link, Version: c.version, Why: why})
		}
	}
}

// acquire asks until there is a lease. It says why there is none when that is new.
func (c *client) acquire(ctx context.Context) (offer, error) {
	said := ""
	for rest := firstRest; ; rest = min(2*rest, longRest) {
		got, err := c.asker.acquire(ctx)
		if err == nil {
			return got, nil
		}
		if ctx.Err() == nil && err.Error() != said {
			said = err.Error()
			c.say("%s: ask for a lease of IPv%d: %v; goes on asking", c.link, c.version, err)
		}
		if !sleep(ctx, rest) {
			return offer{}, ctx.Err()
		}
	}
}

// keep extends a lease until it is over, and returns why it is.
func (c *client) keep(ctx context.Context, got offer) string {
	for {
		began := time.Now()
		if got.Seconds == 0 {
			<-ctx.Done()
			return ""
		}
		end := got.Lifetime()
		if !sleep(ctx, got.renew) {
			return ""
		}
		next, err := c.extend(ctx, began, got)
		switch {
		case errors.Is(err, errRefused):
			return err.Error()
		case err != nil:
			return fmt.Sprintf("no server has extended it within its %s", end)
		}
		got = next
		c.has(got)
	}
}

// extend asks for more of a lease that began then, until it is over: first its own
// server, later any.
func (c *client) extend(ctx context.Context, began time.Time, old offer) (offer, error) {
	end := began.Add(old.Lifetime())
	inTime, cancel := context.WithDeadline(ctx, end)
	defer cancel()
	for {
		any := time.Since(began) >= old.rebind
		got, err := c.asker.extend(inTime, any)
		if err == nil || errors.Is(err, errRefused) {
			return got, err
		}
		next := end
		if !any {
			next = began.Add(old.rebind)
		}
		if !sleep(inTime, max(time.Until(next)/2, leastRest)) {
			return offer{}, inTime.Err()
		}
	}
}

// has reports a lease.
func (c *client) has(got offer) {
	c.report(Report{Link: c.link, Version: c.version, Lease: &got.Lease})
}

// sleep tells whether it could.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// times completes those of a server, RFC 2131 §4.4.5 and RFC 8415 §14.2: without
// any the lease is renewed after half of it and rebound after seven eighths. Who
// sends nonsense is not asked all the time.
func (o *offer) times(renew, rebind time.Duration) {
	lifetime := o.Lifetime()
	if lifetime == 0 {
		return
	}
	if rebind <= 0 || rebind > lifetime {
		rebind = lifetime * 7 / 8
	}
	if renew <= 0 || renew > rebind {
		renew = min(lifetime/2, rebind)
	}
	o.renew, o.rebind = max(renew, min(leastRest, lifetime)), max(rebind, min(leastRest, lifetime))
}
