package torture

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"twinlb/qemu-tests/lab"
)

// window is how long a node has to say that it has the VIP; then all are asked again.
const window = 80 * time.Millisecond

// Watch asks again and again who has the VIP.
type Watch struct {
	from *lab.Host
	vip  netip.Addr
	macs []string // of the nodes

	quit chan struct{}
	done sync.WaitGroup

	mu     sync.Mutex
	claims []Claim
	err    error
}

// StartWatch begins to ask, from the host, for nodes with those MAC addresses.
func StartWatch(from *lab.Host, vip netip.Addr, macs []net.HardwareAddr) *Watch {
	w := &Watch{from: from, vip: vip, quit: make(chan struct{})}
	for _, mac := range macs {
		w.macs = append(w.macs, mac.String())
	}
	w.done.Go(w.run)
	return w
}

func (w *Watch) run() {
	for {
		select {
		case <-w.quit:
			return
		default:
		}
		c, err := w.ask()
		w.mu.Lock()
		if w.err = err; err == nil {
			w.claims = append(w.claims, c)
		}
		w.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// ask is an error when a machine that is no node claims the VIP.
func (w *Watch) ask() (Claim, error) {
	c := Claim{Begin: time.Now()}
	macs, err := w.from.WhoHas(w.vip, window)
	c.End = time.Now()
	if err != nil {
		return c, err
	}
	for _, mac := range macs {
		node := slices.Index(w.macs, mac.String())
		if node < 0 {
			return c, fmt.Errorf("watch who has %v: %v claims it, which is none of the nodes %v", w.vip, mac, w.macs)
		}
		c.Nodes = append(c.Nodes, node)
	}
	return c, nil
}

// Latest returns the last n claims.
func (w *Watch) Latest(n int) []Claim {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.claims[max(0, len(w.claims)-n):])
}

// Take returns the claims since it was called last.
func (w *Watch) Take() ([]Claim, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	claims := w.claims
	w.claims = nil
	return claims, w.err
}

// Stop asks no more.
func (w *Watch) Stop() {
	close(w.quit)
	w.done.Wait()
}
