package tickle

import (
	"net/netip"
	"slices"
	"time"
)

// memory is what a peer has told of its connections, as it came: 9 bytes for one of
// IPv4, 21 for one of IPv6.
type memory struct {
	told
	count int // of connections
	heard time.Time

	orphaned bool // the peer is gone for good
	rounds   int  // that were sent
	next     time.Time
}

// told is the connections of one time of holding the VIP.
type told struct {
	generation uint64
	vips       []netip.Addr
	buckets    [buckets][]byte
}

// take puts what a message has in place of what was there. It says whether the message
// was one.
func (m *memory) take(message []byte) bool {
	parsed, ok := parse(message)
	if !ok {
		return false
	}
	if parsed.generation != m.generation || !slices.Equal(parsed.vips, m.vips) {
		*m = memory{told: told{generation: parsed.generation, vips: parsed.vips}}
	}
	for _, p := range parsed.parts {
		old, count := m.buckets[p.bucket], len(p.tuples)/m.size()
		if after := m.count - len(old)/m.size() + count; after <= MaxTuples {
			m.count = after
			m.buckets[p.bucket] = append(old[:0], p.tuples...)
		}
	}
	return true
}

// each gives all of them.
func (m *memory) each(do func(Tuple)) {
	for _, b := range m.buckets {
		for ; len(b) > 0; b = b[m.size():] {
			do(decode(b, m.vips))
		}
	}
}

// size is that of a connection.
func (m *told) size() int { return sizeOf(m.vips) }
