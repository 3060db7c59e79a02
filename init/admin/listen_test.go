package admin

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"testing"
	"time"

	"twinlb/qemu-tests/sandbox"
	"twinlb/services/admin"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

// inSandbox is set for a copy of these tests that is to run in namespaces. The
// others need the users of the machine.
const inSandbox = "TWINLB_ADMIN_IN_SANDBOX"

func TestMain(m *testing.M) {
	if os.Getenv(inSandbox) != "" {
		sandbox.Enter()
	}
	os.Exit(m.Run())
}

func TestManagementInterfaceIsTheOnlyOne(t *testing.T) {
	if os.Getenv(inSandbox) == "" {
		command := exec.Command("/proc/self/exe", "-test.run=^"+t.Name()+"$", "-test.v")
		command.Env = append(os.Environ(), inSandbox+"=1")
		if out, err := command.CombinedOutput(); err != nil {
			t.Fatalf("in a sandbox: %v\n%s", err, out)
		}
		return
	}
	runtime.LockOSThread()
	// Go finds out with loopback addresses whether there is IPv6.
	if err := netlink.LinkSetUp(must(netlink.LinkByName("lo"))); err != nil {
		t.Fatal(err)
	}
	far := map[string]netns.NsHandle{
		"eth0":  cable(t, "eth0", "192.0.2.53/24", "192.0.2.1/24", "2001:db8::53/64", "2001:db8::1/64"),
		"mgmt0": cable(t, "mgmt0", "10.0.0.53/24", "10.0.0.1/24", "2001:db8:1::53/64", "2001:db8:1::1/64"),
	}
	dropCapabilities(t)
	config := admin.Config{Listen: []netip.AddrPort{netip.MustParseAddrPort("[::]:2222")}, Interface: "mgmt0"}
	listeners, err := listen(config)
	if err != nil {
		t.Fatal(err)
	}
	defer listeners[0].Close()
	for _, tt := range []struct {
		through, address string
		answers          bool
	}{
		{"mgmt0", "10.0.0.53:2222", true},
		{"mgmt0", "[2001:db8:1::53]:2222", true},
		{"eth0", "192.0.2.53:2222", false},
		{"eth0", "[2001:db8::53]:2222", false},
	} {
		switch err := dial(far[tt.through], tt.address); {
		case tt.answers && err != nil:
			t.Errorf("through %s: %v", tt.through, err)
		case !tt.answers && !errors.Is(err, unix.ECONNREFUSED):
			t.Errorf("through %s to %s: %v, want %v", tt.through, tt.address, err, unix.ECONNREFUSED)
		}
	}
	if got := where(config); got != "all addresses of mgmt0" {
		t.Errorf("it listens on %q", got)
	}
}

func TestInterfaceThatIsMissingIsAnError(t *testing.T) {
	config := admin.Config{Listen: []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:0")}, Interface: "absent0"}
	if listeners, err := listen(config); !errors.Is(err, unix.ENODEV) {
		t.Errorf("listen = %v, %v, want %v", listeners, err, unix.ENODEV)
	}
}

func TestBothNodeAddressesAreListenedOn(t *testing.T) {
	config := admin.Config{Listen: []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:0"), netip.MustParseAddrPort("[::1]:0")}}
	listeners, err := listen(config)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range listeners {
		defer l.Close()
		conn, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Error(err)
			continue
		}
		conn.Close()
	}
	if got := where(config); len(listeners) != 2 || got != "127.0.0.1:0 and [::1]:0" {
		t.Errorf("%d listeners, on %q", len(listeners), got)
	}
}

// cable adds an interface to a neighbour's network. Of each family it has the
// first address, the neighbour the second.
func cable(t *testing.T, name string, addresses ...string) netns.NsHandle {
	t.Helper()
	here := must(netns.Get())
	defer here.Close()
	there := must(netns.New())
	t.Cleanup(func() { there.Close() })
	if err := netns.Set(here); err != nil {
		t.Fatal(err)
	}
	attrs := netlink.NewLinkAttrs()
	attrs.Name = name
	veth := netlink.NewVeth(attrs)
	veth.PeerName, veth.PeerNamespace = "port", netlink.NsFd(there)
	if err := netlink.LinkAdd(veth); err != nil {
		t.Fatalf("make the interface %s: %v", name, err)
	}
	near, far := must(netlink.NewHandleAt(here)), must(netlink.NewHandleAt(there))
	for i, address := range addresses {
		side, ifname := near, name
		if i%2 == 1 {
			side, ifname = far, "port"
		}
		parsed := must(netlink.ParseAddr(address))
		parsed.Flags = unix.IFA_F_NODAD
		link := must(side.LinkByName(ifname))
		if err := side.AddrAdd(link, parsed); err != nil {
			t.Fatalf("give %s the address %s: %v", ifname, address, err)
		}
		if err := side.LinkSetUp(link); err != nil {
			t.Fatal(err)
		}
	}
	return there
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

// dropCapabilities makes the thread as unprivileged as the process is on a node.
func dropCapabilities(t *testing.T) {
	t.Helper()
	var none [2]unix.CapUserData
	if err := unix.Capset(&unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}, &none[0]); err != nil {
		t.Fatalf("drop all capabilities: %v", err)
	}
}

// dial connects from another network, on a thread that stays there.
func dial(from netns.NsHandle, address string) error {
	result := make(chan error)
	go func() {
		runtime.LockOSThread()
		if err := netns.Set(from); err != nil {
			result <- fmt.Errorf("enter the neighbour's network: %w", err)
			return
		}
		conn, err := net.DialTimeout("tcp", address, 5*time.Second)
		if err == nil {
			conn.Close()
		}
		result <- err
	}()
	return <-result
}
