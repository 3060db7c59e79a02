package firewall

import (
	"errors"
	"net"
	"net/netip"
	"runtime"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/vishvananda/netns"
)

// Rules that are put in the place of others refuse nobody whom both let in, and
// lose none of their packets.
func TestApplyAgainRefusesNobody(t *testing.T) {
	w := newWire(t)
	l := w.listen("3306")
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			c.Close()
		}
	}()
	w.must(Apply(example))
	var over atomic.Bool
	well, refused, silent := 0, 0, 0
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // which is not used again
		if err := netns.Set(w.far); err != nil {
			t.Error(err)
			return
		}
		for !over.Load() {
			c, err := net.DialTimeout("tcp", netip.AddrPortFrom(vip, 3306).String(), 900*time.Millisecond)
			switch {
			case err == nil:
				well++
				_ = c.(*net.TCPConn).SetLinger(0)
				c.Close()
			case errors.Is(err, syscall.ECONNREFUSED):
				refused++
			default:
				silent++
			}
		}
	}()
	swaps := 0
	for end := time.Now().Add(2 * time.Second); time.Now().Before(end); swaps++ {
		w.must(Apply(example))
	}
	over.Store(true)
	<-done
	t.Logf("%d swaps, %d connections", swaps, well)
	if well < 100 || refused+silent > 0 {
		t.Errorf("while rules were put in the place of others, %d connections were made, %d refused, %d without answer", well, refused, silent)
	}
}
