package tickle

import (
	"encoding/binary"
	"hash/maphash"
	"math/rand/v2"
	"net/netip"
	"slices"
	"time"

	"twinlb/init/sockdiag"
)

// Whatever has changed goes out at once, and everything again within sliceCount ×
// sliceAfter, for a peer that has lost something or is new. Peers need not answer.
const (
	sliceCount = 4
	sliceAfter = 2500 * time.Millisecond
)

// share is what the holder has told its peers.
type share struct {
	generation uint64
	vips       []netip.Addr
	seed       maphash.Seed
	buckets    [buckets]bucket
	count      int
	full       bool // there are more than MaxTuples

	slice   int       // that is told again next
	sliceAt time.Time // when that is
	idle    int       // slices in a row without connections
}

// bucket is the connections of one hash. Equal sums of hashes, which are secret and of
// 64 bits each, are equal sets.
type bucket struct {
	tuples    []byte
	now, told sum
}

type sum struct {
	count int
	of    uint64
}

func newShare(vips []netip.Addr) *share {
	vips = vips[:min(len(vips), maxVIPs)]
	return &share{generation: rand.Uint64(), vips: vips, seed: maphash.MakeSeed(), sliceAt: time.Now().Add(sliceAfter), idle: sliceCount}
}

// look gathers the connections of the VIPs.
func (s *share) look(k kernel) error {
	for i := range s.buckets {
		s.buckets[i].tuples, s.buckets[i].now = s.buckets[i].tuples[:0], sum{}
	}
	s.count = 0
	w, room := width(s.vips), [1 + 2 + 16 + 2]byte{}
	for i, vip := range s.vips {
		err := k.each(vip, sockdiag.Established, func(t Tuple) {
			tuple := appendTuple(room[:0], i, t, w)
			hash := maphash.Bytes(s.seed, tuple)
			b := &s.buckets[hash%buckets]
			if s.count == MaxTuples || b.now.count == perBucket {
				s.full = true
				return
			}
			s.count++
			b.tuples = append(b.tuples, tuple...)
			b.now.count++
			b.now.of += hash
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// messages returns what the peers have to be told, in no more than maxMessage bytes
// each but for a bucket that has more.
func (s *share) messages(now time.Time) (all [][]byte) {
	from, to := 0, 0 // the slice
	if !now.Before(s.sliceAt) {
		const size = buckets / sliceCount
		s.sliceAt = now.Add(sliceAfter)
		if s.count > 0 {
			s.idle = 0
		} else {
			s.idle++
		}
		// Once nothing is left, all of it is told once more, and then nothing.
		if s.idle <= sliceCount {
			from, to = s.slice*size, (s.slice+1)*size
			s.slice = (s.slice + 1) % sliceCount
		}
	}
	head := header(s.generation, s.vips)
	var message []byte
	for i := range s.buckets {
		b := &s.buckets[i]
		if b.now == b.told && (i < from || i >= to) {
			continue
		}
		b.told = b.now
		if len(message) > 0 && len(message)+3+len(b.tuples) > maxMessage {
			all, message = append(all, message), nil
		}
		if message == nil {
			message = slices.Clone(head)
		}
		message = append(message, byte(i))
		message = binary.BigEndian.AppendUint16(message, uint16(b.now.count))
		message = append(message, b.tuples...)
	}
	if message != nil {
		all = append(all, message)
	}
	return all
}
