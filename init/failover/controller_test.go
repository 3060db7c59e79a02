package failover

import (
	"errors"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"twinlb/init/status"
	"twinlb/seed"
	"twinlb/services/haproxy"
	"twinlb/services/keepalived"
)

// node is a Controller with what it did to the world.
type node struct {
	*Controller
	t         *testing.T
	kills     []string
	fails     []error
	decisions []Decision
	changes   []status.Change
	completed []status.Change
	silence   map[string]time.Duration // of the peers that were ever heard
}

// simulate runs a test with a clock of its own that jumps ahead while it sleeps.
func simulate(t *testing.T, preempt time.Duration, test func(n *node)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		n := &node{t: t, silence: make(map[string]time.Duration)}
		n.Controller = &Controller{
			Self:      "lb-a",
			Priority:  250,
			StepBack:  -20,
			Preempt:   preempt,
			Track:     newTrack(t),
			KillProxy: func(cause string) { n.kills = append(n.kills, cause) },
			Failed:    func(err error) { n.fails = append(n.fails, err) },
			Decided:   func(d Decision) { n.decisions = append(n.decisions, d) },
			Recorded:  func(c status.Change) { n.changes = append(n.changes, c) },
			Completed: func(c status.Change) { n.completed = append(n.completed, c) },
			Silence: func(peer string) (time.Duration, bool) {
				since, ever := n.silence[peer]
				return since, ever
			},
		}
		n.Carrier(true)
		test(n)
	})
}

// check compares the track files with what they should hold.
func (n *node) check(when, able, preference string) {
	n.t.Helper()
	n.t.Log(when)
	checkTrack(n.t, n.Track, able, preference)
	if decision := n.Status().Decision; decision.Able != (able == "1") {
		n.t.Errorf("%s: Decision = %+v, want Able = %s", when, decision, able)
	}
}

// probe lets the time of a probe pass and then gives its result.
func (n *node) probe(a Answer) {
	a.Asked = time.Now()
	time.Sleep(ProbeInterval)
	n.Answered(a)
}

// answer makes all probes of that time succeed.
func (n *node) answer(d time.Duration) {
	for range d / ProbeInterval {
		n.probe(healthy)
	}
}

// hang makes all probes of that time time out.
func (n *node) hang(d time.Duration) {
	for range d / ProbeInterval {
		n.probe(Answer{Hung: true, Err: errors.New("no answer")})
	}
}

var healthy = Answer{OK: true, Servers: []haproxy.Server{{Name: "mysql1", Checked: true, Up: true}}}

func TestNodeIsAbleWhenHAProxyAnswersAndAllIsChecked(t *testing.T) {
	simulate(t, 0, func(n *node) {
		n.ProxyStarted()
		n.check("HAProxy is started", "0", "0")
		n.probe(Answer{OK: true, Servers: []haproxy.Server{{Checked: true}, {Checked: false}}})
		n.check("a check is under way", "0", "0")
		n.probe(Answer{OK: true, Servers: []haproxy.Server{{Checked: true}, {Checked: true}}})
		n.check("all backends are checked", "1", "0")
	})
}

func TestVIPLeavesWhenAPortIsClosed(t *testing.T) {
	simulate(t, 0, func(n *node) {
		n.ready()
		shut := healthy
		shut.Closed = []netip.AddrPort{netip.MustParseAddrPort("192.0.2.60:3306")}
		n.probe(shut)
		n.check("one look", "1", "0")
		n.probe(healthy)
		n.probe(shut)
		n.check("one look again", "1", "0")
		n.probe(Answer{OK: true})
		n.check("nobody has looked", "1", "0")
		n.probe(shut)
		n.check("two looks", "0", "0")
		for range KillAfter / ProbeInterval {
			n.probe(shut)
		}
		if want := []string{"haproxy has not listened at [192.0.2.60:3306] for 5s"}; !slices.Equal(n.kills, want) {
			t.Errorf("HAProxy was killed because %q, want %q", n.kills, want)
		}
		n.ProxyEnded("ended by signal 9")
		n.ready()
		n.check("another HAProxy", "1", "0")
	})
}

func TestStepBackIsThatOfTheSeed(t *testing.T) {
	simulate(t, 30*time.Second, func(n *node) {
		n.StepBack = -80
		n.ready()
		n.check("it is still proving itself", "1", "-80")
		n.LetGo("a test")
		n.check("it gives the VIP away", "1", "-160")
		n.Keep()
		n.answer(time.Minute)
		n.check("it has proved itself", "1", "0")
	})
}

