// Package lab makes Ethernet segments of network namespaces: a switch, hosts with
// their cables to it, and tap devices for virtual machines.
//
// It owns names, wiring, the work directory and the removal of it all. It knows
// neither virtual machines nor MySQL. It needs a sandbox and iproute2.
package lab

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
)

// Lab is one Ethernet segment, and more where they are asked for. Nothing on them
// reaches any other network.
type Lab struct {
	*Segment
	// Switch is the namespace of the bridges; QEMU runs in it, beside its taps.
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

var labs atomic.Int32

// New makes a segment without hosts, to be removed when t is over. With the
// environment variable TWINLB_PCAP=1, tcpdump writes what passes the switch to
// lan.pcap in the work directory.
func New(t T) *Lab {
	t.Helper()
	l := &Lab{t: t, Dir: workDir(t), prefix: fmt.Sprintf("lab%d", labs.Add(1))}
	l.Switch = l.namespace("switch")
	l.Segment = l.NewSegment("lan")
	if os.Getenv("TWINLB_PCAP") == "1" {
		l.capture()
	}
	return l
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
	dump := l.Switch.Command("tcpdump", "-Z", "root", "-U", "-i", l.bridge, "-w", filepath.Join(l.Dir, "lan.pcap"))
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
