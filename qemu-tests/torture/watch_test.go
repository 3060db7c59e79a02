package torture

import (
	"fmt"
	"net"
	"net/netip"
	"os/exec"
	"strings"
	"testing"
	"time"

	"twinlb/qemu-tests/client"
	"twinlb/qemu-tests/lab"
	"twinlb/qemu-tests/sandbox"
)

func TestMain(m *testing.M) { sandbox.Main(m) }

func ip(t *testing.T, h *lab.Host, args ...string) {
	t.Helper()
	if out, err := h.Command("ip", args...).CombinedOutput(); err != nil {
		t.Fatalf("ip %v: %v: %s", args, err, out)
	}
}

// TestSecondHolderIsSeen gives two hosts the same address.
func TestSecondHolderIsSeen(t *testing.T) {
	l := lab.New(t)
	from := l.Host("client", netip.MustParsePrefix("192.168.100.1/24"))
	a := l.Host("lb-a", netip.MustParsePrefix("192.168.100.53/24"))
	b := l.Host("lb-b", netip.MustParsePrefix("192.168.100.54/24"))
	macs := []net.HardwareAddr{{0x52, 0x54, 0, 0, 0, 0x53}, {0x52, 0x54, 0, 0, 0, 0x54}}
	ip(t, a, "link", "set", "eth0", "address", macs[0].String())
	ip(t, b, "link", "set", "eth0", "address", macs[1].String())
	vip := netip.MustParseAddr("192.168.100.60")
	w := StartWatch(from, vip, macs)
	await := func(want string) {
		t.Helper()
		lab.Await(t, 5*time.Second, "claims of "+want, func() error {
			for _, c := range w.Latest(3) {
				if got := fmt.Sprint(c.Nodes); got != want {
					return fmt.Errorf("%s claim it", got)
				}
			}
			return nil
		})
	}
	promise := Promised(100 * time.Millisecond)
	judge := func() []Breach {
		t.Helper()
		claims, err := w.Take()
		if err != nil {
			t.Fatal(err)
		}
		return promise.Judge(Seen{Claims: claims, Result: &client.Result{}})
	}
	ip(t, a, "address", "add", "192.168.100.60/32", "dev", "eth0")
	await("[0]")
	ip(t, a, "address", "delete", "192.168.100.60/32", "dev", "eth0")
	ip(t, b, "address", "add", "192.168.100.60/32", "dev", "eth0")
	await("[1]")
	if got := judge(); len(got) > 0 {
		t.Errorf("one after the other: breaches %+v, want none", got)
	}
	ip(t, a, "address", "add", "192.168.100.60/32", "dev", "eth0")
	await("[0 1]")
	lab.Await(t, 10*time.Second, "a second holder to be a breach", func() error {
		s := Seen{Claims: w.Latest(1000), Result: &client.Result{}}
		if got := promise.Judge(s); len(got) != 1 || !strings.Contains(got[0].What, "both nodes answered") {
			return fmt.Errorf("breaches %+v", got)
		}
		return nil
	})

	stranger := l.Host("stranger", netip.MustParsePrefix("192.168.100.99/24"))
	ip(t, stranger, "address", "add", "192.168.100.60/32", "dev", "eth0")
	lab.Await(t, 5*time.Second, "a stranger with the VIP to be an error", func() error {
		if _, err := w.Take(); err == nil || !strings.Contains(err.Error(), "none of the nodes") {
			return fmt.Errorf("error %v", err)
		}
		return nil
	})
	w.Stop()
}

func needMariaDB(t *testing.T) {
	if _, err := exec.LookPath("mariadbd"); err != nil {
		t.Skip("needs the Debian package mariadb-server-core: ", err)
	}
}
