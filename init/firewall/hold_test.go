package firewall

import (
	"errors"
	"net"
	"net/netip"
	"testing"
	"time"
)

func TestHeldConnectionsWait(t *testing.T) {
	w := newWire(t)
	w.must(Apply(example))
	listener := w.listen("3306")
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			defer conn.Close()
		}
	}()
	connects := func(to netip.Addr, port uint16) error {
		var err error
		w.fromFar(func() {
			from := client
			if to.Is6() {
				from = client6
			}
			var conn net.Conn
			if conn, err = w.dial(from, to, port); err == nil {
				conn.Close()
			}
		})
		return err
	}
	silent := func(err error) bool {
		var timeout net.Error
		return errors.As(err, &timeout) && timeout.Timeout()
	}
	held := []netip.AddrPort{netip.AddrPortFrom(vip, 3306), netip.AddrPortFrom(vip6, 3306)}

	var open net.Conn
	w.fromFar(func() {
		var err error
		open, err = w.dial(client, vip, 3306)
		w.must(err)
	})
	w.must(Hold(held, time.Minute))
	w.must(Hold(held, time.Minute)) // twice is once
	for _, to := range []netip.Addr{vip, vip6} {
		if err := connects(to, 3306); !silent(err) {
			t.Errorf("connect to %s while it is held: %v, want no answer", to, err)
		}
	}
	if err := connects(node, 3306); err != nil {
		t.Errorf("connect to the node while the VIP is held: %v", err)
	}
	if _, err := open.Write([]byte("x")); err != nil {
		t.Errorf("write to a connection that was open before: %v", err)
	}
	w.must(Release())
	w.must(Release()) // of nothing
	for _, to := range []netip.Addr{vip, vip6} {
		if err := connects(to, 3306); err != nil {
			t.Errorf("connect to %s after it is released: %v", to, err)
		}
	}

	w.must(Hold(held, 200*time.Millisecond))
	for deadline := time.Now().Add(5 * time.Second); connects(vip, 3306) != nil; {
		if time.Now().After(deadline) {
			t.Fatal("still waiting after 5 s for the hold to end by itself")
		}
	}
	w.must(Hold(held, time.Minute))
	w.must(Apply(example))
	if err := connects(vip, 3306); err != nil {
		t.Errorf("connect after the rules were applied anew: %v", err)
	}
}

func TestHoldWithoutATableIsAnError(t *testing.T) {
	newWire(t)
	if err := Hold([]netip.AddrPort{netip.AddrPortFrom(vip, 3306)}, time.Second); err == nil {
		t.Error("Hold = nil where there are no rules")
	}
	if err := Release(); err == nil {
		t.Error("Release = nil where there are no rules")
	}
}
