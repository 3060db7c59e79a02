package conformance

import (
	"bytes"
	"encoding/binary"
	"net"
	"net/netip"
	"testing"
	"time"

	"twinlb/qemu-tests/lab"
	"twinlb/services/keepalived"

	ethernet "github.com/mdlayher/packet"
	"golang.org/x/sys/unix"
)

// forger is a host that sends what it likes to a node.
type forger struct {
	*lab.Host
	t    *testing.T
	conn *ethernet.Conn
	to   *node
}

func (p *pair) forger(t *testing.T, to *node) *forger {
	t.Helper()
	f := &forger{t: t, to: to, Host: p.Host("stranger", netip.MustParsePrefix("192.168.100.99/24"))}
	p.wire.ignore(hardwareAddr(t, f.Host))
	to.must(f.Do(func() error {
		eth0, err := net.InterfaceByName("eth0")
		if err == nil {
			f.conn, err = ethernet.Listen(eth0, ethernet.Raw, unix.ETH_P_ALL, nil)
		}
		return err
	}))
	t.Cleanup(func() { f.conn.Close() })
	return f
}

// send sends the packet, with checksums that are right unless the VRRP one is spoilt.
func (f *forger) send(p packet, spoil uint16) {
	f.t.Helper()
	binary.BigEndian.PutUint16(p.body[6:], 0)
	binary.BigEndian.PutUint16(p.body[6:], ^p.sumWithPseudoHeader()^spoil)
	var frame bytes.Buffer
	frame.Write(f.to.mac)
	frame.Write(hardwareAddr(f.t, f.Host))
	if p.source.Is4() {
		header := []byte{4<<4 | 5, p.class, 0, byte(20 + len(p.body)), 0, 0, 0, 0, p.hops, p.protocol, 0, 0}
		header = append(append(header, p.source.AsSlice()...), p.destination.AsSlice()...)
		binary.BigEndian.PutUint16(header[10:], ^sum(header))
		frame.Write(binary.BigEndian.AppendUint16(nil, etherTypeIPv4))
		frame.Write(header)
	} else {
		frame.Write(binary.BigEndian.AppendUint16(nil, etherTypeIPv6))
		frame.Write([]byte{6<<4 | p.class>>4, p.class << 4, 0, 0, 0, byte(len(p.body)), p.protocol, p.hops})
		frame.Write(p.source.AsSlice())
		frame.Write(p.destination.AsSlice())
	}
	frame.Write(p.body)
	_, err := f.conn.WriteTo(frame.Bytes(), &ethernet.Addr{HardwareAddr: f.to.mac})
	f.to.must(err)
}

// A master that hears adverts of the highest priority gives the VIP up, but only to
// its peers, and only for what RFC 9568 §7.1 lets pass. The last case is the control:
// whoever is on the segment can forge a peer's advert, and it works.
func TestStrayAdvertsAreDropped(t *testing.T) {
	t.Parallel()
	for _, f := range []struct {
		family
		stranger, group string
	}{
		{ipv4, "192.168.100.99", "224.0.0.18"},
		{ipv6, "2001:db8::99", "ff02::12"},
	} {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			p := run(t, f.family)
			stray := p.forger(t, p.a)
			from, to := p.b.address(), p.a.address()
			stranger, group := netip.MustParseAddr(f.stranger), netip.MustParseAddr(f.group)
			for _, tt := range []struct {
				name   string
				change func(*packet, *advert)
				raw    func(body []byte) []byte
				spoil  uint16
			}{
				{name: "from a stranger", change: func(p *packet, _ *advert) { p.source = stranger }},
				{name: "from a stranger to the group", change: func(p *packet, _ *advert) { p.source, p.destination = stranger, group }},
				{name: "through a router", change: func(p *packet, _ *advert) { p.hops = 254 }},
				{name: "with the usual TTL", change: func(p *packet, _ *advert) { p.hops = 64 }},
				{name: "of another VRID", change: func(_ *packet, a *advert) { a.vrid = vrid + 1 }},
				{name: "with a wrong checksum", spoil: 0x0100},
				{name: "of version 2", raw: func(b []byte) []byte { b[0] = 2<<4 | 1; return b }},
				{name: "of version 4", raw: func(b []byte) []byte { b[0] = 4<<4 | 1; return b }},
				{name: "of another type", raw: func(b []byte) []byte { b[0] = 3<<4 | 2; return b }},
				{name: "cut off", raw: func(b []byte) []byte { return b[:len(b)-4] }},
				{name: "of a header alone", raw: func(b []byte) []byte { return b[:8] }},
				{name: "of the master itself", change: func(p *packet, _ *advert) { p.source = to }},
			} {
				begin, told := time.Now(), p.a.told()
				for range 3 {
					stray.send(forge(from, to, p.a.advertised(), tt.change, tt.raw), tt.spoil)
				}
				p.wire.awaitAdvert(t, p.a, time.Now().Add(interval), "it goes on", holds)
				if got := p.a.told(); got != told {
					t.Errorf("%s: the state of the master has changed %d times, want nothing to change", tt.name, got-told)
				}
				if got := intervals(p.wire.advertsOf(p.a, begin.Add(-2*interval))); got[len(got)-1] >= dead {
					t.Errorf("%s: the master was silent for %v", tt.name, got[len(got)-1])
				}
			}
			stray.send(forge(from, to, p.a.advertised(), nil, nil), 0)
			p.a.await(keepalived.StateBackup)
		})
	}
}

// forge makes an advert of priority 255, changed before it is encoded and after that.
func forge(from, to netip.Addr, vips []netip.Addr, change func(*packet, *advert), raw func([]byte) []byte) packet {
	p := packet{source: from, destination: to, protocol: protocolVRRP, hops: 255, class: networkControl}
	a := advert{vrid: vrid, priority: 255, interval: interval, vips: vips}
	if change != nil {
		change(&p, &a)
	}
	p.body = a.encode()
	if raw != nil {
		p.body = raw(p.body)
	}
	return p
}
