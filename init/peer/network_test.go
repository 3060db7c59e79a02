package peer

import (
	"bytes"
	"net"
	"net/netip"
	"os"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// latency of the network that the tests have, one way.
const latency = 5 * time.Millisecond

// packet is a datagram on its way.
type packet struct {
	at       time.Time
	from, to netip.AddrPort
	data     []byte
}

// network carries datagrams inside of a synctest bubble.
type network struct {
	mu   sync.Mutex
	ways map[netip.AddrPort]chan packet // by where they lead
	sent []packet
	drop func(packet) bool // nil when nothing is lost
}

// port is a node's socket.
type port struct {
	network  *network
	address  netip.AddrPort
	opened   time.Time
	failed   chan error // gives the read an error
	closed   chan struct{}
	closing  sync.Once
	refuse   error // of every send
	deadline time.Time
	stuck    bool // sends wait for their deadline
}

func (n *network) open(address netip.AddrPort) *port {
	return &port{network: n, address: address, opened: time.Now(), failed: make(chan error), closed: make(chan struct{})}
}

func (n *network) way(to netip.AddrPort) chan packet {
	if n.ways[to] == nil {
		n.ways[to] = make(chan packet, 1000)
	}
	return n.ways[to]
}

// inject gives a node a datagram now, as if it came from that address.
func (n *network) inject(p packet) {
	n.mu.Lock()
	defer n.mu.Unlock()
	p.at = time.Now().Add(-latency)
	n.carry(p)
}

// carry loses what does not fit into the receiver's buffer, as UDP does.
func (n *network) carry(p packet) {
	select {
	case n.way(p.to) <- p:
	default:
	}
}

// between returns what one node has sent to another since then.
func (n *network) between(from, to netip.AddrPort, since time.Time) (packets []packet) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, p := range n.sent {
		if p.from == from && p.to == to && !p.at.Before(since) {
			packets = append(packets, p)
		}
	}
	return packets
}

func (n *network) losing(drop func(packet) bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.drop = drop
}

func (p *port) ReadFromUDPAddrPort(b []byte) (int, netip.AddrPort, error) {
	p.network.mu.Lock()
	way := p.network.way(p.address)
	p.network.mu.Unlock()
	for {
		select {
		case packet := <-way:
			arrival := packet.at.Add(latency)
			if arrival.Before(p.opened) {
				continue
			}
			select {
			case <-time.After(time.Until(arrival)):
				return copy(b, packet.data), packet.from, nil
			case <-p.closed:
				return 0, netip.AddrPort{}, net.ErrClosed
			}
		case err := <-p.failed:
			return 0, netip.AddrPort{}, err
		case <-p.closed:
			return 0, netip.AddrPort{}, net.ErrClosed
		}
	}
}

func (p *port) WriteToUDPAddrPort(b []byte, to netip.AddrPort) (int, error) {
	n := p.network
	n.mu.Lock()
	defer n.mu.Unlock()
	if p.stuck {
		deadline := p.deadline
		n.mu.Unlock()
		time.Sleep(time.Until(deadline))
		n.mu.Lock()
		return 0, os.ErrDeadlineExceeded
	}
	if p.refuse != nil {
		return 0, p.refuse
	}
	if p.isClosed() {
		return 0, net.ErrClosed
	}
	sent := packet{time.Now(), p.address, to, bytes.Clone(b)}
	n.sent = append(n.sent, sent)
	if n.drop == nil || !n.drop(sent) {
		n.carry(sent)
	}
	return len(b), nil
}

func (p *port) SetWriteDeadline(t time.Time) error {
	p.network.mu.Lock()
	defer p.network.mu.Unlock()
	p.deadline = t
	return nil
}

func (p *port) Close() error {
	p.closing.Do(func() { close(p.closed) })
	return nil
}

func (p *port) isClosed() bool {
	select {
	case <-p.closed:
		return true
	default:
		return false
	}
}

// set changes how the port behaves.
func (p *port) set(change func()) {
	p.network.mu.Lock()
	defer p.network.mu.Unlock()
	change()
}

