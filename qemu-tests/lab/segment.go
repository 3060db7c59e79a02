package lab

import (
	"net/netip"
	"os"
)

// Segment is an Ethernet segment: a bridge, and what is plugged into it.
type Segment struct {
	bridge string
	lab    *Lab
}

// NewSegment adds a segment of that name to the lab, apart from its first.
func (l *Lab) NewSegment(name string) *Segment {
	l.t.Helper()
	// No spanning tree: a port forwards at once. No snooping: a VRRP advert must
	// not wait until somebody has asked for its group.
	l.ip("-n", l.Switch.Name, "link", "add", name, "up", "type", "bridge",
		"stp_state", "0", "forward_delay", "0", "mcast_snooping", "0")
	return &Segment{bridge: name, lab: l}
}

// Host adds a host with the addresses and waits until its cable carries frames.
func (s *Segment) Host(name string, addresses ...netip.Prefix) *Host {
	l := s.lab
	l.t.Helper()
	h := &Host{Namespace: l.namespace(name), Port: &Port{Name: name, lab: l}}
	l.ip("-n", l.Switch.Name, "link", "add", name, "master", s.bridge, "up",
		"type", "veth", "peer", "name", "eth0", "netns", h.Name)
	l.ip("-n", h.Name, "link", "set", "eth0", "up")
	for _, a := range addresses {
		l.ip("-n", h.Name, "address", "add", a.String(), "dev", "eth0", "nodad")
	}
	h.Port.awaitForwarding()
	return h
}

// Tap adds a tap device of that name to the switch, for a virtual machine.
func (s *Segment) Tap(name string) *Port {
	l := s.lab
	l.t.Helper()
	if tun, err := os.OpenFile("/dev/net/tun", os.O_RDWR, 0); err != nil {
		l.t.Fatalf("make a tap device: %v (Debian lets every user: sudo chmod 0666 /dev/net/tun)", err)
	} else {
		tun.Close()
	}
	l.ip("-n", l.Switch.Name, "tuntap", "add", "dev", name, "mode", "tap")
	l.ip("-n", l.Switch.Name, "link", "set", name, "master", s.bridge, "up")
	return &Port{Name: name, lab: l}
}
