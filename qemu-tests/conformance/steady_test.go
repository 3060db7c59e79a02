package conformance

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"

	"twinlb/qemu-tests/lab"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// butForTime leaves out of adverts what differs from one to the next.
var butForTime = cmp.Options{
	cmp.AllowUnexported(advert{}), cmpopts.IgnoreFields(advert{}, "at"), cmpopts.EquateComparable(netip.Addr{}),
}

// The timer of a master starts anew with each advert, so that intervals are longer by
// what the machine keeps keepalived waiting; half of them not by 5 % even on a busy
// one. None may be as long as a backup waits.
func TestMasterAdvertisesAndBackupIsSilent(t *testing.T) {
	t.Parallel()
	for _, f := range []family{ipv4, ipv6, dual} {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			p := run(t, f)
			const n = 28 // more than the time to the second round of announcements
			lab.Await(t, n*interval+patience, fmt.Sprint(n, " adverts of the master"), func() error {
				if got := len(p.wire.advertsOf(p.a, time.Time{})); got < n {
					return fmt.Errorf("there are %d", got)
				}
				return nil
			})
			adverts := p.wire.advertsOf(p.a, time.Time{})
			want := advert{
				mac: p.a.mac.String(), from: p.a.address(), to: p.b.address(),
				vrid: vrid, priority: 250, interval: interval, vips: p.a.advertised(),
			}
			for _, a := range adverts {
				if diff := cmp.Diff(want, a, butForTime); diff != "" {
					t.Errorf("advert (-want +got):\n%s", diff)
				}
			}
			gaps := intervals(adverts)
			t.Logf("n = %d: least %v, median %v, worst %v", len(gaps), gaps[0], gaps[len(gaps)/2], gaps[len(gaps)-1])
			if median := gaps[len(gaps)/2]; median < interval-early || median > interval+interval/20 {
				t.Errorf("the median interval is %v, want %v and at most 5 %% more", median, interval)
			}
			if worst := gaps[len(gaps)-1]; worst >= dead {
				t.Errorf("the longest interval is %v, want less than %v, after which the backup takes over", worst, dead)
			}
			if got := p.wire.advertsOf(p.b, time.Time{}); len(got) > 0 {
				t.Errorf("the backup has sent %d adverts, the first %v", len(got), got[0])
			}
			if got := p.wire.announcementsOf(p.b, time.Time{}); len(got) > 0 {
				t.Errorf("the backup has announced %v", got[0].vip)
			}
			p.answers(t, p.a)
		})
	}
}

// intervals between adverts, sorted.
func intervals(adverts []advert) (gaps []time.Duration) {
	for i, a := range adverts[1:] {
		gaps = append(gaps, a.at.Sub(adverts[i].at))
	}
	slices.Sort(gaps)
	return gaps
}

// A new master announces each VIP five times at once and five times after 5 s, for
// whoever missed the first; then every 10 s, beginning 10 s after that
// (keepalived.conf(5) garp_master_delay, vrrp_garp_master_refresh). RFC 9568 §6.4.2
// wants one announcement.
func TestNewMasterAnnouncesTheVIPs(t *testing.T) {
	t.Parallel()
	for _, f := range []family{ipv4, ipv6, dual} {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			p := newPair(t, f)
			p.a.start()
			first := p.wire.awaitAdvert(t, p.a, time.Time{}, "the first", holds)
			const refresh = 15 * time.Second
			lab.Await(t, refresh+patience, "the announcements to be repeated after 15 s", func() error {
				got := p.wire.announcementsOf(p.a, first.at.Add(refresh-time.Second))
				if len(got) < len(f.vips) {
					return fmt.Errorf("there are %d", len(got))
				}
				return nil
			})
			for _, vip := range p.a.spec.VIPs {
				var got []string
				for _, a := range p.wire.announcementsOf(p.a, first.at) {
					if a.vip == vip {
						got = append(got, a.at.Sub(first.at).Round(time.Second).String())
					}
				}
				want := []string{"0s", "0s", "0s", "0s", "0s", "5s", "5s", "5s", "5s", "5s", "15s"}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("%v is announced after (-want +got):\n%s", vip, diff)
				}
			}
			at := p.wire.announcementsOf(p.a, first.at)
			atOnce := at[5*len(f.vips)-1].at.Sub(first.at)
			t.Logf("the first five of each are on the wire %v after the first advert", atOnce)
			if atOnce > interval {
				t.Errorf("the first announcements took %v, want less than an advert interval", atOnce)
			}
		})
	}
}
