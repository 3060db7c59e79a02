package network

import (
	"net"
	"strings"
	"testing"
	"time"

	"twinlb/seed/netconfig"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// find looks for the card of one link, besides others.
func find(match netconfig.Match, others ...netconfig.Link) (string, error) {
	n := networkOf(append([]netconfig.Link{{ID: "lan", Kind: netconfig.Ethernet, Match: match}}, others...)...)
	links, err := findCards(n)
	if err != nil {
		return "", err
	}
	return links["lan"].Attrs().Name, nil
}

func TestFindCards(t *testing.T) {
	enter(t)
	eth0, _, _ := cable(t, "eth0")
	mac := eth0.Attrs().HardwareAddr
	check := func(when string, match netconfig.Match, want string, others ...netconfig.Link) {
		t.Helper()
		if got, err := find(match, others...); err != nil || got != want {
			t.Errorf("%s: found %q, %v, want %s", when, got, err, want)
		}
	}
	refuse := func(when string, match netconfig.Match, want ...string) {
		t.Helper()
		got, err := find(match)
		if err == nil {
			t.Errorf("%s: found %s, want an error", when, got)
			return
		}
		for _, want := range append(want, `"lan"`) {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: error = %q, want %q in it", when, err, want)
			}
		}
	}
	strange := net.HardwareAddr{2, 0, 0, 0, 0, 0x99}

	check("the only one", netconfig.Match{}, "eth0")
	check("the only one, by name", netconfig.Match{Name: "eth0"}, "eth0")
	check("the only one, by a pattern", netconfig.Match{Name: "e*[0-9]"}, "eth0")
	check("the only one, by MAC address", netconfig.Match{MAC: mac}, "eth0")
	check("the only one, by driver", netconfig.Match{Driver: "vet?"}, "eth0")
	check("the only one, by all", netconfig.Match{Name: "eth*", MAC: mac, Driver: "veth"}, "eth0")
	refuse("another name", netconfig.Match{Name: "ens3"}, "the name ens3", "eth0 ("+mac.String()+")")
	refuse("another MAC address", netconfig.Match{MAC: strange}, "the MAC address 02:00:00:00:00:99", "eth0 ("+mac.String()+")")
	refuse("another driver", netconfig.Match{Name: "eth0", Driver: "virtio*"}, "the name eth0 and the driver virtio*", "eth0")
	refuse("no pattern", netconfig.Match{Name: "eth[0"}, "the name eth[0")

	eth1, _, _ := cable(t, "eth1")
	both := "eth0 (" + mac.String() + "), eth1 (" + eth1.Attrs().HardwareAddr.String() + ")"
	check("one of two, by name", netconfig.Match{Name: "eth1"}, "eth1")
	check("one of two, by MAC address", netconfig.Match{MAC: mac}, "eth0")
	check("the one that is left over", netconfig.Match{}, "eth0", ethernet("management", "eth1"))
	refuse("two and no word which", netconfig.Match{}, "the only one", both, "its name eth")
	refuse("two that fit", netconfig.Match{Name: "eth*"}, "the name eth*", both)
	refuse("neither", netconfig.Match{Name: "eth2"}, "the name eth2", "eth0", "eth1")
	if got, err := find(netconfig.Match{MAC: mac}, ethernet("management", "eth0")); err == nil ||
		!strings.Contains(err.Error(), `"management"`) || !strings.Contains(err.Error(), `"lan"`) {
		t.Errorf("two links on one card: found %q, %v, want an error that names both", got, err)
	}
}

func TestFindOnAMachineWithoutACard(t *testing.T) {
	enter(t)
	for _, name := range []string{"", "lo", "eth0"} {
		if got, err := find(netconfig.Match{Name: name}); err == nil || !strings.Contains(err.Error(), "virtio") {
			t.Errorf("for %q found %q, %v, want an error that says which cards there may be", name, got, err)
		}
	}
}

func TestAwaitCardsWaitsForACard(t *testing.T) {
	enter(t)
	handle, err := netlink.NewHandle(unix.NETLINK_ROUTE)
	if err != nil {
		t.Fatal(err)
	}
	defer handle.Close()
	plugged := make(chan error, 1)
	time.AfterFunc(50*time.Millisecond, func() {
		attrs := netlink.NewLinkAttrs()
		attrs.Name = "eth0"
		veth := netlink.NewVeth(attrs)
		veth.PeerName = "eth1"
		plugged <- handle.LinkAdd(veth)
	})
	links, err := awaitCards(networkOf(ethernet("lan", "eth0")), 5*time.Second)
	if err != nil || links["lan"].Attrs().Name != "eth0" {
		t.Errorf("awaitCards = %v, %v, want eth0", links, err)
	}
	if err := <-plugged; err != nil {
		t.Fatal(err)
	}
}
