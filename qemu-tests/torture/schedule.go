package torture

import (
	"fmt"
	"io"
	"math/rand/v2"
	"time"
)

// Fault is one of a schedule.
type Fault struct {
	Number int           `json:"number"` // from 1
	Kind   string        `json:"kind"`
	On     int           `json:"on"`     // of the nodes, or of the servers, in the order of the seed
	Begin  time.Duration `json:"begin"`  // after the begin of its round
	Lasts  time.Duration `json:"lasts"`  // until it is mended
	Amount time.Duration `json:"amount"` // of a jump of the clock
}

// Round is a pair that is well, faults that happen to it alone or together, and the
// time that it needs to be well again.
type Round []Fault

// A round has at most so many faults, which begin within so long.
const (
	together = 3
	overlap  = 4 * time.Second
)

// Schedule returns n faults for a pair with so many servers. It depends on nothing
// but its arguments; that of a smaller n is the first part of it. All kinds happen
// before one does again.
func Schedule(seed uint64, n, servers int) []Round {
	random := rand.New(rand.NewPCG(seed, 0))
	var (
		rounds []Round
		deck   []int
		room   = 0 // for more faults in the last round
	)
	for number := 1; number <= n; number++ {
		if len(deck) == 0 {
			deck = random.Perm(len(kinds))
		}
		f := draw(random, kinds[deck[0]], servers)
		deck = deck[1:]
		// Both are drawn always: the numbers that follow must not depend on n.
		begin, size := between(random, 0, overlap), 1+random.IntN(together)
		f.Number = number
		if room == 0 || !rounds[len(rounds)-1].takes(f) {
			rounds, room = append(rounds, Round{f}), size-1
			continue
		}
		f.Begin = begin
		last := &rounds[len(rounds)-1]
		*last, room = append(*last, f), room-1
	}
	return rounds
}

func draw(random *rand.Rand, k kind, servers int) Fault {
	f := Fault{Kind: k.name, On: random.IntN(2)}
	if k.target == aServer {
		f.On = random.IntN(servers)
	}
	if k.name == handedOver {
		f.On = 0 // who has nothing to hand over refuses
	}
	if k.lasts != once {
		f.Lasts = between(random, k.lasts[0], k.lasts[1])
	}
	// Most clocks that jump do so by a little, some by days.
	if k.name == clockJumps {
		f.Amount = []time.Duration{time.Second, -time.Second, time.Hour, -time.Hour, 1000 * time.Hour}[random.IntN(5)]
	}
	return f
}

func between(random *rand.Rand, least, most time.Duration) time.Duration {
	return least + time.Duration(random.Int64N(int64((most-least)/time.Millisecond)))*time.Millisecond
}

// takes tells whether the fault goes together with those of the round.
func (r Round) takes(f Fault) bool {
	k := kindOf(f.Kind)
	for _, other := range r {
		o := kindOf(other.Kind)
		if o.target == k.target && (o.target == aServer || o.takes&k.takes != 0 && other.On == f.On) {
			return false
		}
	}
	return true
}

// WriteSchedule writes a line for each fault, with the names of nodes and servers.
func WriteSchedule(w io.Writer, rounds []Round, nodes, servers []string) error {
	for i, r := range rounds {
		for _, f := range r {
			if _, err := fmt.Fprintf(w, "round %-3d %6.3f s  %s\n", i+1, f.Begin.Seconds(), f.text(nodes, servers)); err != nil {
				return fmt.Errorf("write a schedule: %w", err)
			}
		}
	}
	return nil
}

// text is such as "fault 7: cable pulled, lb-a, for 2.1s".
func (f Fault) text(nodes, servers []string) string {
	names := nodes
	if kindOf(f.Kind).target == aServer {
		names = servers
	}
	text := fmt.Sprintf("fault %d: %s, %s", f.Number, f.Kind, names[f.On])
	if f.Lasts > 0 {
		text += fmt.Sprintf(", for %v", f.Lasts)
	}
	if f.Amount != 0 {
		text += fmt.Sprintf(", by %v", f.Amount)
	}
	return text
}
