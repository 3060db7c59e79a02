package peer

import (
	"bytes"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"
)

const (
	roundTrip = 2 * latency
	interval  = 200 * time.Millisecond
)

func TestNodesHearEachOtherAfterOneRoundTrip(t *testing.T) {
	simulate(t, func(t *testing.T, n *network) {
		a := n.boot(t, config(0, 2))
		a.tell("a1")
		pass(time.Minute)
		a.checkNever("alone", "lb-b")
		a.checkHeard("alone")

		b := n.boot(t, config(1, 2))
		b.tell("b1")
		pass(roundTrip - 1)
		b.checkNever("just before a round trip", "lb-a")
		pass(1)
		b.checkSilence("after a round trip", "lb-a", 0, 0)
		pass(latency)
		a.checkSilence("when the echo is back", "lb-b", 0, 0)
		a.checkHeard("when the echo is back", "lb-b: b1")
		pass(latency)
		b.checkHeard("a round trip later", "lb-a: a1")
		pass(time.Minute)
		a.checkHeard("a minute later")
		b.checkHeard("a minute later")
	})
}

func TestNodesThatStartTogetherHearEachOtherAfterOneRoundTrip(t *testing.T) {
	pair(t, func(t *testing.T, n *network, a, b *node) {
		pass(roundTrip)
		a.checkSilence("after a round trip", "lb-b", 0, 0)
		b.checkSilence("after a round trip", "lb-a", 0, 0)
	})
}

func TestAllNodesOfALargePairHearEachOther(t *testing.T) {
	simulate(t, func(t *testing.T, n *network) {
		var nodes []*node
		for i := range lab {
			nodes = append(nodes, n.boot(t, config(i, len(lab))))
			nodes[i].tell("status of " + lab[i].Name)
		}
		pass(time.Second)
		for i, node := range nodes {
			for j := range lab {
				if i != j {
					node.checkSilence("after a second", lab[j].Name, 0, interval+latency)
				}
			}
			node.mu.Lock()
			if len(node.bodies) != len(lab)-1 {
				t.Errorf("%s heard %q, want a body of each peer", lab[i].Name, node.bodies)
			}
			node.mu.Unlock()
		}
	})
}

func TestChangeArrivesAtOnce(t *testing.T) {
	pair(t, func(t *testing.T, n *network, a, b *node) {
		a.tell("a1")
		pass(time.Minute + 70*time.Millisecond)
		b.checkHeard("after a minute", "lb-a: a1")
		a.tell("a2")
		pass(latency)
		b.checkHeard("at once", "lb-a: a2")
		pass(time.Second)
		a.tell("a2")
		pass(time.Second)
		b.checkHeard("after the same once more")
		a.tell("a3")
		pass(latency)
		b.checkHeard("at once", "lb-a: a3")
		for i := range 9 {
			pass(10 * time.Millisecond)
			a.tell(fmt.Sprint("a", i+4))
		}
		b.checkHeard("within 100 ms of the last change")
		pass(gap)
		b.checkHeard("after these", "lb-a: a12")
	})
}

func TestLargestBodyArrivesWholeAndUnshared(t *testing.T) {
	pair(t, func(t *testing.T, n *network, a, b *node) {
		body := bytes.Repeat([]byte("0123456789abcdef"), MaxBody/16)
		want := "lb-a: " + string(body)
		if err := a.Tell(body); err != nil {
			t.Fatal(err)
		}
		clear(body)
		pass(time.Second)
		b.checkHeard("after a second", want)
		b.mu.Lock()
		defer b.mu.Unlock()
		if "lb-a: "+string(b.body) != want {
			t.Error("a body changed after it was given to Heard")
		}
	})
}

func TestBodyThatWasLostIsRepeated(t *testing.T) {
	pair(t, func(t *testing.T, n *network, a, b *node) {
		pass(time.Second)
		lost := 0
		n.losing(func(p packet) bool {
			large := len(p.data) > headerSize+32
			if large {
				lost++
			}
			return large
		})
		a.tell("a1")
		pass(10 * time.Second)
		b.checkHeard("while bodies are lost")
		b.checkSilence("while bodies are lost", "lb-a", 0, interval+latency)
		if lost < 10 || lost > 26 {
			t.Errorf("sent the body %d times in 10 s, want once every 0.4 to 1 s", lost)
		}
		n.losing(nil)
		pass(time.Second)
		b.checkHeard("after another second", "lb-a: a1")
	})
}

func TestSteadyTrafficIsLight(t *testing.T) {
	pair(t, func(t *testing.T, n *network, a, b *node) {
		a.tell(strings.Repeat("a", MaxBody))
		b.tell(strings.Repeat("b", MaxBody))
		pass(2 * time.Second)
		began := time.Now()
		pass(time.Minute)
		for _, packets := range [][]packet{n.between(a.address, b.address, began), n.between(b.address, a.address, began)} {
			if len(packets) < 299 || len(packets) > 301 {
				t.Errorf("%d datagrams in a minute, want 300", len(packets))
			}
			for _, p := range packets {
				if len(p.data) != 108 {
					t.Fatalf("a datagram of %d bytes, want 108", len(p.data))
				}
			}
		}
	})
}

// TestOverUDP has real sockets. Everything else here has a network of its own.
func TestOverUDP(t *testing.T) {
	for _, loopback := range []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback} {
		t.Run(loopback.String(), func(t *testing.T) { overUDP(t, loopback) })
	}
}

func overUDP(t *testing.T, loopback net.IP) {
	configs := []Config{config(0, 2), config(1, 2)}
	heard := make(chan string, 4)
	for i := range configs {
		free, err := net.ListenUDP("udp", &net.UDPAddr{IP: loopback})
		if err != nil {
			t.Fatal(err)
		}
		configs[i].Local = free.LocalAddr().(*net.UDPAddr).AddrPort()
		configs[1-i].Peers[0].Address = configs[i].Local
		configs[i].Heard = func(peer string, body []byte) { heard <- peer + ": " + string(body) }
		configs[i].Failed = func(err error) { t.Error(err) }
		free.Close()
	}
	done := make(chan struct{})
	defer close(done)
	body := strings.Repeat("{}", MaxBody/2)
	want := map[string]bool{}
	for _, c := range configs {
		e, err := Start(c, done)
		if err != nil {
			t.Fatal(err)
		}
		if err := e.Tell([]byte(c.Self + body[len(c.Self):])); err != nil {
			t.Fatal(err)
		}
		want[c.Self+": "+c.Self+body[len(c.Self):]] = true
	}
	deadline := time.After(10 * time.Second)
	for len(want) > 0 {
		select {
		case got := <-heard:
			if !want[got] {
				t.Fatalf("heard %.20q… of %d bytes, want what the other told", got, len(got))
			}
			delete(want, got)
		case <-deadline:
			t.Fatalf("waiting for the bodies of both nodes: %d are missing after 10 s", len(want))
		}
	}
}
