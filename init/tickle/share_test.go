package tickle

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var (
	vip4 = netip.MustParseAddr("192.0.2.60")
	vip6 = netip.MustParseAddr("2001:db8::60")
)

// fake is a kernel with just these connections.
type fake struct {
	*sync.Mutex
	tuples  map[Tuple]bool
	lacks   bool // the VIPs
	acked   [][]Tuple
	ended   int
	looks   int
	failing error
}

func newFake() *fake { return &fake{Mutex: new(sync.Mutex), tuples: make(map[Tuple]bool)} }

func (f *fake) each(vip netip.Addr, states uint32, do func(Tuple)) error {
	f.Lock()
	defer f.Unlock()
	f.looks++
	for t := range f.tuples {
		if t.Local.Addr() == vip {
			do(t)
		}
	}
	return f.failing
}

func (f *fake) has(netip.Addr) bool {
	f.Lock()
	defer f.Unlock()
	return !f.lacks
}

func (f *fake) acknowledge(all []Tuple) error {
	f.Lock()
	defer f.Unlock()
	f.acked = append(f.acked, sorted(all))
	return nil
}

func (f *fake) destroy(vip netip.Addr) (ended int, err error) {
	f.Lock()
	defer f.Unlock()
	f.looks++
	for t := range f.tuples {
		if t.Local.Addr() == vip {
			delete(f.tuples, t)
			ended++
		}
	}
	f.ended += ended
	return ended, f.failing
}

func sorted(all []Tuple) []Tuple {
	return slices.SortedFunc(slices.Values(all), func(a, b Tuple) int {
		if n := a.Local.Compare(b.Local); n != 0 {
			return n
		}
		return a.Remote.Compare(b.Remote)
	})
}

// client is a connection from the client of that number.
func client(vip netip.Addr, number int) Tuple {
	remote := netip.AddrFrom4([4]byte{198, 51, 100, byte(number >> 16)})
	if vip.Is6() {
		a := netip.MustParseAddr("2001:db8::").As16()
		a[13] = byte(number >> 16)
		remote = netip.AddrFrom16(a)
	}
	return Tuple{Local: netip.AddrPortFrom(vip, 3306), Remote: netip.AddrPortFrom(remote, uint16(number))}
}

func (m *memory) list() (all []Tuple) {
	m.each(func(t Tuple) { all = append(all, t) })
	return sorted(all)
}

func (f *fake) list() []Tuple {
	var all []Tuple
	for t := range f.tuples {
		all = append(all, t)
	}
	return sorted(all)
}

var sameTuples = cmp.Comparer(func(a, b Tuple) bool { return a == b })

// Whatever comes and goes, a peer that gets all messages knows what is there; one that
// loses some does when all has been told once more.
func TestPeersKnowWhatIsThere(t *testing.T) {
	for _, vips := range [][]netip.Addr{{vip4}, {vip6}, {vip4, vip6}} {
		t.Run(fmt.Sprint(vips), func(t *testing.T) {
			random := rand.New(rand.NewPCG(1, 2))
			k := newFake()
			s, now := newShare(vips), time.Now()
			var all, some memory
			tell := func(loses bool) (bytes int) {
				now = now.Add(period)
				if err := s.look(k); err != nil {
					t.Fatal(err)
				}
				for _, m := range s.messages(now) {
					if len(m) > maxMessage {
						t.Errorf("a message has %d bytes, want at most %d", len(m), maxMessage)
					}
					bytes += len(m)
					if !all.take(m) || (!loses || random.IntN(2) == 0) && !some.take(m) {
						t.Fatalf("the message %x is not understood", m)
					}
				}
				return bytes
			}
			for step := range 30 {
				for range random.IntN(200) {
					k.tuples[client(vips[random.IntN(len(vips))], random.IntN(2000)+1)] = true
				}
				for tuple := range k.tuples {
					if random.IntN(3) == 0 {
						delete(k.tuples, tuple)
					}
				}
				tell(true)
				if diff := cmp.Diff(k.list(), all.list(), sameTuples); diff != "" {
					t.Fatalf("step %d: what a peer knows (-want +got):\n%s", step, diff)
				}
				if n := len(k.tuples); all.count != n {
					t.Fatalf("step %d: a peer has counted %d connections, want %d", step, all.count, n)
				}
			}
			for range sliceCount * int(sliceAfter/period+1) {
				tell(false)
			}
			if diff := cmp.Diff(k.list(), some.list(), sameTuples); diff != "" {
				t.Errorf("what a peer knows that had lost messages (-want +got):\n%s", diff)
			}
			clear(k.tuples)
			for range 2 * sliceCount * int(sliceAfter/period+1) {
				tell(false)
			}
			if all.count != 0 || len(all.list()) > 0 {
				t.Errorf("a peer still knows %v", all.list())
			}
			for range 100 {
				if n := tell(false); n > 0 {
					t.Fatalf("%d bytes are told of nothing", n)
				}
			}
		})
	}
}