func TestBackendsAreRememberedBetweenQuestionsForThem(t *testing.T) {
	simulate(t, 0, func(n *node) {
		n.ProxyStarted()
		n.probe(Answer{OK: true, Servers: []haproxy.Server{{Checked: false}}})
		n.probe(Answer{OK: true})
		n.check("a check was under way when it was last asked", "0", "0")
		n.probe(Answer{OK: true, Servers: []haproxy.Server{{Name: "mysql1", Checked: true}}})
		n.probe(Answer{OK: true})
		n.check("all was checked when it was last asked", "1", "0")
		if got := n.Status().Servers; len(got) != 1 || got[0].Name != "mysql1" {
			t.Errorf("Servers = %v, want mysql1", got)
		}
	})
}

func TestMasterThatNobodyRelievesStaysWhatItWas(t *testing.T) {
	simulate(t, 30*time.Second, func(n *node) {
		n.ProxyStarted()
		n.answer(time.Second)
		n.Elected(keepalived.StateMaster)
		n.LetGo("a test")
		n.answer(time.Second)
		n.check("nobody has taken the VIP", "1", "-40")
		n.Keep()
		n.check("it is kept", "1", "0")
	})
}

func TestNodeThatHandedOverProvesItself(t *testing.T) {
	simulate(t, 30*time.Second, func(n *node) {
		n.ProxyStarted()
		n.answer(time.Hour)
		n.Elected(keepalived.StateMaster)
		n.LetGo("a test")
		n.Elected(keepalived.StateBackup)
		n.Keep()
		n.check("a peer has taken the VIP", "1", "-20")
		n.answer(29 * time.Second)
		n.check("29 s later", "1", "-20")
		n.answer(2 * time.Second)
		n.check("31 s later", "1", "0")
	})
}

func TestPeerGetsOlder(t *testing.T) {
	simulate(t, 0, func(n *node) {
		if n.Peer("lb-b") != nil {
			t.Error("there is a peer that has said nothing")
		}
		n.says(func(p *status.Node) { p.Uptime = 10 })
		time.Sleep(5 * time.Second)
		if got := n.Peer("lb-b").Uptime; got != 15 {
			t.Errorf("5 s after it said 10 s its uptime is %v", got)
		}
	})
}

func TestDetailOfACheckStaysWhileTheNextIsUnderWay(t *testing.T) {
	server := func(name, check, detail string) haproxy.Server {
		return haproxy.Server{Pool: "mysql", Name: name, Checked: true, Check: check, Detail: detail}
	}
	simulate(t, 0, func(n *node) {
		n.ProxyStarted()
		n.probe(Answer{OK: true, Servers: []haproxy.Server{server("a", "L4TOUT", "at step 1"), server("b", "L4TOUT", "at step 1")}})
		n.probe(Answer{OK: true, Servers: []haproxy.Server{server("a", "L4TOUT", ""), server("b", "L7OK", "")}})
		got := n.Status().Servers
		if got[0].Detail != "at step 1" || got[1].Detail != "" {
			t.Errorf("details are %q and %q, want the old one where the result is the same", got[0].Detail, got[1].Detail)
		}
	})
}

func TestNodeThatLostItsKeepalivedComesBackLikeAnyOther(t *testing.T) {
	simulate(t, 30*time.Second, func(n *node) {
		n.ProxyStarted()
		n.answer(time.Minute)
		n.Elected(keepalived.StateMaster)
		n.check("master", "1", "0")
		n.Elected(keepalived.StateStopped)
		n.check("keepalived has ended", "1", "-20")
		n.answer(29 * time.Second)
		n.check("29 s later", "1", "-20")
		n.answer(2 * time.Second)
		n.check("31 s later", "1", "0")
	})
}

func TestNodeTakesTheVIPBackAfterPreempt(t *testing.T) {
	simulate(t, 30*time.Second, func(n *node) {
		n.ProxyStarted()
		n.answer(ProbeInterval) // able from here
		n.check("just able", "1", "-20")
		n.answer(30*time.Second - ProbeInterval)
		n.check("almost 30 s in health", "1", "-20")
		n.answer(ProbeInterval)
		n.check("30 s in health", "1", "0")
	})
}

func TestHealthStartsAnewAfterABreak(t *testing.T) {
	simulate(t, 30*time.Second, func(n *node) {
		n.ProxyStarted()
		n.answer(29 * time.Second)
		n.hang(YieldAfter)
		n.check("HAProxy hangs", "0", "0")
		n.answer(29 * time.Second)
		n.check("29 s in health since the break", "1", "-20")
		n.answer(2 * time.Second)
		n.check("31 s in health since the break", "1", "0")
	})
}

func TestNodeThatBecameMasterIsFullyMaster(t *testing.T) {
	for _, preempt := range []time.Duration{30 * time.Second, seed.NeverPreempt} {
		simulate(t, preempt, func(n *node) {
			n.ProxyStarted()
			n.answer(time.Second)
			n.Elected(keepalived.StateBackup)
			n.check("backup", "1", "-20")
			n.Elected(keepalived.StateMaster)
			n.check("master", "1", "0")
		})
	}
}

