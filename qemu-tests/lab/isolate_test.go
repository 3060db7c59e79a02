package lab

import (
	"net/netip"
	"testing"
	"time"
)

func TestIsolatedPortsReachOnlyOthers(t *testing.T) {
	l := New(t)
	left := l.Host("left", netip.MustParsePrefix("192.0.2.1/24"))
	right := l.Host("right", netip.MustParsePrefix("192.0.2.2/24"))
	client := l.Host("client", netip.MustParsePrefix("192.0.2.3/24"))
	reaches := func(from *Host, address string) bool {
		answers, err := from.WhoHas(netip.MustParseAddr(address), 200*time.Millisecond)
		if err != nil {
			t.Fatal(err)
		}
		return len(answers) > 0
	}
	for _, tt := range []struct {
		do   func(*Port) error
		want bool
	}{{(*Port).Isolate, false}, {(*Port).Join, true}} {
		for _, host := range []*Host{left, right} {
			if err := tt.do(host.Port); err != nil {
				t.Fatal(err)
			}
		}
		if got := reaches(left, "192.0.2.2"); got != tt.want {
			t.Errorf("left reaches right: %t, want %t", got, tt.want)
		}
		if !reaches(left, "192.0.2.3") || !reaches(client, "192.0.2.2") {
			t.Error("the client is isolated from nobody")
		}
	}
}
