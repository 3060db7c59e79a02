package network

import (
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"twinlb/init/beat"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// ask is after how many half advert intervals without a new frame neighbours are
// asked for one.
const ask = 2

// patience says how often to look while frames arrive, and after how long a silence
// the node is deaf; both in half advert intervals.
type patience struct{ look, deaf int }

// The master is deaf after 2 to 3 intervals: it gives up an address that works if
// that is wrong, so its neighbours get two half intervals to answer, in which the
// kernel asks each of them two or three times (retrans_time_ms). A backup that is
// deaf takes the VIP from a healthy master when keepalived has missed three adverts,
// and something else may have been heard since the last of them: it must know after
// 2 intervals, and loses nothing if it is wrong.
var (
	asMaster = patience{look: 2, deaf: 4}
	asBackup = patience{look: 1, deaf: 3}
)

// remembered is for how many half intervals it counts that somebody was asked.
const remembered = 4

// With adverts of less than 200 ms the verdict comes later than keepalived's: less
// time to answer would make deaf what is only slow.
const minPoll = 100 * time.Millisecond

// Hear reports when the node becomes deaf, true, and when it hears again, false;
// until the first report it is not deaf. Deaf is a node that has a carrier and
// sends, and that no frame reaches: a cable or a port of the switch that is
// broken in one direction. As a backup it would take the VIP from a healthy
// master, as a master it would keep the VIP from a healthy backup.
//
// The evidence is the link's count of received frames, of any kind, and that it
// stands still although neighbours were just asked for a sign of life. A node
// that has nobody to ask is not deaf. One whose neighbours all died at once is,
// until the next frame arrives, like a client's ARP request for the VIP. So is
// one that has not heard anything since its start while it looks for its
// neighbours: the port of the switch may not forward yet.
//
// The interval is that of the adverts, and holds tells whether the VIP is here, so
// that there is something to lose. The channel is closed when done is, or
// when the count cannot be read any more; then call Hear again.
func Hear(link netlink.Link, interval time.Duration, holds func() bool, done <-chan struct{}) (<-chan bool, error) {
	name := link.Attrs().Name
	count, err := os.Open("/sys/class/net/" + name + "/statistics/rx_packets")
	if err != nil {
		return nil, fmt.Errorf("listen to %s: %w", name, err)
	}
	handle, err := netlink.NewHandle(unix.NETLINK_ROUTE)
	if err != nil {
		count.Close()
		return nil, fmt.Errorf("listen to %s: %w", name, err)
	}
	askFor := func(unknownToo bool) int { return askNeighbours(handle, link.Attrs().Index, unknownToo) }
	deaf := make(chan bool, 1)
	go func() {
		defer close(deaf)
		defer count.Close()
		defer handle.Close()
		h := hearing{poll: max(interval/2, minPoll), count: count, ask: askFor, holds: holds, asked: remembered + 1}
		h.run(deaf, done)
	}()
	return deaf, nil
}

// hearing is what is known of the frames that arrive.
type hearing struct {
	poll  time.Duration
	count io.ReaderAt // of received frames, as text
	// ask asks neighbours for a frame, or if there are none and it should, those
	// whose MAC address is not known, and returns how many.
	ask   func(unknownToo bool) int
	holds func() bool

	last   [20 + 1]byte // count as last read; it is only compared
	looked time.Time
	polls  int // from then to the next look
	quiet  int // polls without a new frame
	asked  int // polls since a neighbour was asked; at first more than are remembered
	deaf   bool
}

func (h *hearing) run(deaf chan<- bool, done <-chan struct{}) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	<-timer.C
	for {
		was := h.deaf
		if err := h.look(time.Now()); err != nil {
			return
		}
		if h.deaf != was {
			select {
			case deaf <- h.deaf:
			case <-done:
				return
			}
		}
		timer.Reset(h.rest())
		select {
		case <-timer.C:
		case <-done:
			return
		}
	}
}

// rest returns the time to the next look.
func (h *hearing) rest() time.Duration {
	looks := 1
	if h.quiet == 0 {
		looks = h.patience().look
	}
	d := beat.Next(time.Duration(looks) * h.poll)
	h.polls = int((d + h.poll - 1) / h.poll)
	return d
}

func (h *hearing) patience() patience {
	if h.holds() {
		return asMaster
	}
	return asBackup
}

func (h *hearing) look(now time.Time) error {
	var count [len(h.last)]byte
	if _, err := h.count.ReadAt(count[:], 0); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	// After a late look, as on a stalled hypervisor, frames may still wait for
	// the kernel to take them in: the quiet before it says nothing.
	late := now.Sub(h.looked) > time.Duration(h.polls)*h.poll+h.poll/2
	h.looked = now
	switch {
	case count != h.last:
		h.last, h.quiet, h.deaf = count, 0, false
		h.asked += h.polls
	case late:
		h.quiet = 0
	default:
		h.quiet += h.polls
		h.asked += h.polls
	}
	switch {
	case h.quiet == ask:
		if h.ask(string(h.last[:2]) == "0\n") > 0 {
			h.asked = 0
		}
		// Those asked a moment ago, before a late look or by chance just before
		// the silence, are given up by the kernel and cannot be asked again.
		if h.asked > remembered {
			h.quiet-- // there is nobody; ask again at the next look
		}
	case h.quiet >= h.patience().deaf:
		h.deaf = true
	}
	return nil
}
