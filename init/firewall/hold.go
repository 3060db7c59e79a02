package firewall

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/google/nftables"
)

// held is the set of addresses and ports whose new connections wait. The kernel
// takes an element out when its time is over, whatever becomes of this program.
func (t *table) held(f *family) *nftables.Set {
	return t.add(heldSet(f), nil)
}

func heldSet(f *family) *nftables.Set {
	return &nftables.Set{Table: twinlb, Name: "held" + f.suffix, KeyType: f.addressAndPort, HasTimeout: true}
}

// Hold lets the SYNs of new connections to the addresses go unanswered, so that their
// clients send them again (RFC 6298 §2: after 1 s, 3 s, …), until Release, Apply, or
// for so long. Connections that exist go on.
func Hold(addresses []netip.AddrPort, atMost time.Duration) error {
	conn, err := connect()
	if err != nil {
		return fmt.Errorf("hold new connections: %w", err)
	}
	for _, f := range []*family{v4, v6} {
		var elements []nftables.SetElement
		for _, a := range addresses {
			if familyOf(a.Addr()) == f {
				key := slices.Concat(a.Addr().AsSlice(), paddedPort(a.Port()))
				elements = append(elements, nftables.SetElement{Key: key, Timeout: atMost})
			}
		}
		if elements == nil {
			continue
		}
		if err := conn.SetAddElements(heldSet(f), elements); err != nil {
			return fmt.Errorf("hold new connections: %w", err)
		}
	}
	if err := conn.Flush(); err != nil {
		return fmt.Errorf("hold new connections: %w", err)
	}
	return nil
}

// Release lets new connections in again.
func Release() error {
	conn, err := connect()
	if err != nil {
		return fmt.Errorf("let held connections in: %w", err)
	}
	for _, f := range []*family{v4, v6} {
		conn.FlushSet(heldSet(f))
	}
	if err := conn.Flush(); err != nil {
		return fmt.Errorf("let held connections in: %w", err)
	}
	return nil
}
