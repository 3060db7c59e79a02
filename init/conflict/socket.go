package conflict

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/mdlayher/packet"
	"github.com/vishvananda/netlink"
	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

var broadcast = net.HardwareAddr{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}

// socket hears claims of some addresses of one version of IP on a link, and sends
// for them.
type socket struct {
	conn *packet.Conn
	mac  net.HardwareAddr // of the link
	six  bool
	read reader
}

// speaks tells whether the address is of the socket's version of IP.
func (s *socket) speaks(address netip.Addr) bool { return address.Is6() == s.six }

// open makes a socket for each version of IP among the addresses. Closing one ends
// whoever waits for a claim on it.
func open(link netlink.Link, addresses []netip.Addr) ([]*socket, error) {
	four, six := split(addresses)
	var all []*socket
	for _, of := range []struct {
		addresses []netip.Addr
		etherType int
		filter    func([]netip.Addr) ([]bpf.RawInstruction, error)
		read      reader
	}{
		{four, unix.ETH_P_ARP, arpFilter, readARP},
		{six, unix.ETH_P_IPV6, ndFilter, readND},
	} {
		if len(of.addresses) == 0 {
			continue
		}
		program, err := of.filter(of.addresses)
		if err == nil {
			var conn *packet.Conn
			if conn, err = listen(link, of.etherType, program); err == nil {
				all = append(all, &socket{conn: conn, mac: link.Attrs().HardwareAddr, six: of.etherType == unix.ETH_P_IPV6, read: of.read})
				continue
			}
		}
		closeAll(all)
		return nil, fmt.Errorf("listen on %s for who claims %v: %w", link.Attrs().Name, of.addresses, err)
	}
	return all, nil
}

func listen(link netlink.Link, etherType int, program []bpf.RawInstruction) (*packet.Conn, error) {
	attrs := link.Attrs()
	device := &net.Interface{Index: attrs.Index, Name: attrs.Name, HardwareAddr: attrs.HardwareAddr, MTU: attrs.MTU}
	return packet.Listen(device, packet.Datagram, etherType, &packet.Config{Filter: program})
}

func closeAll(sockets []*socket) {
	for _, s := range sockets {
		s.conn.Close()
	}
}

// next returns the next claim of another machine, or an error when the socket was
// closed, its link is gone, or its deadline has passed.
func (s *socket) next(buffer []byte) (Claim, error) {
	for {
		n, _, err := s.conn.ReadFrom(buffer)
		if errors.Is(err, unix.ENETDOWN) { // told once when the link goes down; it comes back
			continue
		}
		if err != nil {
			return Claim{}, err
		}
		if claim, ok := s.read(buffer[:n]); ok && claim.ofAnother(s.mac) {
			return claim, nil
		}
	}
}

// relay puts claims into the channel, as long as there is room, until there is no next
// one. It pauses after each.
func (s *socket) relay(claims chan<- Claim, pause time.Duration) {
	buffer := make([]byte, snapshot)
	for {
		claim, err := s.next(buffer)
		if err != nil {
			return
		}
		select {
		case claims <- claim:
		default:
		}
		time.Sleep(pause)
	}
}

// probe asks who has the address.
func (s *socket) probe(address netip.Addr) error {
	if address.Is4() {
		return s.send(arpProbe(s.mac, address), broadcast)
	}
	question, group := ndProbe(address)
	return s.send(question, groupMAC(group))
}

// announce tells everybody that this machine has the address.
func (s *socket) announce(address netip.Addr) error {
	if !address.Is4() {
		return s.send(ndAnnouncement(s.mac, address), groupMAC(allNodes))
	}
	for _, packet := range arpAnnouncements(s.mac, address) {
		if err := s.send(packet, broadcast); err != nil {
			return err
		}
	}
	return nil
}

// patience is for a queue that is full. Nothing waits longer for a frame to leave.
const patience = 10 * time.Millisecond

func (s *socket) send(packet []byte, to net.HardwareAddr) error {
	if err := s.conn.SetWriteDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	_, err := s.conn.WriteTo(packet, address(to))
	return err
}

func address(mac net.HardwareAddr) *packet.Addr { return &packet.Addr{HardwareAddr: mac} }
