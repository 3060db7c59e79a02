package network

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"testing"
	"time"

	"twinlb/seed/netconfig"

	"github.com/google/go-cmp/cmp"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

const (
	nodeAddress      = "192.0.2.53/24"
	neighbourAddress = "192.0.2.54/24"
)

// quietCable is a cable on which nobody speaks that is not spoken to: IPv6 is
// told to keep quiet. The far end has an address when it has one given.
func quietCable(t *testing.T) (link, far netlink.Link, wall, here *netlink.Handle) {
	t.Helper()
	enter(t)
	link, far, wall = cable(t, "eth0")
	here, err := netlink.NewHandle(unix.NETLINK_ROUTE)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(here.Close)
	for _, end := range []struct {
		*netlink.Handle
		netlink.Link
	}{{here, link}, {wall, far}} {
		const none = 1 // IN6_ADDR_GEN_MODE_NONE
		// A kernel without IPv6 is quiet as it is.
		_ = end.Handle.LinkSetIP6AddrGenMode(end.Link, none)
		if err := end.Handle.LinkSetUp(end.Link); err != nil {
			t.Fatal(err)
		}
	}
	giveAt(t, here, link, nodeAddress)
	return link, far, wall, here
}

func giveAt(t *testing.T, handle *netlink.Handle, link netlink.Link, address string) {
	t.Helper()
	if err := handle.AddrReplace(link, &netlink.Addr{IPNet: ipNet(netip.MustParsePrefix(address))}); err != nil {
		t.Fatal(err)
	}
}

// states returns those of the link's neighbours, which settle a moment after a change.
func states(t *testing.T, handle *netlink.Handle, link netlink.Link) map[string]string {
	t.Helper()
	all, err := list(func() ([]netlink.Neigh, error) { return handle.NeighList(link.Attrs().Index, netlink.FAMILY_V4) })
	if err != nil {
		t.Fatal(err)
	}
	names := map[int]string{
		netlink.NUD_INCOMPLETE: "INCOMPLETE", netlink.NUD_REACHABLE: "REACHABLE", netlink.NUD_STALE: "STALE", netlink.NUD_DELAY: "DELAY",
		netlink.NUD_PROBE: "PROBE", netlink.NUD_FAILED: "FAILED", netlink.NUD_NOARP: "NOARP", netlink.NUD_PERMANENT: "PERMANENT",
	}
	got := make(map[string]string)
	for _, n := range all {
		got[n.IP.String()] = names[n.State]
	}
	return got
}

func add(t *testing.T, handle *netlink.Handle, link netlink.Link, ip string, state int) {
	t.Helper()
	mac := net.HardwareAddr{2, 0, 0, 0, 0, 0x99}
	err := handle.NeighSet(&netlink.Neigh{LinkIndex: link.Attrs().Index, IP: net.ParseIP(ip), HardwareAddr: mac, State: state})
	if err != nil {
		t.Fatal(err)
	}
}

func TestKnownNeighboursAreAsked(t *testing.T) {
	link, _, _, here := quietCable(t)
	add(t, here, link, "192.0.2.1", netlink.NUD_REACHABLE)
	add(t, here, link, "192.0.2.2", netlink.NUD_STALE)
	add(t, here, link, "192.0.2.3", netlink.NUD_DELAY)
	add(t, here, link, "192.0.2.4", netlink.NUD_PERMANENT)
	add(t, here, link, "192.0.2.5", netlink.NUD_NOARP)
	add(t, here, link, "192.0.2.6", netlink.NUD_FAILED)
	for _, unknownToo := range []bool{false, true} {
		if asked := askNeighbours(here, link.Attrs().Index, unknownToo); asked != 3 {
			t.Errorf("asked %d, want 3", asked)
		}
		want := map[string]string{
			"192.0.2.1": "PROBE", "192.0.2.2": "PROBE", "192.0.2.3": "PROBE",
			"192.0.2.4": "PERMANENT", "192.0.2.5": "NOARP", "192.0.2.6": "FAILED",
		}
		if diff := cmp.Diff(want, states(t, here, link)); diff != "" {
			t.Errorf("states (-want +got):\n%s", diff)
		}
	}
}

func TestUnknownNeighboursAreAskedWhenThereAreNoOthers(t *testing.T) {
	link, _, _, here := quietCable(t)
	add(t, here, link, "192.0.2.4", netlink.NUD_PERMANENT)
	add(t, here, link, "192.0.2.6", netlink.NUD_FAILED)
	if asked := askNeighbours(here, link.Attrs().Index, false); asked != 0 {
		t.Errorf("asked %d when it should ask known ones alone, want none", asked)
	}
	for range 2 { // the second time it is under way
		if asked := askNeighbours(here, link.Attrs().Index, true); asked != 1 {
			t.Errorf("asked %d, want 1", asked)
		}
		want := map[string]string{"192.0.2.4": "PERMANENT", "192.0.2.6": "INCOMPLETE"}
		if diff := cmp.Diff(want, states(t, here, link)); diff != "" {
			t.Errorf("states (-want +got):\n%s", diff)
		}
	}
}

