package network

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"twinlb/seed/netconfig"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// need skips a test on a kernel that does not know such a link.
func need(t *testing.T, link netlink.Link) {
	t.Helper()
	err := netlink.LinkAdd(link)
	if errors.Is(err, unix.EOPNOTSUPP) {
		t.Skipf("this kernel knows no links of the type %s", link.Type())
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := netlink.LinkDel(link); err != nil {
		t.Fatal(err)
	}
}

func needBond(t *testing.T) {
	t.Helper()
	bond := netlink.NewLinkBond(netlink.NewLinkAttrs())
	bond.Name = "trial"
	need(t, bond)
}

// bonded is a network with a bond of two cards, the second of which is preferred.
func bonded(addresses ...string) netconfig.Network {
	bond := ethernet("bond0", "", addresses...)
	bond.Kind, bond.Match = netconfig.BondLink, netconfig.Match{}
	bond.MTU = 1400
	bond.Bond = netconfig.Bond{Members: []string{"one", "two"}, Primary: "two", Monitor: 50 * time.Millisecond, UpDelay: 200 * time.Millisecond, Gratuity: 3}
	n := networkOf(ethernet("one", "eth0"), ethernet("two", "eth1"), bond)
	n.Traffic = "bond0"
	return n
}

func TestBond(t *testing.T) {
	enter(t)
	needBond(t)
	eth0, far0, wall0 := cable(t, "eth0")
	_, far1, wall1 := cable(t, "eth1")
	do := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	do(netlink.LinkSetUp(eth0)) // as a card may be that was used before
	do(wall0.LinkSetUp(far0))
	do(wall1.LinkSetUp(far1))
	old := netlink.NewLinkBond(netlink.NewLinkAttrs()) // as the kernel makes it for itself
	old.Name, old.Mode = "bond0", netlink.BOND_MODE_BALANCE_RR
	do(netlink.LinkAdd(old))

	n := bonded("192.0.2.53/24", "2001:db8::53/64")
	var bond netlink.Link
	index := 0
	for _, when := range []string{"once", "twice"} {
		links := apply(t, n)
		bond = links["bond0"]
		made := bond.(*netlink.Bond)
		if index != 0 && index != bond.Attrs().Index {
			t.Errorf("after Apply %s it is another bond", when)
		}
		index = bond.Attrs().Index
		got := fmt.Sprint(made.Mode, made.Miimon, made.UpDelay, made.NumPeerNotif, made.Primary == links["two"].Attrs().Index, made.MTU, made.HardwareAddr)
		if want := fmt.Sprint("active-backup 50 200 3 true 1400 ", eth0.Attrs().HardwareAddr); got != want {
			t.Errorf("after Apply %s: %s, want %s", when, got, want)
		}
		expectAddresses(t, "after Apply "+when, bond, "192.0.2.53/24", "2001:db8::53/64")
		for _, id := range []string{"one", "two"} {
			if got := links[id].Attrs(); got.MasterIndex != index || got.MTU != 1400 || got.Flags&net.FlagUp == 0 {
				t.Errorf("after Apply %s the member %s is of %d with an MTU of %d (%v), want %d, 1400, up", when, id, got.MasterIndex, got.MTU, got.Flags, index)
			}
		}
	}
	// In a bond all have one MAC address: the seed asks for that which is burnt in.
	if got, err := find(netconfig.Match{MAC: eth0.Attrs().HardwareAddr}); err != nil || got != "eth0" {
		t.Errorf("by the MAC address of eth0 found %q, %v", got, err)
	}

	done := make(chan struct{})
	defer close(done)
	health, err := Watch(bond, []netip.Addr{netip.MustParseAddr("192.0.2.53")}, done)
	do(err)
	expect := func(when string, carrier bool) {
		t.Helper()
		for deadline := time.After(10 * time.Second); ; {
			select {
			case is := <-health:
				if is.Carrier == carrier {
					return
				}
			case <-deadline:
				t.Fatalf("still waiting after 10 s for carrier = %t: %s", carrier, when)
			}
		}
	}
	expect("both legs are there", true)
	do(wall1.LinkSetDown(far1))
	do(wall0.LinkSetDown(far0))
	expect("no leg is there", false)
	do(wall0.LinkSetUp(far0))
	expect("one leg is there", true)

	// One leg less, no primary, and then no bond.
	less := bonded("192.0.2.53/24")
	less.Links[2].Bond.Members, less.Links[2].Bond.Primary = []string{"one"}, ""
	links := change(t, n, less)
	if made := links["bond0"].(*netlink.Bond); made.Index != index || made.Primary != 0 && made.Primary != -1 || links["two"].Attrs().MasterIndex != 0 {
		t.Errorf("with a leg less: bond %d, primary %d, the other leg is of %d", made.Index, made.Primary, links["two"].Attrs().MasterIndex)
	}
	expectAddresses(t, "with a leg less", links["bond0"], "192.0.2.53/24")
	links = change(t, less, networkOf(ethernet("one", "eth0", "192.0.2.53/24")))
	expectAddresses(t, "without a bond", links["one"], "192.0.2.53/24")
	if _, err := netlink.LinkByName("bond0"); !errors.As(err, &netlink.LinkNotFoundError{}) {
		t.Errorf("the bond is still there (%v)", err)
	}
}

func TestBondWhoseNameIsTaken(t *testing.T) {
	enter(t)
	needBond(t)
	cable(t, "eth0")
	cable(t, "eth1")
	cable(t, "bond0")
	if _, err := Apply(bonded(), 0, func(error) {}); err == nil || !strings.Contains(err.Error(), "make the bond bond0: the name is that of a veth") {
		t.Errorf("Apply = %v, want an error that names the veth", err)
	}
}

func TestVLAN(t *testing.T) {
	enter(t)
	_, far, wall := cable(t, "eth0")
	parent, err := netlink.LinkByName("eth0")
	if err != nil {
		t.Fatal(err)
	}
	need(t, &netlink.Vlan{LinkAttrs: netlink.LinkAttrs{Name: "trial", ParentIndex: parent.Attrs().Index, TxQLen: -1}, VlanId: 7})
	if err := wall.LinkSetUp(far); err != nil {
		t.Fatal(err)
	}
	tagged := func(tag int, addresses ...string) netconfig.Network {
		vlan := ethernet("lan.5", "", addresses...)
		vlan.Kind, vlan.Match, vlan.MTU = netconfig.VLANOnLink, netconfig.Match{}, 1400
		vlan.VLAN = netconfig.VLAN{Tag: tag, On: "uplink"}
		vlan.Routes = []netconfig.Route{defaultRoute("192.0.2.1", 0)}
		n := networkOf(ethernet("uplink", "eth0", "198.51.100.1/24"), vlan)
		n.Traffic = "lan.5"
		return n
	}
	n, index := tagged(5, "192.0.2.53/24"), 0
	for _, when := range []string{"once", "twice"} {
		links := apply(t, n)
		made := links["lan.5"].(*netlink.Vlan)
		if made.VlanId != 5 || made.Name != "lan.5" || made.MTU != 1400 || made.ParentIndex != links["uplink"].Attrs().Index || made.Flags&net.FlagUp == 0 {
			t.Errorf("after Apply %s: %+v", when, made)
		}
		if index != 0 && index != made.Index {
			t.Errorf("after Apply %s it is another VLAN", when)
		}
		index = made.Index
		expectAddresses(t, "after Apply "+when, made, "192.0.2.53/24")
	}
	links := change(t, n, tagged(6, "192.0.2.53/24"))
	if made := links["lan.5"].(*netlink.Vlan); made.VlanId != 6 {
		t.Errorf("the tag is %d, want 6", made.VlanId)
	}
	expectAddresses(t, "with another tag", links["lan.5"], "192.0.2.53/24")
	if got := routes(t); !slices.Contains(got, "0.0.0.0/0 via 192.0.2.1 metric 0") {
		t.Errorf("routes with another tag: %q", got)
	}
	links = change(t, tagged(6, "192.0.2.53/24"), networkOf(ethernet("uplink", "eth0", "198.51.100.1/24")))
	expectAddresses(t, "without the VLAN", links["uplink"], "198.51.100.1/24")
	if _, err := netlink.LinkByName("lan.5"); !errors.As(err, &netlink.LinkNotFoundError{}) {
		t.Errorf("the VLAN is still there (%v)", err)
	}
}
