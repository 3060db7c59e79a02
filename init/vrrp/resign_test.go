package vrrp

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"runtime"
	"strings"
	"testing"
	"time"

	"twinlb/qemu-tests/sandbox"

	"github.com/google/go-cmp/cmp"
	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

func TestMain(m *testing.M) { sandbox.Main(m) }

// twoNodes puts the test into a namespace of its own, as lb-a, with a cable to
// another one, that of lb-b. Its thread is never used again.
func twoNodes(t *testing.T, lbA netip.Prefix, lbB ...netip.Prefix) (there netns.NsHandle) {
	t.Helper()
	runtime.LockOSThread()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	there, err := netns.New()
	must(err)
	t.Cleanup(func() { there.Close() })
	far, err := netlink.NewHandleAt(there)
	must(err)
	defer far.Close()
	here, err := netns.New()
	must(err)
	t.Cleanup(func() { here.Close() })
	near, err := netlink.NewHandleAt(here)
	must(err)
	defer near.Close()

	attrs := netlink.NewLinkAttrs()
	attrs.Name = "eth0"
	veth := netlink.NewVeth(attrs)
	veth.PeerName, veth.PeerNamespace = "eth0", netlink.NsFd(there)
	must(near.LinkAdd(veth))
	for handle, addresses := range map[*netlink.Handle][]netip.Prefix{near: {lbA}, far: lbB} {
		link, err := handle.LinkByName("eth0")
		must(err)
		for _, a := range addresses {
			must(handle.AddrAdd(link, &netlink.Addr{
				IPNet: &net.IPNet{IP: a.Addr().AsSlice(), Mask: net.CIDRMask(a.Bits(), a.Addr().BitLen())},
				Flags: unix.IFA_F_NODAD,
			}))
		}
		must(handle.LinkSetUp(link))
	}
	for _, handle := range []*netlink.Handle{near, far} {
		awaitCarrier(t, handle)
	}
	return there
}

// awaitCarrier waits until the kernel has seen that both ends are up: it drops
// what is sent before.
func awaitCarrier(t *testing.T, handle *netlink.Handle) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(time.Millisecond) {
		link, err := handle.LinkByName("eth0")
		if err != nil {
			t.Fatal(err)
		}
		if link.Attrs().OperState == netlink.OperUp {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("still waiting after 5 s for the carrier of eth0; it is %s", link.Attrs().OperState)
		}
	}
}