func TestNodeWhoseCableWasPulledProvesItself(t *testing.T) {
	simulate(t, 30*time.Second, func(n *node) {
		n.ProxyStarted()
		n.answer(time.Second)
		n.Elected(keepalived.StateMaster)
		n.Carrier(false)
		n.check("the cable is out", "0", "0")
		n.answer(time.Hour)
		n.Carrier(true)
		n.check("it is back", "1", "-20")
		n.answer(31 * time.Second)
		n.check("31 s later", "1", "0")
	})
}

func TestNodeThatNeverPreemptsStaysBehind(t *testing.T) {
	simulate(t, seed.NeverPreempt, func(n *node) {
		n.ProxyStarted()
		n.answer(time.Hour)
		n.check("an hour in health", "1", "-20")
	})
}

func TestCrashCostsOneHandOver(t *testing.T) {
	simulate(t, 30*time.Second, func(n *node) {
		n.ProxyStarted()
		n.answer(time.Second)
		n.Elected(keepalived.StateMaster)
		n.check("master", "1", "0")
		n.ProxyEnded("ended by signal 9 (killed)")
		n.Elected(keepalived.StateFault)
		n.ProxyStarted()
		n.answer(time.Second)
		n.Elected(keepalived.StateBackup)
		n.check("HAProxy is back", "1", "-20")
	})
}

func TestLettingGoIsDoneWhenTheVIPHasLeft(t *testing.T) {
	simulate(t, 0, func(n *node) {
		n.ProxyStarted()
		n.answer(time.Second)
		n.Elected(keepalived.StateMaster)
		first, second := n.LetGo("a test"), n.LetGo("a test")
		n.check("letting go", "1", "-40")
		for _, yielded := range []<-chan struct{}{first, second} {
			if isClosed(yielded) {
				t.Error("done while this node is master")
			}
		}
		n.answer(time.Second)
		if isClosed(first) {
			t.Error("done while this node is master")
		}
		n.Elected(keepalived.StateBackup)
		for _, yielded := range []<-chan struct{}{first, second} {
			if !isClosed(yielded) {
				t.Error("not done when this node is backup")
			}
		}
		n.Elected(keepalived.StateMaster) // the peer went away: closing again would panic
		n.Elected(keepalived.StateBackup)
	})
}

// Somebody presses the power button while a failover waits for the peer.
func TestNodeThatStopsDoesNotComeBack(t *testing.T) {
	simulate(t, 0, func(n *node) {
		n.ready()
		n.Elected(keepalived.StateMaster)
		n.LetGo("failover")
		left := n.End("the node is powering off")
		n.LetGo("failover")
		n.Drop("failover")
		n.Keep()
		n.check("when the failover has given up", "1", "-40")
		if reason := n.Status().Decision.Reason; reason != "the node is powering off" {
			t.Errorf("the reason is %q, want that the node is powering off", reason)
		}
		n.Elected(keepalived.StateBackup)
		if !isClosed(left) {
			t.Error("the VIP has left, and who stops the node does not hear of it")
		}
		n.Keep()
		n.check("when the VIP has left", "1", "-40")
	})
}

func TestLettingGoOfABackupIsDoneAtOnce(t *testing.T) {
	simulate(t, 0, func(n *node) {
		n.Elected(keepalived.StateBackup)
		if !isClosed(n.LetGo("a test")) {
			t.Error("not done though this node is backup")
		}
	})
}

func TestStatusTellsTheStateAndSinceWhen(t *testing.T) {
	simulate(t, 0, func(n *node) {
		if got := n.Status(); got.State != "" {
			t.Errorf("State = %q before keepalived has said anything", got.State)
		}
		n.ProxyStarted()
		n.answer(time.Second)
		began := time.Now()
		n.Elected(keepalived.StateMaster)
		n.answer(time.Minute)
		got := n.Status()
		if got.State != keepalived.StateMaster || !got.Since.Equal(began) || len(got.Servers) != 1 || got.Decision.Reason != "healthy" {
			t.Errorf("Status = %+v, want master since %s, healthy, with one server", got, began)
		}
	})
}

func TestTrackFilesThatCannotBeWrittenAreReported(t *testing.T) {
	simulate(t, 0, func(n *node) {
		n.Track.Able = filepath.Join(t.TempDir(), "missing", "able")
		n.ProxyStarted()
		if len(n.fails) != 1 || !strings.Contains(n.fails[0].Error(), "tell keepalived able = 0") {
			t.Errorf("reported %v, want that keepalived cannot be told able = 0", n.fails)
		}
	})
}
