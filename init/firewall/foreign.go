package firewall

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"
)

// Sources of foreign adverts are kept so long after the last, and so many of each
// version of IP, whoever forges more.
const (
	foreignKept = time.Minute
	mostForeign = 8
)

// foreign is the name of the set of sources of the family.
func (f *family) foreign() string { return "foreign" + f.suffix }

// writeForeign notes who else advertises the pair's virtual router. It must come
// before all others are refused and after the peers are accepted.
func (r Rules) writeForeign(t *table, input chain) {
	for _, f := range []*family{v4, v6} {
		set := t.add(&nftables.Set{
			Table: twinlb, Name: f.foreign(), KeyType: f.address,
			Dynamic: true, HasTimeout: true, Timeout: foreignKept, Size: mostForeign,
		}, nil)
		// The set comes last: when it is full, what follows is not done.
		input.rule(f.version, vrrp, vrid.is(r.VRID), count(AdvertsForeign), f.saddr.addTo(set))
	}
}

// addTo adds the field to the set, or keeps it there for longer.
func (f field) addTo(set *nftables.Set) step {
	return append(step(f), &expr.Dynset{
		SrcRegKey: unix.NFT_REG_1, SetName: set.Name, SetID: set.ID, Operation: unix.NFT_DYNSET_OP_UPDATE,
	})
}

// Foreign returns the sources of foreign adverts of the last minute, in no order. It
// is an error when there are no rules for any traffic.
func Foreign() ([]netip.Addr, error) {
	conn, err := connect()
	if err != nil {
		return nil, fmt.Errorf("ask who else advertises: %w", err)
	}
	var all []netip.Addr
	for _, f := range []*family{v4, v6} {
		elements, err := conn.GetSetElements(&nftables.Set{Table: twinlb, Name: f.foreign(), KeyType: f.address})
		if err != nil {
			return nil, fmt.Errorf("ask who else advertises: %w", err)
		}
		for _, e := range elements {
			if address, ok := netip.AddrFromSlice(e.Key); ok {
				all = append(all, address)
			}
		}
	}
	return all, nil
}
