package peer

import (
	"bytes"
	"net/netip"
	"testing"
	"time"
)

// sink is a socket that keeps the last datagram.
type sink struct {
	*port
	last []byte
}

func (s *sink) WriteToUDPAddrPort(b []byte, _ netip.AddrPort) (int, error) {
	s.last = append(s.last[:0], b...)
	return len(b), nil
}

func (s *sink) SetWriteDeadline(time.Time) error { return nil }

// steady returns two nodes without goroutines that hear each other.
func steady(t testing.TB) (send, receive func()) {
	t.Helper()
	var nodes [2]*Exchange
	for i := range nodes {
		settings := config(i, 2)
		c, err := newConversation(settings, settings.Peers[0])
		if err != nil {
			t.Fatal(err)
		}
		nodes[i] = &Exchange{config: settings, began: time.Now(), wake: make(chan struct{}, 1), peers: []*conversation{c}}
		nodes[i].told.boot = newBootID()
	}
	a, b := nodes[0], nodes[1]
	b.peers[0].sequence, b.peers[0].sent[1] = 1, time.Hour // never too long ago
	a.peers[0].heard = stamp{boot: b.told.boot, sequence: 1}
	s := &sink{}
	v := voice{Exchange: a, failing: map[*conversation]bool{}}
	a.socket = s
	send = func() {
		v.tick = 0
		v.round()
	}
	receive = func() {
		b.peers[0].heard.sequence = 0
		b.receive(s.last, a.config.Local)
		if b.peers[0].lastFresh == 0 {
			t.Fatal("the datagram isn't fresh")
		}
	}
	send()
	receive()
	return send, receive
}

func TestSteadyStateAllocatesNothing(t *testing.T) {
	send, receive := steady(t)
	if got := testing.AllocsPerRun(100, send); got != 0 {
		t.Errorf("a send allocates %v times, want 0", got)
	}
	if got := testing.AllocsPerRun(100, receive); got != 0 {
		t.Errorf("a receive allocates %v times, want 0", got)
	}
}

func BenchmarkSend(b *testing.B) {
	send, _ := steady(b)
	b.ReportAllocs()
	for b.Loop() {
		send()
	}
}

func BenchmarkReceive(b *testing.B) {
	_, receive := steady(b)
	b.ReportAllocs()
	for b.Loop() {
		receive()
	}
}

// BenchmarkSeal is what a body of full size costs at either end.
func BenchmarkSeal(b *testing.B) {
	s, err := newSeal(key, "lb-a", "lb-b")
	if err != nil {
		b.Fatal(err)
	}
	body := bytes.Repeat([]byte("{}"), MaxBody/2)
	buffer := make([]byte, 0, maxDatagram)
	b.SetBytes(MaxBody)
	b.ReportAllocs()
	for b.Loop() {
		s.encode(buffer, datagram{body: body})
	}
}
