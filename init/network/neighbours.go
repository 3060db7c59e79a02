package network

import (
	"cmp"
	"net"
	"net/netip"
	"slices"

	"github.com/vishvananda/netlink"
)

// mostAsked bounds the frames that one look costs. Any answer will do.
const mostAsked = 16

// States, ip-neighbour(8), of neighbours whose MAC address is known,
// the likeliest to answer first, and of those whose it is not.
var (
	known   = []int{netlink.NUD_REACHABLE, netlink.NUD_PROBE, netlink.NUD_DELAY, netlink.NUD_STALE}
	unknown = []int{netlink.NUD_FAILED, netlink.NUD_INCOMPLETE}
)

// askNeighbours makes the kernel ask the known neighbours of the link for their
// addresses at once, or the unknown ones if it should and there are no others.
// It returns how many.
func askNeighbours(handle *netlink.Handle, index int, unknownToo bool) int {
	neighbours, err := list(func() ([]netlink.Neigh, error) { return handle.NeighList(index, netlink.FAMILY_ALL) })
	if err != nil {
		return 0
	}
	asked := askIn(handle, neighbours, known, netlink.Neigh{State: netlink.NUD_PROBE})
	if asked == 0 && unknownToo {
		asked = askIn(handle, neighbours, unknown, netlink.Neigh{Flags: netlink.NTF_USE})
	}
	return asked
}

// askIn asks those in one of the states by a request to the kernel like this one.
func askIn(handle *netlink.Handle, neighbours []netlink.Neigh, states []int, request netlink.Neigh) int {
	var those []netlink.Neigh
	for _, n := range neighbours {
		if slices.Contains(states, n.State) {
			those = append(those, n)
		}
	}
	slices.SortStableFunc(those, func(a, b netlink.Neigh) int {
		return cmp.Compare(slices.Index(states, a.State), slices.Index(states, b.State))
	})
	asked := 0
	for _, n := range those[:min(len(those), mostAsked)] {
		// Without a MAC address in the request the kernel keeps the one it has.
		request.LinkIndex, request.Family, request.IP = n.LinkIndex, n.Family, n.IP
		// One that has just left the table is no loss.
		if handle.NeighSet(&request) == nil {
			asked++
		}
	}
	return asked
}

// Neighbour returns the MAC address that the kernel knows, or last knew, of an address
// on the link; nil when it knows none.
func Neighbour(link netlink.Link, address netip.Addr) net.HardwareAddr {
	neighbours, err := list(func() ([]netlink.Neigh, error) { return netlink.NeighList(link.Attrs().Index, family(address)) })
	if err != nil {
		return nil
	}
	for _, n := range neighbours {
		if n.IP.Equal(address.AsSlice()) {
			return n.HardwareAddr
		}
	}
	return nil
}

func family(of netip.Addr) int {
	if of.Is4() {
		return netlink.FAMILY_V4
	}
	return netlink.FAMILY_V6
}
