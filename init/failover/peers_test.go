package failover

import (
	"testing"
	"time"

	"twinlb/init/status"
	"twinlb/services/haproxy"
	"twinlb/services/keepalived"
)

// servers are two pools of one server each, of which those named are up.
func servers(up ...string) []haproxy.Server {
	all := []haproxy.Server{{Pool: "read", Name: "r", Checked: true}, {Pool: "write", Name: "w", Checked: true}}
	for i := range all {
		for _, pool := range up {
			all[i].Up = all[i].Up || all[i].Pool == pool
		}
	}
	return all
}

// says makes the peer lb-b say that it reaches the pools.
func (n *node) says(change func(*status.Node), up ...string) {
	peer := &status.Node{Name: "lb-b", VRRP: status.VRRP{State: "BACKUP", Able: true, Priority: 246, Reason: "healthy"}}
	for _, s := range servers(up...) {
		peer.Backends = append(peer.Backends, status.Backend{Pool: s.Pool, Name: s.Name, Up: s.Up})
	}
	if change != nil {
		change(peer)
	}
	n.silence[peer.Name] = 0
	n.PeerSaid(peer)
}

func TestVIPGoesToAPeerThatReachesMore(t *testing.T) {
	for _, tt := range []struct {
		name         string
		mine, theirs []string
		peer         func(*status.Node)
		silence      time.Duration
		preference   string
	}{
		{"it reaches all, this node nothing", nil, []string{"read", "write"}, nil, 0, "-40"},
		{"it reaches all, this node one pool", []string{"read"}, []string{"read", "write"}, nil, 0, "-40"},
		{"it reaches one pool, this node nothing", nil, []string{"read"}, nil, 0, "-40"},
		{"both reach all", []string{"read", "write"}, []string{"read", "write"}, nil, 0, "0"},
		{"both reach nothing", nil, nil, nil, 0, "0"},
		{"each lacks what the other reaches", []string{"read"}, []string{"write"}, nil, 0, "0"},
		{"it may not hold the VIP", nil, []string{"read", "write"}, func(n *status.Node) { n.VRRP.Able = false }, 0, "0"},
		{"it is not heard any more", nil, []string{"read", "write"}, nil, status.Silence, "0"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			simulate(t, 0, func(n *node) {
				n.ProxyStarted()
				n.probe(Answer{OK: true, Servers: servers("read", "write")})
				n.Elected(keepalived.StateMaster)
				n.says(tt.peer, tt.theirs...)
				n.silence["lb-b"] = tt.silence
				mine := Answer{OK: true, Servers: servers(tt.mine...)}
				for range LostAfter / ProbeInterval {
					n.probe(mine)
				}
				n.check("just before", "1", "0")
				n.probe(mine)
				n.probe(mine)
				n.check("after it has stood for long enough", "1", tt.preference)
			})
		})
	}
}

func TestNodeThatLostItsBackendsProvesItselfBeforeItComesBack(t *testing.T) {
	simulate(t, 30*time.Second, func(n *node) {
		all, none := Answer{OK: true, Servers: servers("read", "write")}, Answer{OK: true, Servers: servers()}
		n.ProxyStarted()
		n.probe(all)
		n.Elected(keepalived.StateMaster)
		n.says(nil, "read", "write")
		for range LostAfter/ProbeInterval + 2 {
			n.probe(none)
		}
		n.check("it lost them", "1", "-40")
		n.Elected(keepalived.StateBackup)
		n.probe(all)
		n.check("they are back", "1", "-20")
		n.answer(31 * time.Second)
		n.check("they have been back for preempt", "1", "0")
	})
}

func TestNodeThatHearsAPeerIsNotDeaf(t *testing.T) {
	simulate(t, 0, func(n *node) {
		n.Heartbeat = 200 * time.Millisecond
		n.ProxyStarted()
		n.probe(Answer{OK: true, Servers: servers("read", "write")})
		n.Deaf(true)
		n.check("no peer was ever heard, and no frame", "0", "0")
		n.says(nil)
		n.check("a peer is heard", "1", "0")
		n.silence["lb-b"] = 300 * time.Millisecond
		n.Reconsider()
		n.check("it missed a heartbeat", "0", "0")
		n.Deaf(false)
		n.check("frames arrive", "1", "0")
	})
}

func TestPeerThatLacksAnotherPoolIsNoBetter(t *testing.T) {
	third := func(up bool) haproxy.Server { return haproxy.Server{Pool: "third", Name: "t", Checked: true, Up: up} }
	simulate(t, 0, func(n *node) {
		n.ProxyStarted()
		n.probe(Answer{OK: true, Servers: append(servers("read", "write"), third(true))})
		n.Elected(keepalived.StateMaster)
		n.says(func(p *status.Node) {
			p.Backends = append(p.Backends, status.Backend{Pool: "third", Name: "t"})
		}, "read", "write")
		for range LostAfter/ProbeInterval + 2 {
			n.probe(Answer{OK: true, Servers: append(servers(), third(true))})
		}
		n.check("it lacks one pool, this node two others", "1", "0")
	})
}

func TestShortLossMovesNothing(t *testing.T) {
	simulate(t, 0, func(n *node) {
		all, none := Answer{OK: true, Servers: servers("read", "write")}, Answer{OK: true, Servers: servers()}
		n.ProxyStarted()
		n.probe(all)
		n.Elected(keepalived.StateMaster)
		n.says(nil, "read", "write")
		for range 5 {
			for range LostAfter/ProbeInterval - 1 {
				n.probe(none)
			}
			n.probe(all)
		}
		n.check("they were lost for a short while, again and again", "1", "0")
	})
}
