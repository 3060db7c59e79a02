package lab

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"twinlb/qemu-tests/sandbox"
)

var (
	clientAddress = netip.MustParsePrefix("192.168.100.1/24")
	serverAddress = netip.MustParsePrefix("192.168.100.51/24")
)

func TestMain(m *testing.M) { sandbox.Main(m) }

func TestHostsReachEachOther(t *testing.T) {
	l := New(t)
	client, server := l.Host("client", clientAddress), l.Host("mysql1", serverAddress)
	address := serveGreeting(t, server)
	if err := greet(client, address); err != nil {
		t.Errorf("dial from the client's namespace: %v", err)
	}

	stranger := New(t).Host("client", clientAddress)
	if err := greet(stranger, address); err == nil {
		t.Errorf("dial %s from another lab succeeded, want it unreachable", address)
	}
}

func TestSysctl(t *testing.T) {
	h := New(t).Host("client", clientAddress)
	if err := h.Sysctl("net/ipv4/neigh/eth0/retrans_time_ms", "100"); err != nil {
		t.Fatal(err)
	}
	out, err := h.Command("cat", "/proc/sys/net/ipv4/neigh/eth0/retrans_time_ms").Output()
	if got := strings.TrimSpace(string(out)); err != nil || got != "100" {
		t.Errorf("in the namespace the variable is %q, error %v, want 100", got, err)
	}
	if outside, err := os.ReadFile("/proc/sys/net/ipv4/neigh/eth0/retrans_time_ms"); err == nil && string(outside) == "100\n" {
		t.Error("the variable was set outside the namespace")
	}
}

func TestPort(t *testing.T) {
	tests := []struct {
		name        string
		spoil, mend func(*Port) error
		carrier     bool
	}{
		{"cut", (*Port).Cut, (*Port).Plug, false},
		{"mute", (*Port).Mute, (*Port).Unmute, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := New(t)
			client, server := l.Host("client", clientAddress), l.Host("mysql1", serverAddress)
			address := serveGreeting(t, server)
			if err := tt.spoil(server.Port); err != nil {
				t.Fatal(err)
			}
			if err := greet(client, address); err == nil {
				t.Errorf("dial through a broken cable succeeded, want a timeout")
			}
			if got := hasCarrier(t, server); got != tt.carrier {
				t.Errorf("carrier at the host is %v, want %v", got, tt.carrier)
			}
			if err := tt.mend(server.Port); err != nil {
				t.Fatal(err)
			}
			Await(t, 5*time.Second, "the mended cable to pass frames", func() error { return greet(client, address) })
		})
	}
}

func TestWhoHas(t *testing.T) {
	for _, tt := range []struct{ name, vip, a, b, client string }{
		{"IPv4", "192.168.100.60/32", "192.168.100.53/24", "192.168.100.54/24", "192.168.100.1/24"},
		{"IPv6", "2001:db8::60/128", "2001:db8::53/64", "2001:db8::54/64", "2001:db8::1/64"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := New(t)
			client := l.Host("client", netip.MustParsePrefix(tt.client))
			a, b := l.Host("lb-a", netip.MustParsePrefix(tt.a)), l.Host("lb-b", netip.MustParsePrefix(tt.b))
			check := func(when string, want ...*Host) {
				t.Helper()
				got, err := client.WhoHas(netip.MustParsePrefix(tt.vip).Addr(), 100*time.Millisecond)
				if err != nil {
					t.Fatal(err)
				}
				macs := make(map[string]bool)
				for _, h := range want {
					macs[macOf(t, h)] = true
				}
				for _, mac := range got {
					if !macs[mac.String()] {
						t.Errorf("%s: %v claims the VIP, want only %v", when, mac, macs)
					}
				}
				if len(got) != len(want) {
					t.Errorf("%s: %d claim the VIP, want %d", when, len(got), len(want))
				}
			}
			check("on nobody")
			l.ip("-n", a.Name, "address", "add", tt.vip, "dev", "eth0", "nodad")
			check("on one", a)
			l.ip("-n", b.Name, "address", "add", tt.vip, "dev", "eth0", "nodad")
			check("on both", a, b)
			l.ip("-n", a.Name, "address", "del", tt.vip, "dev", "eth0")
			check("on the other", b)
		})
	}
}