// What telling of 10,000 clients and as many connections to servers takes.
func TestSizes(t *testing.T) {
	for _, tt := range []struct {
		vip  netip.Addr
		most int
	}{{vip4, 185_000}, {vip6, 425_000}} {
		k := newFake()
		for i := range 20000 {
			k.tuples[client(tt.vip, i+1)] = true
		}
		s := newShare([]netip.Addr{tt.vip})
		tell := func() (bytes, messages int) {
			if err := s.look(k); err != nil {
				t.Fatal(err)
			}
			all := s.messages(time.Now())
			for _, m := range all {
				bytes += len(m)
			}
			return bytes, len(all)
		}
		bytes, messages := tell()
		t.Logf("all of 20,000 of %s: %d bytes in %d messages", tt.vip, bytes, messages)
		if bytes > tt.most {
			t.Errorf("all of 20,000 of %s take %d bytes, want at most %d", tt.vip, bytes, tt.most)
		}
		k.tuples[client(tt.vip, 30000)] = true
		bytes, messages = tell()
		t.Logf("one more: %d bytes in %d messages", bytes, messages)
		if bytes > 3000 {
			t.Errorf("one more of %s takes %d bytes, want one bucket", tt.vip, bytes)
		}
	}
}

func TestNobodyKeepsMoreThanMaxTuples(t *testing.T) {
	k := newFake()
	for i := range MaxTuples + 100 {
		k.tuples[client(vip4, i+1)] = true
	}
	s := newShare([]netip.Addr{vip4})
	if err := s.look(k); err != nil {
		t.Fatal(err)
	}
	if s.count != MaxTuples || !s.full {
		t.Errorf("%d connections are told, full is %v, want %d, true", s.count, s.full, MaxTuples)
	}
	// A peer that tells more is not believed.
	var m memory
	size := sizeOf([]netip.Addr{vip4})
	for i := range buckets {
		message := append(header(1, []netip.Addr{vip4}), byte(i))
		message = binary.BigEndian.AppendUint16(message, perBucket)
		message = append(message, make([]byte, perBucket*size)...)
		if !m.take(message) {
			t.Fatal("the message is not understood")
		}
	}
	if m.count != MaxTuples || len(m.list()) != MaxTuples {
		t.Errorf("a peer keeps %d connections, has counted %d, want %d", len(m.list()), m.count, MaxTuples)
	}
}

func FuzzMessage(f *testing.F) {
	k := newFake()
	k.tuples[client(vip4, 1)], k.tuples[client(vip6, 2)] = true, true
	s := newShare([]netip.Addr{vip4, vip6})
	if err := s.look(k); err != nil {
		f.Fatal(err)
	}
	for _, m := range s.messages(time.Now()) {
		f.Add(m, m)
	}
	f.Add(header(1, nil), header(1, []netip.Addr{vip4}))
	f.Fuzz(func(t *testing.T, a, b []byte) {
		var m memory
		m.take(a)
		m.take(b)
		if n := len(m.list()); n != m.count || n > MaxTuples {
			t.Errorf("%d connections are kept, %d counted", n, m.count)
		}
	})
}

func BenchmarkLook(b *testing.B) {
	k := newFake()
	for i := range 20000 {
		k.tuples[client(vip4, i+1)] = true
	}
	s := newShare([]netip.Addr{vip4})
	b.ReportAllocs()
	for b.Loop() {
		if err := s.look(k); err != nil {
			b.Fatal(err)
		}
		s.messages(time.Now())
	}
}