// listen opens a raw socket for VRRP in the namespace.
func listen(t *testing.T, there netns.NsHandle, network string) *net.IPConn {
	t.Helper()
	here, err := netns.Get()
	if err != nil {
		t.Fatal(err)
	}
	defer here.Close()
	if err := netns.Set(there); err != nil {
		t.Fatal(err)
	}
	conn, err := net.ListenIP(network, nil)
	if back := netns.Set(here); back != nil {
		t.Fatal(back)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetReadDeadline(time.Now().Add(5 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return conn
}

func setsockopt(t *testing.T, conn *net.IPConn, level, option, value int) {
	t.Helper()
	raw, err := conn.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	if failed := raw.Control(func(fd uintptr) { err = unix.SetsockoptInt(int(fd), level, option, value) }); failed != nil || err != nil {
		t.Fatal(failed, err)
	}
}

// sum16 is the one's complement sum of RFC 1071; all bits are set when a
// checksum in the data is right.
func sum16(data []byte) uint16 {
	var sum uint64
	for i, b := range data {
		sum += uint64(b) << (8 * ((i + 1) % 2))
	}
	for sum > 0xffff {
		sum = sum%0x10000 + sum/0x10000
	}
	return uint16(sum)
}

func TestResignReachesEachPeerTwice(t *testing.T) {
	lbC := netip.MustParseAddr("192.168.100.55")
	there := twoNodes(t, netip.PrefixFrom(lbA, 24), netip.PrefixFrom(lbB, 24), netip.PrefixFrom(lbC, 32))
	conn := listen(t, there, "ip4:112")
	second := netip.MustParseAddr("192.168.100.61")
	err := Resign(lbA, []netip.Addr{lbB, lbC}, Advert{VRID: 7, Priority: 250, Interval: time.Second, VIPs: []netip.Addr{vip, second}})
	if err != nil {
		t.Fatal(err)
	}
	arrived := make(map[string]int)
	for i := range 4 {
		buf := make([]byte, 1500)
		raw, err := conn.SyscallConn()
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		if failed := raw.Read(func(fd uintptr) bool { // with the IP header, which Read takes off
			n, _, err = unix.Recvfrom(int(fd), buf, 0)
			return err != unix.EAGAIN
		}); failed != nil || err != nil {
			t.Fatalf("wait for packet %d of 4: %v %v", i+1, failed, err)
		}
		ip, body := buf[:20], buf[20:n]
		header := fmt.Sprintf("version and length %#x, tos %#x, ttl %d, protocol %d, from %v",
			ip[0], ip[1], ip[8], ip[9], netip.AddrFrom4([4]byte(ip[12:])))
		arrived[netip.AddrFrom4([4]byte(ip[16:])).String()]++
		if diff := cmp.Diff("version and length 0x45, tos 0xc0, ttl 255, protocol 112, from 192.168.100.53", header); diff != "" {
			t.Errorf("IP header of packet %d (-want +got):\n%s", i+1, diff)
		}
		pseudo := append(append([]byte{}, ip[12:20]...), 0, 112, 0, byte(len(body)))
		if sum := sum16(append(pseudo, body...)); sum != 0xffff {
			t.Errorf("packet %d: the sum with the checksum is %#x, want 0xffff", i+1, sum)
		}
		clear(body[6:8])
		want := []byte{0x31, 7, 0, 2, 0, 100, 0, 0, 192, 168, 100, 60, 192, 168, 100, 61}
		if diff := cmp.Diff(want, body); diff != "" {
			t.Errorf("packet %d (-want +got):\n%s", i+1, diff)
		}
	}
	if diff := cmp.Diff(map[string]int{lbB.String(): 2, lbC.String(): 2}, arrived); diff != "" {
		t.Errorf("packets by destination (-want +got):\n%s", diff)
	}
}

// The receiving kernel checks the sum and drops what does not match.
func TestResignOverIPv6(t *testing.T) {
	from, to := netip.MustParseAddr("2001:db8::53"), netip.MustParseAddr("2001:db8::54")
	there := twoNodes(t, netip.PrefixFrom(from, 64), netip.PrefixFrom(to, 64))
	conn := listen(t, there, "ip6:112")
	setsockopt(t, conn, unix.IPPROTO_IPV6, unix.IPV6_CHECKSUM, 6)
	setsockopt(t, conn, unix.IPPROTO_IPV6, unix.IPV6_RECVHOPLIMIT, 1)
	vip := netip.MustParseAddr("2001:db8::60")
	if err := Resign(from, []netip.Addr{to}, Advert{VRID: 100, Interval: time.Second, VIPs: []netip.Addr{vip}}); err != nil {
		t.Fatal(err)
	}
	buf, control := make([]byte, 1500), make([]byte, 1500)
	for i := range 2 {
		n, c, _, sender, err := conn.ReadMsgIP(buf, control)
		if err != nil {
			t.Fatalf("wait for packet %d of 2: %v", i+1, err)
		}
		if got := sender.IP.String(); got != from.String() {
			t.Errorf("packet %d is from %s, want %s", i+1, got, from)
		}
		messages, err := unix.ParseSocketControlMessage(control[:c])
		if err != nil || len(messages) != 1 || binary.NativeEndian.Uint32(messages[0].Data) != 255 {
			t.Errorf("packet %d: hop limit = %v, %v, want 255", i+1, messages, err)
		}
		clear(buf[6:8])
		want := append([]byte{0x31, 100, 0, 1, 0, 100, 0, 0}, vip.AsSlice()...)
		if diff := cmp.Diff(want, buf[:n]); diff != "" {
			t.Errorf("packet %d (-want +got):\n%s", i+1, diff)
		}
	}
}

func TestPeerThatCannotBeReachedDoesNotKeepOthersFromHearing(t *testing.T) {
	there := twoNodes(t, netip.PrefixFrom(lbA, 24), netip.PrefixFrom(lbB, 24))
	conn := listen(t, there, "ip4:112")
	elsewhere := netip.MustParseAddr("198.51.100.1")
	err := Resign(lbA, []netip.Addr{elsewhere, lbB}, Advert{Interval: time.Second, VIPs: []netip.Addr{vip}})
	if err == nil || !strings.Contains(err.Error(), "resign to 198.51.100.1") || strings.Contains(err.Error(), lbB.String()) {
		t.Errorf("Resign = %v, want an error that names %s alone", err, elsewhere)
	}
	if _, _, err := conn.ReadFromIP(make([]byte, 1500)); err != nil {
		t.Errorf("wait for the advert to %s: %v", lbB, err)
	}
}

func TestResignFromAnAddressThatIsNotHereIsAnError(t *testing.T) {
	twoNodes(t, netip.PrefixFrom(lbA, 24), netip.PrefixFrom(lbB, 24))
	for _, from := range []netip.Addr{netip.MustParseAddr("198.51.100.1"), {}} {
		err := Resign(from, []netip.Addr{lbB}, Advert{Interval: time.Second, VIPs: []netip.Addr{vip}})
		if err == nil || !strings.Contains(err.Error(), "from "+from.String()) {
			t.Errorf("Resign from %s = %v, want an error that names it", from, err)
		}
	}
}
