package failover

import (
	"testing"
	"time"

	"twinlb/services/keepalived"
)

func TestAdvertsAreHeardWithoutAGapBeforePreemptCounts(t *testing.T) {
	const interval = 200 * time.Millisecond
	for _, tt := range []struct {
		name     string
		gap      time.Duration // 20 s after the node became healthy
		priority int           // of the advert before it
		counts   bool          // what was before the gap
	}{
		{"none", interval, 246, true},
		{"an advert that is late", 350 * time.Millisecond, 246, true},
		{"one that is missing", 2 * interval, 246, true},
		{"two that are missing", 3 * interval, 246, false},
		{"the master resigns, and another follows", 3 * interval, 0, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			simulate(t, 30*time.Second, func(n *node) {
				n.Interval = interval
				n.ready()
				n.Elected(keepalived.StateBackup)
				hear := func(during time.Duration) {
					for end := time.Now().Add(during); time.Now().Before(end); {
						time.Sleep(interval)
						n.Advert("lb-b", 246, n.Interval, time.Now())
						n.Reconsider()
					}
				}
				hear(20 * time.Second)
				n.Advert("lb-b", tt.priority, interval, time.Now())
				time.Sleep(tt.gap)
				n.Advert("lb-b", 246, n.Interval, time.Now())
				hear(11 * time.Second)
				if tt.counts {
					n.check("after 31 s", "1", "0")
					return
				}
				n.check("11 s after the gap", "1", "-20")
				hear(20 * time.Second)
				n.check("31 s after the gap", "1", "0")
			})
		})
	}
}

func TestGapOfAPeerDoesNotTakeFromTheMaster(t *testing.T) {
	simulate(t, 30*time.Second, func(n *node) {
		n.Interval = time.Second
		n.ready()
		n.Elected(keepalived.StateMaster)
		n.Advert("lb-b", 246, n.Interval, time.Now())
		time.Sleep(time.Minute)
		n.Advert("lb-b", 246, n.Interval, time.Now())
		n.Reconsider()
		n.check("as master", "1", "0")
	})
}

// While nodes are replaced one by one, the master may have a seed with a longer
// interval.
func TestNodeProvesItselfBesideAMasterOfAnotherInterval(t *testing.T) {
	simulate(t, 30*time.Second, func(n *node) {
		n.Interval = 200 * time.Millisecond
		n.ready()
		n.Elected(keepalived.StateBackup)
		for range 32 {
			time.Sleep(time.Second)
			n.Advert("lb-b", 246, time.Second, time.Now())
			n.Reconsider()
		}
		n.check("after 32 s of adverts a second apart", "1", "0")
	})
}
