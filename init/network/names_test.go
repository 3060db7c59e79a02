package network

import (
	"testing"

	"twinlb/seed/netconfig"
)

func TestCardsGetTheirNames(t *testing.T) {
	enter(t)
	eth0, _, _ := cable(t, "eth0")
	eth1, _, _ := cable(t, "eth1")
	cable(t, "wan") // which nobody asks for
	named := func(card, name string) netconfig.Link {
		l := ethernet("id-"+card, card)
		l.Name = name
		return l
	}
	for _, tt := range []struct {
		when     string
		of0, of1 string // "" is the name of the kernel
	}{
		{"swapped", "eth1", "eth0"},
		{"swapped again", "eth1", "eth0"},
		{"one of them new", "lan0", ""},
		{"a name that another has", "wan", "eth0"},
		{"as the kernel names them", "", ""},
	} {
		links := apply(t, networkOf(named("eth0", tt.of0), named("eth1", tt.of1)))
		for _, want := range []struct {
			id, name string
			index    int
		}{
			{"id-eth0", cmp0(tt.of0, "eth0"), eth0.Attrs().Index},
			{"id-eth1", cmp0(tt.of1, "eth1"), eth1.Attrs().Index},
		} {
			got := links[want.id].Attrs()
			if got.Name != want.name || got.Index != want.index {
				t.Errorf("%s: %s is %s (index %d), want %s (index %d)", tt.when, want.id, got.Name, got.Index, want.name, want.index)
			}
		}
	}
}

func cmp0(name, kernel string) string {
	if name == "" {
		return kernel
	}
	return name
}