func TestSegmentsAreApart(t *testing.T) {
	l := New(t)
	server := l.Host("mysql1", serverAddress)
	address := serveGreeting(t, server)
	if err := greet(l.NewSegment("second").Host("stranger", clientAddress), address); err == nil {
		t.Errorf("dial %s from another segment succeeded, want it unreachable", address)
	}
}

// The kernel of the machine that runs the tests may know no VLANs.
func TestTrunk(t *testing.T) {
	l := New(t)
	client := l.Host("client", clientAddress)
	machine, err := net.Dial("unix", l.Trunk("lb-a").Socket)
	if err != nil {
		t.Fatal(err)
	}
	defer machine.Close()
	machine.SetDeadline(time.Now().Add(5 * time.Second))
	const broadcast = "\xff\xff\xff\xff\xff\xff\x52\x54\x00\x00\x00\x01"
	request := "\x08\x06\x00\x01\x08\x00\x06\x04\x00\x01\x52\x54\x00\x00\x00\x01\xc0\xa8\x64\x35\x00\x00\x00\x00\x00\x00\xc0\xa8\x64\x01"
	ask := func(tag string) {
		frame := broadcast + tag + request
		if _, err := machine.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(frame))), frame...)); err != nil {
			t.Fatal(err)
		}
	}
	ask("")                 // lost
	ask("\x81\x00\x00\x65") // the tag 101: lost
	ask("\x81\x00\x00\x64")
	answers := 0
	for answers == 0 {
		var length uint32
		if err := binary.Read(machine, binary.BigEndian, &length); err != nil {
			t.Fatalf("wait for the answer of %v: %v", macOf(t, client), err)
		}
		frame := make([]byte, length)
		if _, err := io.ReadFull(machine, frame); err != nil {
			t.Fatal(err)
		}
		if got := frame[12:16]; !bytes.Equal(got, []byte{0x81, 0, 0, 100}) {
			t.Fatalf("a frame comes with % x after its addresses, want the tag 100", got)
		}
		if bytes.HasPrefix(frame[16:], []byte("\x08\x06\x00\x01\x08\x00\x06\x04\x00\x02")) {
			answers++
		}
	}
	machine.SetDeadline(time.Now().Add(200 * time.Millisecond))
	for {
		var length uint32
		if binary.Read(machine, binary.BigEndian, &length) != nil {
			return
		}
		frame := make([]byte, length)
		if _, err := io.ReadFull(machine, frame); err != nil {
			t.Fatal(err)
		}
		if bytes.HasPrefix(frame[16:], []byte("\x08\x06\x00\x01\x08\x00\x06\x04\x00\x02")) {
			t.Error("a request without the tag was answered as well")
		}
	}
}

func TestLabLeavesNothing(t *testing.T) {
	var l *Lab
	t.Run("lab", func(t *testing.T) {
		l = New(t)
		l.Host("client", clientAddress)
		l.Tap("lb-a")
	})
	for _, name := range []string{l.prefix + "-switch", l.prefix + "-client"} {
		if _, err := os.Stat("/run/netns/" + name); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("namespace %s is still there (%v)", name, err)
		}
	}
	if _, err := os.Stat(l.Dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("work directory %s is still there (%v)", l.Dir, err)
	}
}

// serveGreeting listens on port 3306 of the host, sends a byte to each client
// and returns its address.
func serveGreeting(t *testing.T, h *Host) string {
	t.Helper()
	address := netip.AddrPortFrom(serverAddress.Addr(), 3306).String()
	listener, err := h.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			conn.Write([]byte("\n"))
			conn.Close()
		}
	}()
	return address
}

func greet(from *Host, address string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
	defer cancel()
	conn, err := from.Dial(ctx, "tcp", address)
	if err != nil {
		return err
	}
	defer conn.Close()
	_, err = conn.Read(make([]byte, 1))
	return err
}

func hasCarrier(t *testing.T, h *Host) bool {
	t.Helper()
	out, err := exec.Command("ip", "-n", h.Name, "link", "show", "eth0").Output()
	if err != nil {
		t.Fatal(err)
	}
	return !strings.Contains(string(out), "NO-CARRIER")
}

func macOf(t *testing.T, h *Host) string {
	t.Helper()
	var mac string
	err := h.Do(func() error {
		eth0, err := net.InterfaceByName("eth0")
		if err == nil {
			mac = eth0.HardwareAddr.String()
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return mac
}
