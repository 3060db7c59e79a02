package seedtest

import (
	"math/rand/v2"
	"strings"
	"testing"

	"twinlb/seed"
)

func TestGeneratedSeedsAreAccepted(t *testing.T) {
	for n := range uint64(1000) {
		text := Generate(rand.New(rand.NewPCG(n, 0)))
		if _, err := seed.Parse("user-data", []byte(text)); err != nil {
			t.Fatalf("seed %d: %v\n%s", n, err, text)
		}
	}
}

func TestSameNumbersGiveTheSameSeed(t *testing.T) {
	a, b := Generate(rand.New(rand.NewPCG(1, 2))), Generate(rand.New(rand.NewPCG(1, 2)))
	if a != b {
		t.Errorf("one is\n%s\nthe other\n%s", a, b)
	}
	if c := Generate(rand.New(rand.NewPCG(2, 2))); a == c {
		t.Errorf("other numbers give the same\n%s", a)
	}
}

// What no generated seed says is not tested by any.
func TestGeneratedSeedsSayEverything(t *testing.T) {
	const enough = 200
	missing := map[string]func(*seed.Pair) bool{
		"IPv4 only":             func(p *seed.Pair) bool { return p.Nodes[0].Address.Addr().Is4() && !p.Nodes[0].Second.IsValid() },
		"IPv6 only":             func(p *seed.Pair) bool { return p.Nodes[0].Address.Addr().Is6() && !p.Nodes[0].Second.IsValid() },
		"IPv4 before IPv6":      func(p *seed.Pair) bool { return p.Nodes[0].Address.Addr().Is4() && p.Nodes[0].Second.IsValid() },
		"IPv6 before IPv4":      func(p *seed.Pair) bool { return p.Nodes[0].Address.Addr().Is6() && p.Nodes[0].Second.IsValid() },
		"VIPs of both families": func(p *seed.Pair) bool { return len(p.VIPs) > 1 && p.VIPs[0].Is4() != p.VIPs[1].Is4() },
		"six nodes":             func(p *seed.Pair) bool { return len(p.Nodes) == 6 },
		"four pools":            func(p *seed.Pair) bool { return len(p.Pools) == 4 },
		"two gateways":          func(p *seed.Pair) bool { return len(p.Gateways) == 2 },
		"no gateway":            func(p *seed.Pair) bool { return len(p.Gateways) == 0 },
		"management":            func(p *seed.Pair) bool { return p.Nodes[0].Management != nil },
		"a MAC":                 func(p *seed.Pair) bool { return p.Nodes[0].MAC != nil },
		"nobody who can log in": func(p *seed.Pair) bool { return len(p.AuthorizedKeys) == 0 },
		"never preempt":         func(p *seed.Pair) bool { return p.VRRP.Preempt == seed.NeverPreempt },
		"clients":               func(p *seed.Pair) bool { return len(p.Pools[0].Allow) > 64 },
		"PROXY protocol":        func(p *seed.Pair) bool { return p.Pools[0].ProxyProtocol },
		"a backend of IPv6 last": func(p *seed.Pair) bool {
			return p.Nodes[0].Address.Addr().Is4() && p.Pools[0].Backends[0].Address.Is6()
		},
		"a weight":     func(p *seed.Pair) bool { return p.Pools[0].Backends[0].Weight == 256 },
		"a slow start": func(p *seed.Pair) bool { return p.Pools[0].Backends[0].SlowStart > 0 },
		"a limit":      func(p *seed.Pair) bool { return p.Pools[0].Backends[0].MaxConn > 0 },
		"a standby":    func(p *seed.Pair) bool { return p.Pools[0].Backends[len(p.Pools[0].Backends)-1].Backup },
	}
	for n := range uint64(enough) {
		pair, err := seed.Parse("user-data", []byte(Generate(rand.New(rand.NewPCG(n, 0)))))
		if err != nil {
			t.Fatal(err)
		}
		for name, says := range missing {
			if says(pair) {
				delete(missing, name)
			}
		}
	}
	var names []string
	for name := range missing {
		names = append(names, name)
	}
	if len(names) > 0 {
		t.Errorf("none of %d seeds has: %s", enough, strings.Join(names, ", "))
	}
}
