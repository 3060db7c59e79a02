package firewall

import (
	"fmt"

	"github.com/google/nftables"
)

// Names of the counters.
const (
	advertsSent    = "adverts_sent"
	advertsHeard   = "adverts_heard"
	advertsRefused = "adverts_refused"
	dropped        = "dropped"
)

// Counts are packets since Apply.
type Counts struct {
	AdvertsSent    uint64 // VRRP packets of this node
	AdvertsHeard   uint64 // VRRP packets of its peers
	AdvertsRefused uint64 // VRRP packets of a stranger, through a router, or for another address than the node's
	Dropped        uint64 // those without an answer, other than VRRP
}

// Read returns all counts, of one moment.
func Read() (Counts, error) {
	conn, err := connect()
	if err != nil {
		return Counts{}, fmt.Errorf("read the firewall's counters: %w", err)
	}
	objects, err := conn.GetObjects(twinlb)
	if err != nil {
		return Counts{}, fmt.Errorf("read the firewall's counters: %w", err)
	}
	var c Counts
	places := map[string]*uint64{
		advertsSent: &c.AdvertsSent, advertsHeard: &c.AdvertsHeard, advertsRefused: &c.AdvertsRefused, dropped: &c.Dropped,
	}
	for _, object := range objects {
		counter, ok := object.(*nftables.CounterObj)
		if !ok || places[counter.Name] == nil {
			continue
		}
		*places[counter.Name] = counter.Packets
		delete(places, counter.Name)
	}
	for name := range places {
		return Counts{}, fmt.Errorf("read the firewall's counters: there is no %s", name)
	}
	return c, nil
}
