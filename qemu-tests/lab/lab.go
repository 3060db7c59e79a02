// Package lab makes an Ethernet segment of network namespaces: a switch, hosts
// with their cables to it, and tap devices for virtual machines.
//
// It owns names, wiring, the work directory and the removal of it all. It knows
// neither virtual machines nor MySQL. It needs a sandbox and iproute2.
package lab

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
)

// Lab is one Ethernet segment. Nothing on it reaches any other network.
type Lab struct {
	// Switch is the namespace of the bridge; QEMU runs in it, beside its tap.
	Switch Namespace
	// Dir is the work directory, kept when something fails.
	Dir string

	t      T
	prefix string
}

// Host is a namespace with one interface, eth0, whose cable ends at the switch.
type Host struct {
	Namespace
	Port *Port
}

const bridge = "lan"

var labs atomic.Int32

// New makes a segment without hosts, to be removed when t is over. With the
// environment variable TWINLB_PCAP=1, tcpdump writes what passes the switch to
// lan.pcap in the work directory.
func New(t T) *Lab {
	t.Helper()
	l := &Lab{t: t, Dir: workDir(t), prefix: fmt.Sprintf("lab%d", labs.Add(1))}
	l.Switch = l.namespace("switch")
	// No spanning tree: a port forwards at once. No snooping: a VRRP advert must
	// not wait until somebody has asked for its group.
	l.ip("-n", l.Switch.Name, "link", "add", bridge, "up", "type", "bridge",
		"stp_state", "0", "forward_delay", "0", "mcast_snooping", "0")
	if os.Getenv("TWINLB_PCAP") == "1" {
		l.capture()
	}
	return l
}

// Host adds a host with the addresses and waits until its cable carries frames.
func (l *Lab) Host(name string, addresses ...netip.Prefix) *Host {
	l.t.Helper()
	h := &Host{Namespace: l.namespace(name), Port: &Port{Name: name, lab: l}}
	l.ip("-n", l.Switch.Name, "link", "add", name, "master", bridge, "up",
		"type", "veth", "peer", "name", "eth0", "netns", h.Name)
	l.ip("-n", h.Name, "link", "set", "eth0", "up")
	for _, a := range addresses {
		l.ip("-n", h.Name, "address", "add", a.String(), "dev", "eth0", "nodad")
	}
	h.Port.awaitForwarding()
	return h
}

// Tap adds a tap device of that name to the switch, for a virtual machine.
func (l *Lab) Tap(name string) *Port {
	l.t.Helper()
	if tun, err := os.OpenFile("/dev/net/tun", os.O_RDWR, 0); err != nil {
		l.t.Fatalf("make a tap device: %v (Debian lets every user: sudo chmod 0666 /dev/net/tun)", err)
	} else {
		tun.Close()
	}
	l.ip("-n", l.Switch.Name, "tuntap", "add", "dev", name, "mode", "tap")
	l.ip("-n", l.Switch.Name, "link", "set", name, "master", bridge, "up")
	return &Port{Name: name, lab: l}
}

func (l *Lab) namespace(name string) Namespace {
	l.t.Helper()
	ns := Namespace{Name: l.prefix + "-" + name}
	l.ip("netns", "add", ns.Name)
	l.t.Cleanup(func() { l.ip("netns", "delete", ns.Name) })
	l.ip("-n", ns.Name, "link", "set", "lo", "up")
	return ns
}

func (l *Lab) ip(args ...string) {
	l.t.Helper()
	if err := run("ip", args...); err != nil {
		l.t.Fatal(err)
	}
}

// capture needs -Z root: tcpdump would give up root and then not write to Dir.
func (l *Lab) capture() {
	l.t.Helper()
	dump := l.Switch.Command("tcpdump", "-Z", "root", "-U", "-i", bridge, "-w", filepath.Join(l.Dir, "lan.pcap"))
	if err := dump.Start(); err != nil {
		l.t.Fatalf("capture what passes the switch: %v", err)
	}
	l.t.Cleanup(func() {
		dump.Process.Signal(os.Interrupt)
		dump.Wait()
	})
}

func run(name string, args ...string) error {
	out, err := exec.CommandContext(context.Background(), name, args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, strings.TrimSpace(string(out)))
	}
	return nil
}
