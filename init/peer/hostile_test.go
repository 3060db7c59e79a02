package peer

import (
	"bytes"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"twinlb/seed"
)

// memory is all that a datagram could change in an Exchange.
type memory struct {
	boot  bootID
	peers [seed.MaxNodes - 1]state
}

func (e *Exchange) memory() (m memory) {
	e.mu.Lock()
	defer e.mu.Unlock()
	m.boot = e.told.boot
	for i, c := range e.peers {
		m.peers[i] = c.state
	}
	return m
}

// checkIgnores gives the node a datagram that must have no effect.
func (n *node) checkIgnores(what string, data []byte, from netip.AddrPort) {
	n.t.Helper()
	synctest.Wait()
	before := n.memory()
	n.receive(data, from)
	if n.memory() != before {
		n.t.Errorf("%s had an effect on %s", what, n.config.Self)
	}
}

// stranger seals what an earlier boot of a node could have sent.
func stranger(t testing.TB, from, to *node, sequence uint64, body []byte) []byte {
	t.Helper()
	s, err := newSeal(key, from.config.Self, to.config.Self)
	if err != nil {
		t.Fatal(err)
	}
	old := stamp{boot: newBootID(), sequence: sequence, edition: 1}
	return s.encode(nil, datagram{sender: old, echo: stamp{boot: newBootID(), sequence: 7}, body: body})
}

func everything(packet) bool { return true }

func TestNodeWithAnotherKeyIsNotHeard(t *testing.T) {
	simulate(t, func(t *testing.T, n *network) {
		a := n.boot(t, config(0, 2))
		c := config(1, 2)
		c.Key = bytes.Repeat([]byte{0x66}, seed.KeySize)
		b := n.boot(t, c)
		b.tell("b1")
		pass(time.Minute)
		a.checkNever("after a minute", "lb-b")
		b.checkNever("after a minute", "lb-a")
		a.checkHeard("after a minute")
		if got := len(n.between(a.address, b.address, time.Time{})); got > 301 {
			t.Errorf("%d datagrams in a minute, want 300: what is not authentic is not answered", got)
		}
	})
}

func TestDatagramsGoInOneDirectionOnly(t *testing.T) {
	simulate(t, func(t *testing.T, n *network) {
		a, b, c := n.boot(t, config(0, 3)), n.boot(t, config(1, 3)), n.boot(t, config(2, 3))
		a.tell("a1")
		n.losing(func(p packet) bool { return p.to == b.address && p.from == a.address })
		pass(time.Second)
		for _, p := range n.between(a.address, b.address, time.Time{}) {
			a.checkIgnores("a reflected datagram", p.data, b.address)
			c.checkIgnores("a datagram to another node", p.data, a.address)
			b.checkIgnores("a datagram of another node", p.data, c.address)
		}
	})
}

func TestOnlyWhatIsWholeAndFromThePeersAddressIsTaken(t *testing.T) {
	pair(t, func(t *testing.T, n *network, a, b *node) {
		a.tell("a1")
		pass(time.Second)
		n.losing(everything)
		pass(interval)
		packets := n.between(a.address, b.address, time.Time{})
		data := packets[len(packets)-1].data
		for _, from := range []netip.AddrPort{
			{},
			b.address,
			netip.AddrPortFrom(a.address.Addr(), 1),
			netip.AddrPortFrom(netip.MustParseAddr("192.0.2.9"), a.address.Port()),
		} {
			b.checkIgnores("a datagram from "+from.String(), data, from)
		}
		for i := range data {
			b.checkIgnores("a truncated datagram", data[:i], a.address)
			changed := bytes.Clone(data)
			changed[i] ^= 1 << (i % 8)
			b.checkIgnores("a changed datagram", changed, a.address)
		}
		b.checkIgnores("a datagram with something after it", append(bytes.Clone(data), 0), a.address)
		b.checkIgnores("garbage", bytes.Repeat([]byte{0xa5}, 65507), a.address)
		b.checkIgnores("a body that is too large", stranger(t, a, b, 1, make([]byte, MaxBody+1)), a.address)

		mapped := netip.AddrPortFrom(netip.AddrFrom16(a.address.Addr().As16()), a.address.Port())
		b.receive(data, mapped)
		b.checkSilence("now that it is whole", "lb-a", 0, 0)
	})
}

func TestStormOfStaleDatagramsIsAnsweredSeldomAndChangesNothing(t *testing.T) {
	for _, every := range []time.Duration{MinInterval, interval, MaxInterval} {
		simulate(t, func(t *testing.T, n *network) {
			ca, cb := config(0, 2), config(1, 2)
			ca.Interval, cb.Interval = every, every
			a, b := n.boot(t, ca), n.boot(t, cb)
			pass(10 * time.Second)
			began := time.Now()
			for i := range uint64(10_000) {
				n.inject(packet{from: a.address, to: b.address, data: stranger(t, a, b, i, nil)})
				pass(time.Millisecond)
				b.checkSilence("in the storm", "lb-a", 0, every+latency)
				a.checkSilence("in the storm", "lb-b", 0, every+latency)
			}
			for _, dir := range [][2]*node{{a, b}, {b, a}} {
				regular := int(10 * time.Second / every)
				got := len(n.between(dir[0].address, dir[1].address, began))
				if got < regular || got > regular+101 {
					t.Errorf("Interval %s: %s sent %d datagrams in 10 s, want %d and at most 101 answers", every, dir[0].config.Self, got, regular)
				}
			}
			var answers []time.Time
			for _, p := range n.between(b.address, a.address, began) {
				if bootID(p.data[36:52]) != a.memory().boot {
					answers = append(answers, p.at)
				}
			}
			if len(answers) < 50 {
				t.Errorf("Interval %s: %d answers to the storm, want some", every, len(answers))
			}
			for i := range answers[1:] {
				if apart := answers[i+1].Sub(answers[i]); apart < gap {
					t.Errorf("Interval %s: answers %s apart, want at least %s", every, apart, gap)
				}
			}
		})
	}
}

func TestStormFromThePresentBootIsAnsweredSeldom(t *testing.T) {
	pair(t, func(t *testing.T, n *network, a, b *node) {
		pass(time.Second)
		s, err := newSeal(key, a.config.Self, b.config.Self)
		if err != nil {
			t.Fatal(err)
		}
		present := stamp{boot: a.memory().boot, sequence: 1000}
		n.losing(func(p packet) bool { return p.from == a.address })
		began := time.Now()
		for range 10_000 {
			present.sequence++
			n.inject(packet{from: a.address, to: b.address, data: s.encode(nil, datagram{sender: present})})
			pass(time.Millisecond)
		}
		if got := len(n.between(b.address, a.address, began)); got < 100 || got > 151 {
			t.Errorf("sent %d datagrams in 10 s, want 50 and 50 to 101 answers", got)
		}
	})
}
