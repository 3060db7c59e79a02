//go:build vm

package qemutests

import (
	"errors"
	"net"
	"net/netip"
	"syscall"
	"testing"
	"time"

	"twinlb/init/vrrp"
	"twinlb/qemu-tests/images"
)

func TestFirewall(t *testing.T) {
	p := startPair(t, images.Image{Seed: withLogin(t, calmSeed(t))})

	t.Run("what is closed is refused at once", func(t *testing.T) {
		for _, closed := range []string{
			"192.168.100.60:22", "192.168.100.60:8404", // of the node alone
			"192.168.100.53:8405", "192.168.100.53:111",
		} {
			began := time.Now()
			conn, err := p.Client.Dial(t.Context(), "tcp", closed)
			if err == nil {
				conn.Close()
			}
			if took := time.Since(began); !errors.Is(err, syscall.ECONNREFUSED) || took > 500*time.Millisecond {
				t.Errorf("connect to %s: %v after %v, want refused at once", closed, err, took)
			}
		}
	})

	t.Run("adverts of a stranger change nothing", func(t *testing.T) {
		vip := []netip.Addr{vipService.Addr()}
		forged := vrrp.Advert{VRID: 100, Interval: time.Second, VIPs: vip}
		nodes := []netip.Addr{masterService.Addr(), backupService.Addr()}
		before := p.expectSSH(t, masterService, "history", 0)
		r := p.measure(t, "forged adverts", func() {
			for range 20 {
				// That the master resigns, as far as who hears it believes it.
				err := p.Client.Do(func() error { return vrrp.Resign(clientAddress.Addr(), nodes, forged) })
				if err != nil {
					t.Fatal(err)
				}
				p.expectHolder(t, p.Master, 100*time.Millisecond)
			}
		})
		if n := len(r.Broken()); n > 0 {
			t.Errorf("%d connections failed, want none", n)
		}
		expectOutage(t, r, time.Second)
		if got := p.expectSSH(t, masterService, "history", 0); got != before {
			t.Errorf("the master's role has changed:\n%s", got)
		}
	})

	// A flood costs the balancer nothing, and who has the key still gets in.
	t.Run("a flood of logins", func(t *testing.T) {
		r := p.measure(t, "400 connections to SSH", func() {
			var open []net.Conn
			for range 400 {
				if conn, err := p.Client.Dial(t.Context(), "tcp", "192.168.100.53:22"); err == nil {
					open = append(open, conn)
				}
			}
			for _, conn := range open {
				conn.Close()
			}
		})
		if n := len(r.Broken()); n > 2 {
			t.Errorf("%d connections to MySQL failed, want none, or one or two on a busy host", n)
		}
		expectOutage(t, r, time.Second)
		p.awaitVerdict(t, masterService, 0, "the pair to be well after the flood")
	})
}
