package conformance

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"twinlb/qemu-tests/lab"
	"twinlb/services/keepalived"
)

// backups are priorities of a backup, by what is added to its own: one as it is, and
// one so low that its skew, 164 ms, cannot be taken for any other: neither for none,
// nor that of the master's priority, nor that of VRRPv2, which is in 256ths of 1 s.
var backups = []int{0, -200}

// Timers expire late on a busy machine and never early, so the fastest of a few
// takeovers tells what keepalived has waited for. keepalived counts from when it has
// read the last advert, later than the wire: early is for rounding alone. late is for
// a machine that keeps it waiting each time; it is less than a third of the long skew.
const (
	takeovers = 3
	early     = 2 * time.Millisecond
	late      = 50 * time.Millisecond
)

// judge fails unless the fastest took as long as it should.
func judge(t *testing.T, what string, took []time.Duration, want time.Duration) {
	t.Helper()
	slices.Sort(took)
	t.Logf("%s: %v, want %v", what, took, want)
	if least := took[0]; least < want-early || least > want+late {
		t.Errorf("%s: the fastest of %d took %v, want %v", what, len(took), least, want)
	}
}

// RFC 9568 §6.1 and §6.4.2: a backup takes over three intervals and its skew after the
// last advert. Once the nodes hear each other again, the higher priority has the VIP,
// and announces it anew to who has learnt the other's MAC address.
func TestSilentMasterIsReplaced(t *testing.T) {
	t.Parallel()
	for _, f := range []family{ipv4, ipv6, dual} {
		for _, preference := range backups {
			t.Run(fmt.Sprintf("%s %+d", f.name, preference), func(t *testing.T) {
				t.Parallel()
				p := run(t, f)
				p.b.may(true, preference)
				var took []time.Duration
				for range takeovers {
					took = append(took, p.silence(t))
					p.heal(t, 3) // vrrp_garp_lower_prio_repeat
				}
				judge(t, "takeover after the last advert", took, dead+skew(p.b.spec.Priority+preference))
			})
		}
	}
}

// silence drops what a sends, and returns how long after its last advert b has
// taken over.
func (p *pair) silence(t *testing.T) time.Duration {
	t.Helper()
	begin := time.Now()
	p.a.must(p.a.Port.Mute())
	muted := time.Now()
	// Not by an advert: the kernel has none to send to a peer whose MAC address it no
	// longer knows, and cannot ask for.
	first := p.wire.awaitAnnouncement(t, p.b, begin)
	before := p.wire.advertsOf(p.a, time.Time{})
	last := before[len(before)-1]
	if last.at.After(muted) {
		t.Fatalf("the wire is not silent: an advert came %v after the cut", last.at.Sub(muted))
	}
	p.b.await(keepalived.StateMaster)
	p.answers(t, p.b)
	return first.at.Sub(last.at)
}

// heal lets a, which was master all the time, be heard again, and checks how often it
// then announces each VIP.
func (p *pair) heal(t *testing.T, announces int) {
	t.Helper()
	begin := time.Now()
	p.a.must(p.a.Port.Unmute())
	heard := p.wire.awaitAdvert(t, p.a, begin, "it is heard again", holds)
	p.b.await(keepalived.StateBackup)
	p.wire.awaitAdvert(t, p.a, heard.at.Add(interval), "it goes on", holds)
	for _, a := range p.wire.advertsOf(p.b, heard.at) {
		if after := a.at.Sub(heard.at); after > 2*interval {
			t.Errorf("the lower priority sends adverts %v after it can hear the higher, want less than %v", after, 2*interval)
		}
	}
	for _, vip := range p.a.spec.VIPs {
		lab.Await(t, patience, fmt.Sprintf("the survivor to announce %v %d times", vip, announces), func() error {
			n := 0
			for _, said := range p.wire.announcementsOf(p.a, begin) {
				if said.vip == vip {
					n++
				}
			}
			if n < announces {
				return fmt.Errorf("it has %d times", n)
			}
			return nil
		})
	}
	p.answers(t, p.a)
}

