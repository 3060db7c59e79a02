package peer

import (
	"bytes"
	"encoding/binary"
	"slices"
	"testing"
	"time"
)

// FuzzReceive gives a node one datagram. It wants what is not authentic to have no
// effect at all, and of what is only that to count whose echo is recent.
func FuzzReceive(f *testing.F) {
	own, other := bootID{1}, bootID{2}
	const sent = 7
	sender := stamp{other, 1, 1}.append(nil)
	recent := stamp{own, sent, 0}.append(nil)
	clock := make([]byte, clockSize)
	for _, seed := range [][]byte{
		{},
		slices.Concat([]byte(magic), sender, recent, clock),
		slices.Concat([]byte(magic), sender, recent, clock, []byte("{}")),
		slices.Concat([]byte(magic), sender, recent, clock, make([]byte, MaxBody+1)),
		slices.Concat([]byte(magic), sender, stamp{own, sent + 1, 0}.append(nil), clock),
		slices.Concat([]byte(magic), sender, stamp{own, 0, 0}.append(nil), clock),
		slices.Concat([]byte(magic), sender, stamp{other, sent, 0}.append(nil), clock),
		slices.Concat([]byte(magic), make([]byte, stampSize), recent, clock),
		slices.Concat([]byte("twp\x01"), sender, recent, clock),
		slices.Concat([]byte(messageMagic), sender, recent, clock, []byte("message")),
		slices.Concat([]byte(messageMagic), sender, stamp{own, sent + 1, 0}.append(nil), clock, []byte("message")),
	} {
		f.Add(seed, true, uint8(0))
		f.Add(seed, true, uint8(1))
		f.Add(seed, false, uint8(0))
	}
	f.Fuzz(func(t *testing.T, data []byte, sealed bool, from uint8) {
		c, heard, messages := config(1, 3), 0, 0
		c.Heard = func(string, []byte) { heard++ }
		c.Message = func(string, []byte) { messages++ }
		e := &Exchange{config: c, began: time.Now(), wake: make(chan struct{}, 1), told: status{boot: own}}
		for _, p := range c.Peers {
			conversation, err := newConversation(c, p)
			if err != nil {
				t.Fatal(err)
			}
			conversation.sequence = sent
			e.peers = append(e.peers, conversation)
		}
		address := lab[from%3].Address // of a peer, this node, another peer
		before := e.memory()
		if sealed {
			data = append(bytes.Clone(data), e.peers[0].in.of(data)...)
		}
		e.receive(data, address)

		authentic := sealed && address == c.Peers[0].Address && len(data) >= 108 && len(data) <= 108+MaxBody &&
			(string(data[:4]) == magic || string(data[:4]) == messageMagic)
		if !authentic && (e.memory() != before || len(e.wake) != 0) {
			t.Errorf("% x had an effect, sealed: %t", data, sealed)
		}
		recent := authentic && bootID(data[36:52]) == own &&
			binary.BigEndian.Uint64(data[52:]) >= 1 && binary.BigEndian.Uint64(data[52:]) <= sent
		if _, ever := e.Silence(c.Peers[0].Name); ever && !recent {
			t.Errorf("% x counts as fresh", data)
		} else if recent && !ever {
			t.Errorf("% x doesn't count as fresh", data)
		}
		message := recent && string(data[:4]) == messageMagic
		if message != (messages == 1) {
			t.Errorf("% x brought %d messages, want one: %t", data, messages, message)
		}
		if wanted := recent && !message && len(data) > 108 && binary.BigEndian.Uint64(data[28:]) != 0; wanted != (heard == 1) {
			t.Errorf("% x brought %d bodies, want one: %t", data, heard, wanted)
		}
		if _, ever := e.Silence(c.Peers[1].Name); ever {
			t.Errorf("% x ended the silence of another peer", data)
		}
	})
}