func TestManyNeighboursAreNotAllAsked(t *testing.T) {
	link, _, _, here := quietCable(t)
	for i := range 40 {
		add(t, here, link, fmt.Sprintf("192.0.2.%d", 100+i), netlink.NUD_STALE)
	}
	add(t, here, link, "192.0.2.99", netlink.NUD_REACHABLE)
	if asked := askNeighbours(here, link.Attrs().Index, false); asked != mostAsked {
		t.Errorf("asked %d, want %d", asked, mostAsked)
	}
	got := states(t, here, link)
	probed := 0
	for _, state := range got {
		if state == "PROBE" {
			probed++
		}
	}
	if probed != mostAsked || got["192.0.2.99"] != "PROBE" {
		t.Errorf("%d neighbours are in PROBE, and the reachable one in %s; want %d with it", probed, got["192.0.2.99"], mostAsked)
	}
}

// seeSys gives the test a /sys that shows its own network: which one it shows is
// that of whoever mounted it.
func seeSys(t *testing.T) {
	t.Helper()
	err := unix.Unshare(unix.CLONE_NEWNS)
	if err == nil {
		err = unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, "")
	}
	if err == nil {
		err = unix.Mount("sysfs", "/sys", "sysfs", unix.MS_RDONLY|unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, "")
	}
	if err != nil {
		t.Fatalf("mount /sys of the test's own network: %v", err)
	}
}

// speak makes the kernel look for who has the address.
func speak(t *testing.T, to string) {
	t.Helper()
	conn, err := net.Dial("udp", to)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Write([]byte("?")); err != nil {
		t.Fatal(err)
	}
}

func TestHear(t *testing.T) {
	link, far, wall, here := quietCable(t)
	seeSys(t)
	tune(func(err error) { t.Error(err) }, append(settings, linkSettings(netconfig.Link{})...), "eth0")
	giveAt(t, wall, far, neighbourAddress)
	speak(t, "192.0.2.54:9")
	await(t, "192.0.2.54 to be known", func() error {
		if state := states(t, here, link)["192.0.2.54"]; state != "REACHABLE" {
			return fmt.Errorf("it is %s", state)
		}
		return nil
	})

	done := make(chan struct{})
	deaf, err := Hear(link, 200*time.Millisecond, func() bool { return true }, done)
	if err != nil {
		t.Fatal(err)
	}
	before := received(t)
	select {
	case got, ok := <-deaf:
		t.Fatalf("deaf = %t (channel open: %t) while the neighbour answers", got, ok)
	case <-time.After(1500 * time.Millisecond): // about four times quiet enough to ask
	}
	if after := received(t); after == before {
		t.Errorf("received = %s before and after 1.5 s in which the neighbour was to be asked", after)
	}

	gone := &netlink.Addr{IPNet: ipNet(netip.MustParsePrefix(neighbourAddress))}
	if err := wall.AddrDel(far, gone); err != nil {
		t.Fatal(err)
	}
	expect := func(when string, want bool) {
		t.Helper()
		select {
		case got, ok := <-deaf:
			if !ok || got != want {
				t.Fatalf("%s: deaf = %t (channel open: %t), want %t", when, got, ok, want)
			}
		case <-time.After(5 * time.Second):
			t.Fatalf("still waiting after 5 s for deaf = %t: %s", want, when)
		}
	}
	expect("the neighbour is gone", true)
	giveAt(t, wall, far, neighbourAddress)
	speak(t, "192.0.2.54:9")
	expect("the neighbour is back", false)

	close(done)
	select {
	case got, ok := <-deaf:
		if ok {
			t.Errorf("deaf = %t after the end, want a closed channel", got)
		}
	case <-time.After(5 * time.Second):
		t.Error("still waiting after 5 s for the channel to be closed")
	}
}

func TestHearOfALinkThatIsGoneIsAnError(t *testing.T) {
	link, _, _, here := quietCable(t)
	seeSys(t)
	if err := here.LinkDel(link); err != nil {
		t.Fatal(err)
	}
	if _, err := Hear(link, time.Second, func() bool { return true }, nil); err == nil {
		t.Error("Hear of a link that is gone, want an error")
	}
}

func received(t *testing.T) string {
	t.Helper()
	count, err := os.ReadFile("/sys/class/net/eth0/statistics/rx_packets")
	if err != nil {
		t.Fatal(err)
	}
	return string(count)
}

func await(t *testing.T, what string, check func() error) {
	t.Helper()
	deadline := time.Now().Add(5 * time.Second)
	for {
		err := check()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("still waiting after 5 s for %s: %v", what, err)
		}
		time.Sleep(5 * time.Millisecond)
	}
}
