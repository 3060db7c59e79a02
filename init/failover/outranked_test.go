package failover

import (
	"strings"
	"testing"
	"time"

	"twinlb/init/status"
	"twinlb/services/keepalived"
)

// beside makes lb-b, of priority 246, master beside lb-a, of 250, with that preference.
func beside(n *node, preference int) *status.Node {
	n.Self, n.Priority, n.Interval = "lb-b", 246, 200*time.Millisecond
	n.ready()
	n.Elected(keepalived.StateMaster)
	n.silence["lb-a"] = 0
	peer := &status.Node{Name: "lb-a", VRRP: status.VRRP{State: "MASTER", Able: true, Priority: 250, Preference: preference, For: status.InSeconds(time.Hour)}}
	n.PeerSaid(peer)
	return peer
}

// adverts lets that time pass, with the peer's adverts or without.
func adverts(n *node, during time.Duration, arrive bool) {
	for range during / n.Interval {
		time.Sleep(n.Interval)
		if arrive {
			n.Advert("lb-a", 250, n.Interval, time.Now())
		}
		n.Reconsider()
	}
}

func TestMasterWhosePeersAdvertsAreDroppedLetsTheVIPGo(t *testing.T) {
	simulate(t, 0, func(n *node) {
		peer := beside(n, 0)
		adverts(n, unheardFor-time.Second, false)
		n.check("for a while", "1", "0")
		adverts(n, 2*time.Second, false)
		n.check("for longer", "0", "0")
		if why := n.Status().Decision.Reason; !strings.Contains(why, "lb-a holds the VIP") || !strings.Contains(why, "IP protocol 112") {
			t.Errorf("the reason is %q", why)
		}
		n.Elected(keepalived.StateFault)
		adverts(n, time.Hour, false)
		n.check("as long as that is so", "0", "0")

		peer.VRRP.State = "FAULT"
		n.PeerSaid(peer)
		n.check("the peer is no longer master", "1", "0")
		n.Elected(keepalived.StateMaster)
		adverts(n, time.Hour, false)
		n.check("this node is", "1", "0")
	})
}

func TestMasterThatIsOutrankedTakesOverWhenThePeerFails(t *testing.T) {
	simulate(t, 0, func(n *node) {
		beside(n, 0)
		adverts(n, 5*time.Second, false)
		n.Elected(keepalived.StateFault)
		n.check("two masters", "0", "0")
		n.silence["lb-a"] = status.Silence
		n.Reconsider()
		n.check("the peer is dead", "1", "0")
	})
}

func TestMasterThatIsOutrankedComesBackWhenAdvertsArrive(t *testing.T) {
	simulate(t, 0, func(n *node) {
		beside(n, 0)
		adverts(n, 5*time.Second, false)
		n.Elected(keepalived.StateFault)
		n.check("two masters", "0", "0")
		adverts(n, time.Second, true)
		n.check("adverts arrive", "1", "0")
		n.Elected(keepalived.StateBackup)
		adverts(n, time.Hour, false)
		n.check("as backup, which waits for adverts as keepalived does", "1", "0")
	})
}

func TestMasterKeepsTheVIP(t *testing.T) {
	for _, tt := range []struct {
		name  string
		spoil func(n *node, peer *status.Node)
	}{
		{"beside a peer that stands behind it", func(_ *node, peer *status.Node) { peer.VRRP.Preference = -20 }},
		{"beside a peer that may not hold it", func(_ *node, peer *status.Node) { peer.VRRP.Able = false }},
		{"beside a peer that is backup", func(_ *node, peer *status.Node) { peer.VRRP.State = "BACKUP" }},
		{"when the peer is not heard", func(n *node, _ *status.Node) { n.silence["lb-a"] = status.Silence }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			simulate(t, 0, func(n *node) {
				peer := beside(n, 0)
				tt.spoil(n, peer)
				n.PeerSaid(peer)
				adverts(n, time.Minute, false)
				n.check(tt.name, "1", "0")
			})
		})
	}
	t.Run("when adverts arrive", func(t *testing.T) {
		simulate(t, 0, func(n *node) {
			beside(n, 0)
			adverts(n, time.Minute, true)
			n.check("keepalived will let it go", "1", "0")
		})
	})
}

// Its own preference counts when it decides to let go, and not after that.
func TestNodeThatProvesItselfIsOutrankedByTheBackup(t *testing.T) {
	simulate(t, 30*time.Second, func(n *node) {
		n.Interval = 200 * time.Millisecond
		n.ready()
		n.check("it comes back", "1", "-20")
		n.Elected(keepalived.StateMaster)
		n.silence["lb-a"] = 0
		n.PeerSaid(&status.Node{Name: "lb-a", VRRP: status.VRRP{State: "MASTER", Able: true, Priority: 246, For: status.InSeconds(time.Hour)}})
		n.check("a master has proved itself", "1", "0")
		adverts(n, time.Minute, false)
		n.check("it stands before the peer", "1", "0")

		n.LetGo("failover")
		adverts(n, 4*time.Second, false)
		n.check("it gives the VIP away", "0", "0")
		n.Keep()
		n.Elected(keepalived.StateFault)
		adverts(n, time.Minute, false)
		n.check("with its own priority it would stand before the peer", "0", "0")
	})
}