// RFC 9568 §6.4.3 and §6.4.2: a master that stops says so by priority 0, and the backup
// waits for its skew alone. So it is when PID 1 takes the right to the VIP away.
func TestResigningMasterIsReplacedAfterTheSkew(t *testing.T) {
	t.Parallel()
	for _, f := range []family{ipv4, ipv6, dual} {
		for _, how := range []struct {
			name         string
			resign, back func(*node)
		}{
			{"not able", func(n *node) { n.may(false, 0) }, func(n *node) { n.may(true, 0) }},
			{"stopped", (*node).stop, (*node).start},
		} {
			for _, preference := range backups {
				t.Run(fmt.Sprintf("%s %s %+d", f.name, how.name, preference), func(t *testing.T) {
					t.Parallel()
					p := run(t, f)
					p.b.may(true, preference)
					var took []time.Duration
					for range takeovers {
						took = append(took, p.resign(t, how.resign))
						p.handBack(t, how.back)
					}
					judge(t, "takeover after priority 0", took, skew(p.b.spec.Priority+preference))
				})
			}
		}
	}
}

// resign makes a resign and returns how long after that b has taken over.
func (p *pair) resign(t *testing.T, how func(*node)) time.Duration {
	t.Helper()
	begin := time.Now()
	how(p.a)
	zero := p.wire.awaitAdvert(t, p.a, begin, "it resigns", func(a advert) bool { return a.priority == 0 })
	first := p.wire.awaitAdvert(t, p.b, begin, "it is master now", holds)
	p.b.await(keepalived.StateMaster)
	p.answers(t, p.b)
	for _, a := range p.wire.advertsOf(p.a, zero.at) {
		if holds(a) { // it may say it twice
			t.Errorf("after priority 0 the node has sent an advert of priority %d", a.priority)
		}
	}
	if zero.interval != interval || zero.vrid != vrid || !slices.Equal(zero.vips, p.a.advertised()) {
		t.Errorf("the advert of priority 0 is %v, want the others' VRID, interval and VIPs", zero)
	}
	return first.at.Sub(zero.at)
}

// handBack lets a take part again: with preemption it takes the VIP after it has heard
// adverts of the lower priority for as long as it would wait for a silent master.
func (p *pair) handBack(t *testing.T, how func(*node)) {
	t.Helper()
	begin := time.Now()
	how(p.a)
	first := p.wire.awaitAdvert(t, p.a, begin, "it is master again", holds)
	p.a.await(keepalived.StateMaster)
	p.b.await(keepalived.StateBackup)
	if waited := first.at.Sub(begin); waited < dead+skew(p.a.spec.Priority)-early {
		t.Errorf("preemption took %v, want %v at least", waited, dead+skew(p.a.spec.Priority))
	}
	p.answers(t, p.a)
	p.changesWithoutGap(t, begin, p.b, p.a)
}

// changesWithoutGap checks that the old master sent adverts until the new one did, and
// little more than the answer to its first.
func (p *pair) changesWithoutGap(t *testing.T, after time.Time, from, to *node) {
	t.Helper()
	first := p.wire.advertsOf(to, after)[0]
	p.wire.awaitAdvert(t, to, first.at.Add(interval), "it goes on", holds)
	var before, overlap []advert
	for _, a := range p.wire.advertsOf(from, after) {
		if a.at.Before(first.at) {
			before = append(before, a)
		} else {
			overlap = append(overlap, a)
		}
	}
	if len(before) == 0 || first.at.Sub(before[len(before)-1].at) >= dead {
		t.Errorf("the old master was silent before the new one, want adverts until then")
	}
	// Its own advert may be due before it has read the new one's.
	if len(overlap) > 2 || len(overlap) > 0 && overlap[len(overlap)-1].at.Sub(first.at) > interval {
		t.Errorf("the old master has sent %d adverts after the new one, the last %v later; want its answer at most",
			len(overlap), overlap[len(overlap)-1].at.Sub(first.at))
	}
}
