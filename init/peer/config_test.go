package peer

import (
	"net/netip"
	"strings"
	"testing"
	"time"
)

func TestTellRefusesWhatDoesNotFit(t *testing.T) {
	pair(t, func(t *testing.T, n *network, a, b *node) {
		for _, size := range []int{0, MaxBody + 1} {
			if err := a.Tell(make([]byte, size)); err == nil || !strings.Contains(err.Error(), "want 1 to 32768") {
				t.Errorf("Tell of %d bytes = %v, want an error that says what fits", size, err)
			}
		}
		pass(time.Second)
		b.checkHeard("after a second")
	})
}

func TestIntervalHasLimits(t *testing.T) {
	for _, tt := range []struct{ given, want time.Duration }{
		{0, MinInterval},
		{50 * time.Millisecond, MinInterval},
		{10 * time.Second, MaxInterval},
		{250 * time.Millisecond, 250 * time.Millisecond},
	} {
		simulate(t, func(t *testing.T, n *network) {
			c := config(0, 2)
			c.Interval = tt.given
			a := n.boot(t, c)
			pass(time.Millisecond)
			began := time.Now()
			pass(10 * time.Second)
			got := len(n.between(a.address, lab[1].Address, began))
			if want := int(10 * time.Second / tt.want); got != want {
				t.Errorf("Interval %s: %d datagrams in 10 s, want %d", tt.given, got, want)
			}
		})
	}
}

func TestStartRefusesAConfigThatCannotWork(t *testing.T) {
	for _, tt := range []struct {
		change func(c *Config)
		want   string
	}{
		{func(c *Config) { c.Key = c.Key[1:] }, "the pair key has 31 bytes, want 32"},
		{func(c *Config) { c.Peers = nil }, "there are 0 peers, want 1 to 19"},
		{func(c *Config) { c.Peers = make([]Peer, 20) }, "there are 20 peers, want 1 to 19"},
		{func(c *Config) { c.Self = "" }, `node "" has the address 192.0.2.1:8405, want a name`},
		{func(c *Config) { c.Local = netip.AddrPort{} }, `node "lb-a" has the address invalid AddrPort`},
		{func(c *Config) { c.Peers[0].Address = netip.AddrPortFrom(c.Local.Addr(), 0) }, "192.0.2.1:0, want a name, an IP address and a port"},
		{func(c *Config) { c.Peers[1].Name = "lb-a" }, `node "lb-a" (192.0.2.3:8405) and node "lb-a" (192.0.2.1:8405) share`},
		{func(c *Config) { c.Peers[1].Address = c.Local }, `node "lb-a" (192.0.2.1:8405) share a name or an address`},
		{func(c *Config) { c.Heard = nil }, "a nil Heard or Failed"},
		{func(c *Config) { c.Failed = nil }, "a nil Heard or Failed"},
	} {
		c := config(0, 3)
		tt.change(&c)
		if _, err := Start(c, nil); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("Start = %v, want an error with %q", err, tt.want)
		}
	}
}