// node is an Exchange with what it reported.
type node struct {
	*Exchange
	t       *testing.T
	address netip.AddrPort
	port    *port // the latest
	stop    func()
	mu      sync.Mutex
	bodies  []string // "peer: body"
	body    []byte   // the last, as it was given
	fails   []string
	opens   []error // results of the next openings
}

var (
	key = bytes.Repeat([]byte{0x55}, 32)
	lab = []Peer{
		{"lb-a", netip.MustParseAddrPort("192.0.2.1:8405")},
		{"lb-b", netip.MustParseAddrPort("192.0.2.2:8405")},
		{"lb-c", netip.MustParseAddrPort("192.0.2.3:8405")},
	}
)

// config is that of one node of the lab's first size nodes.
func config(self, size int) Config {
	return Config{
		Self: lab[self].Name, Local: lab[self].Address,
		Peers: slices.Delete(slices.Clone(lab[:size]), self, self+1),
		Key:   key, Interval: 200 * time.Millisecond,
		Heard: func(string, []byte) {}, Failed: func(error) {},
	}
}

// boot starts a node of the lab, or starts it again.
func (n *network) boot(t *testing.T, c Config, opens ...error) *node {
	t.Helper()
	done := make(chan struct{})
	node := &node{t: t, address: c.Local, opens: opens, stop: sync.OnceFunc(func() { close(done) })}
	c.Heard = func(peer string, body []byte) {
		node.mu.Lock()
		defer node.mu.Unlock()
		node.bodies, node.body = append(node.bodies, peer+": "+string(body)), body
	}
	c.Failed = func(err error) {
		node.mu.Lock()
		defer node.mu.Unlock()
		node.fails = append(node.fails, err.Error())
	}
	var err error
	node.Exchange, err = start(c, done, func() (socket, error) {
		node.mu.Lock()
		defer node.mu.Unlock()
		if len(node.opens) > 0 {
			err := node.opens[0]
			if node.opens = node.opens[1:]; err != nil {
				return nil, err
			}
		}
		node.port = n.open(c.Local)
		return node.port, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(node.stop)
	return node
}

// pair runs a test with the nodes lb-a and lb-b.
func pair(t *testing.T, test func(t *testing.T, n *network, a, b *node)) {
	t.Helper()
	simulate(t, func(t *testing.T, n *network) {
		a, b := n.boot(t, config(0, 2)), n.boot(t, config(1, 2))
		test(t, n, a, b)
	})
}

func simulate(t *testing.T, test func(t *testing.T, n *network)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		test(t, &network{ways: map[netip.AddrPort]chan packet{}})
	})
}

// pass lets time pass and everything happen that is due then.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func (n *node) tell(body string) {
	n.t.Helper()
	if err := n.Tell([]byte(body)); err != nil {
		n.t.Fatal(err)
	}
}

// checkHeard compares the bodies that came since the last time.
func (n *node) checkHeard(when string, want ...string) {
	n.t.Helper()
	n.mu.Lock()
	defer n.mu.Unlock()
	if !slices.Equal(n.bodies, want) {
		n.t.Errorf("%s: %s heard %.80q, want %.80q", when, n.config.Self, n.bodies, want)
	}
	n.bodies = nil
}

func (n *node) checkFails(when string, want ...string) {
	n.t.Helper()
	n.mu.Lock()
	defer n.mu.Unlock()
	if !slices.Equal(n.fails, want) {
		n.t.Errorf("%s: %s reported %q, want %q", when, n.config.Self, n.fails, want)
	}
	n.fails = nil
}

const neverHeard = time.Duration(-1)

// checkSilence wants a silence of at most that.
func (n *node) checkSilence(when, peer string, atLeast, atMost time.Duration) {
	n.t.Helper()
	silence, ever := n.Silence(peer)
	if !ever {
		silence = neverHeard
	}
	if silence < atLeast || silence > atMost {
		n.t.Errorf("%s: %s has not heard %s for %s, want %s to %s (%s: never)", when, n.config.Self, peer, silence, atLeast, atMost, neverHeard)
	}
}

func (n *node) checkNever(when, peer string) {
	n.t.Helper()
	n.checkSilence(when, peer, neverHeard, neverHeard)
}
