package conformance

import (
	"fmt"
	"testing"
	"time"

	"twinlb/services/keepalived"
)

// What PID 1 adds to the priority is in the next advert. Below the backup's it moves
// the VIP, which is on one of the nodes all the time, and back.
func TestPreferenceMovesTheVIP(t *testing.T) {
	t.Parallel()
	for _, f := range []family{ipv4, ipv6, dual} {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			p := run(t, f)
			begin := time.Now()
			p.a.may(true, p.a.spec.StepBack)
			lowered := p.wire.awaitAdvert(t, p.a, begin, "its priority is 230", func(a advert) bool { return a.priority == 230 })
			if after := lowered.at.Sub(begin); after > 2*interval {
				t.Errorf("the new priority is in an advert after %v, want %v", after, interval)
			}
			p.wire.awaitAdvert(t, p.b, begin, "it is master now", holds)
			p.a.await(keepalived.StateBackup)
			p.changesWithoutGap(t, begin, p.a, p.b)

			begin = time.Now()
			p.a.may(true, 0)
			p.wire.awaitAdvert(t, p.a, begin, "it is master again", func(a advert) bool { return a.priority == 250 })
			p.b.await(keepalived.StateBackup)
			p.changesWithoutGap(t, begin, p.b, p.a)
		})
	}
}

// RFC 9568 §6.4.2: a backup takes an advert of its own priority for a master's,
// whosever address is higher.
func TestEqualPriorityMovesNothing(t *testing.T) {
	t.Parallel()
	for _, f := range []family{ipv4, ipv6} {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			p := run(t, f)
			begin, told := time.Now(), p.b.told()
			p.a.may(true, p.b.spec.Priority-p.a.spec.Priority)
			equal := p.wire.awaitAdvert(t, p.a, begin, fmt.Sprint("its priority is ", p.b.spec.Priority),
				func(a advert) bool { return int(a.priority) == p.b.spec.Priority })
			p.wire.awaitAdvert(t, p.a, equal.at.Add(2*dead), "it is still master", holds)
			if got := p.wire.advertsOf(p.b, begin); len(got) > 0 || p.b.told() != told {
				t.Errorf("the backup has sent %d adverts and is %s, want nothing to change", len(got), p.b.state())
			}
		})
	}
}
