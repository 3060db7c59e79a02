package drain

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// Census is what the connections through the VIPs do at one moment.
type Census struct {
	Clients int // connections of clients
	Busy    int // sockets, of clients or towards a server, on which somebody waits or has just been waiting
	Long    int // of these, those on which nothing has moved for long
}

// rest is how long nothing must have moved on a socket until it counts as idle, or
// several times its round trip when that is more. A client that has just got an
// answer may be about to ask again or to leave, and a server's bare acknowledgement of
// a statement, which tells that it works on it, may take 40 ms (TCP_DELACK_MIN).
const (
	rest       = 200 * time.Millisecond
	roundTrips = 3
)

// loggedIn is how many segments a client has got at least that is logged in: the
// greeting, and the answer to its login.
const loggedIn = 2

// long is how long a statement takes at least that new connections are not to wait for.
const long = 300 * time.Millisecond

// probed is less than HAProxy's sockets are idle until the kernel sends keepalives,
// whose acknowledgements look like that of a statement.
const probed = 9 * time.Second

// Take counts the connections from and to the VIPs.
func Take(vips []netip.Addr) (Census, error) {
	var c Census
	for _, family := range []uint8{unix.AF_INET, unix.AF_INET6} {
		is4 := family == unix.AF_INET
		if !slices.ContainsFunc(vips, func(a netip.Addr) bool { return a.Is4() == is4 }) {
			continue
		}
		sockets, err := netlink.SocketDiagTCPInfo(family)
		if err != nil && !errors.Is(err, netlink.ErrDumpInterrupted) { // which lacks what has just ended
			return c, fmt.Errorf("look at the connections: %w", err)
		}
		ports := listening(sockets, vips)
		for _, s := range sockets {
			local, ok := netip.AddrFromSlice(s.InetDiagMsg.ID.Source)
			if !ok || !slices.Contains(vips, local.Unmap()) {
				continue
			}
			toClient := ports[s.InetDiagMsg.ID.SourcePort]
			if toClient && s.InetDiagMsg.State == netlink.TCP_ESTABLISHED {
				c.Clients++
			}
			if busy(s.InetDiagMsg.State, s.TCPInfo, toClient) {
				c.Busy++
				if moved(s.TCPInfo) >= long {
					c.Long++
				}
			}
		}
	}
	return c, nil
}

// listening are the ports on which connections to the VIPs are accepted.
func listening(sockets []*netlink.InetDiagTCPInfoResp, vips []netip.Addr) map[uint16]bool {
	ports := make(map[uint16]bool)
	for _, s := range sockets {
		local, _ := netip.AddrFromSlice(s.InetDiagMsg.ID.Source)
		if s.InetDiagMsg.State == netlink.TCP_LISTEN && slices.Contains(vips, local.Unmap()) {
			ports[s.InetDiagMsg.ID.SourcePort] = true
		}
	}
	return ports
}

// busy tells whether a statement is under way on a socket. In MySQL's protocol the
// server speaks first, and then each side in turn, so what matters is who spoke last.
// The kernel tells when, in its ticks of 4 ms; where that is the same for both, a
// bare acknowledgement of the server tells it: an answer brings its own.
func busy(state uint8, info *netlink.TCPInfo, toClient bool) bool {
	switch {
	case state == netlink.TCP_SYN_SENT || state == netlink.TCP_SYN_RECV:
		return true
	case state != netlink.TCP_ESTABLISHED || info == nil:
		return false
	}
	sent, heard := milliseconds(info.Last_data_sent), milliseconds(info.Last_data_recv)
	switch {
	case min(sent, heard) < max(rest, roundTrips*time.Duration(info.Rtt)*time.Microsecond):
		return true
	case info.Unacked > 0 || info.Notsent_bytes > 0:
		return true
	case toClient && info.Data_segs_out < loggedIn:
		return true
	case toClient:
		return heard < sent
	case sent != heard:
		return sent < heard
	}
	return milliseconds(info.Last_ack_recv) < heard && heard < probed
}

// moved is how long ago anything did on a socket.
func moved(info *netlink.TCPInfo) time.Duration {
	if info == nil {
		return 0
	}
	return milliseconds(min(info.Last_data_sent, info.Last_data_recv))
}

func milliseconds(n uint32) time.Duration { return time.Duration(n) * time.Millisecond }
