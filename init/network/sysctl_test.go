package network

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"twinlb/seed/netconfig"
)

func TestApplyMakesAllSettings(t *testing.T) {
	enter(t)
	cable(t, "lan.5") // a dot in a name is not one of a key
	routed := ethernet("traffic", "lan.5")
	routed.AcceptRA = true
	for _, tt := range []struct {
		name    string
		link    netconfig.Link
		routers string
	}{
		{"static", ethernet("traffic", "lan.5"), "0"},
		{"router advertisements", routed, "1"},
		{"static again", ethernet("traffic", "lan.5"), "0"},
	} {
		apply(t, networkOf(tt.link))
		want := append(slices.Clone(settings), linkSettings(tt.link)...)
		want = append(want, setting{"net.ipv6.conf.INTERFACE.accept_ra", tt.routers})
		for _, s := range want {
			// /proc/sys/net is that of the thread that reads it.
			text, err := os.ReadFile(s.path("lan.5"))
			if errors.Is(err, os.ErrNotExist) && strings.HasPrefix(s.key, "net.ipv6.") {
				continue // a kernel without IPv6
			}
			if got := strings.Join(strings.Fields(string(text)), " "); err != nil || got != s.value {
				t.Errorf("%s: %s = %q, %v, want %q", tt.name, s.key, got, err, s.value)
			}
		}
	}
}

func TestTuneGoesOnAfterWhatItCannotSet(t *testing.T) {
	enter(t)
	cable(t, "eth0")
	var said []string
	all := linkSettings(netconfig.Link{})
	tune(func(err error) { said = append(said, err.Error()) }, append(all[:1:1], settings...), "eth7")
	if len(said) != 1 || !strings.Contains(said[0], "net.ipv4.neigh.eth7.retrans_time_ms to 100") {
		t.Errorf("it warns %q, want one warning that names net.ipv4.neigh.eth7.retrans_time_ms", said)
	}
	last := settings[len(settings)-1]
	text, err := os.ReadFile(last.path(""))
	if got := strings.TrimSpace(string(text)); err != nil || got != last.value {
		t.Errorf("%s = %q, %v, want %q as well", last.key, got, err, last.value)
	}
}
