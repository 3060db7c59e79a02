package lab

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"slices"
	"sync"
	"time"
)

// Claim is an answer to the question who has an address.
type Claim struct {
	At  time.Time
	MAC string
}

// WatchClaims asks from the host's eth0 who has the IPv4 address, again and again,
// until what it returns is called, which returns all answers.
func (h *Host) WatchClaims(t T, address netip.Addr, every time.Duration) (stop func() []Claim) {
	t.Helper()
	conn, mac, err := h.listen(etherTypeARP)
	if err != nil {
		t.Fatalf("watch who has %v: %v", address, err)
	}
	var claims []Claim
	done := make(chan struct{})
	var running sync.WaitGroup
	running.Go(func() {
		for ticker := time.NewTicker(every); ; {
			select {
			case <-ticker.C:
				_ = askARP(conn, mac, address) // the next will do
			case <-done:
				ticker.Stop()
				return
			}
		}
	})
	running.Go(func() {
		buf := make([]byte, 1500)
		for {
			n, _, err := conn.ReadFrom(buf)
			if errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, net.ErrClosed) {
				return
			}
			if mac := claimant(buf[:n], address); err == nil && mac != nil {
				claims = append(claims, Claim{time.Now(), mac.String()})
			}
		}
	})
	return sync.OnceValue(func() []Claim {
		close(done)
		_ = conn.SetReadDeadline(time.Now())
		running.Wait()
		conn.Close()
		return slices.Clip(claims)
	})
}
