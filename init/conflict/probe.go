package conflict

import (
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/vishvananda/netlink"
)

// Probes are sent so far apart, and each gets so long to be answered: RFC 5227 has
// seconds, in which no address could be used. Who holds one of a server's addresses
// is on its segment, and answers within a millisecond or is very busy.
const (
	probes = 3
	apart  = 20 * time.Millisecond
	wait   = 40 * time.Millisecond
)

// enough is how many claims of one machine count: none is forged by a single packet.
const enough = 2

// Probe begins to ask who else has the addresses. The link must be up; while it has no
// carrier nobody answers. The function that it returns waits for the end, 80 ms after
// the beginning, and returns each claim that was made more than once.
func Probe(link netlink.Link, addresses []netip.Addr) (func() []Claim, error) {
	sockets, err := open(link, addresses)
	if err != nil {
		return nil, err
	}
	end := time.Now().Add((probes-1)*apart + wait)
	claims := make(chan Claim, 64)
	for _, s := range sockets {
		if err := s.conn.SetReadDeadline(end); err != nil {
			closeAll(sockets)
			return nil, fmt.Errorf("probe for %v: %w", addresses, err)
		}
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		hear(sockets, claims)
	}()
	go ask(sockets, addresses)
	return func() []Claim {
		<-done
		closeAll(sockets)
		close(claims)
		return repeated(claims)
	}, nil
}

// hear relays what comes before the deadline of the sockets.
func hear(sockets []*socket, claims chan<- Claim) {
	var all sync.WaitGroup
	for _, s := range sockets {
		all.Go(func() { s.relay(claims, 0) })
	}
	all.Wait()
}

func ask(sockets []*socket, addresses []netip.Addr) {
	for i := range probes {
		if i > 0 {
			time.Sleep(apart)
		}
		for _, a := range addresses {
			for _, s := range sockets {
				if s.speaks(a) {
					_ = s.probe(a) // a link that is down has nobody to ask
				}
			}
		}
	}
}

// repeated returns those claims that come more than once, each once.
func repeated(claims <-chan Claim) []Claim {
	var all []Claim
	times := make(map[string]int)
	for c := range claims {
		key := c.Address.String() + c.MAC.String()
		if times[key]++; times[key] == enough {
			all = append(all, c)
		}
	}
	slices.SortFunc(all, func(a, b Claim) int { return a.Address.Compare(b.Address) })
	return all
}
