package lab

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// VLAN is the tag (IEEE 802.1Q) that the frames of a segment have on a trunk.
const VLAN = 100

const (
	etherTypeVLAN = 0x8100
	macs          = 12 // bytes of a frame before its tag or type
)

// Trunk adds a port of that name whose cable carries the frames with their tag, and
// returns the unix socket at which the machine takes it, as QEMU's stream netdev does.
// A frame that comes without the tag is lost.
func (s *Segment) Trunk(name string) (port *Port, socket string) {
	l := s.lab
	l.t.Helper()
	tap := l.openTap(name)
	l.t.Cleanup(func() { tap.Close() })
	l.ip("-n", l.Switch.Name, "link", "set", name, "master", s.bridge, "up")
	socket = filepath.Join(l.Dir, name+".trunk")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		l.t.Fatalf("make the trunk %s: %v", name, err)
	}
	l.t.Cleanup(func() { listener.Close() })
	machines := make(chan net.Conn)
	go func() {
		defer close(machines)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go untag(tap, conn)
			machines <- conn
		}
	}()
	go tag(machines, tap)
	return &Port{Name: name, lab: l}, socket
}

// openTap makes a tap device that this process reads and writes.
func (l *Lab) openTap(name string) *os.File {
	l.t.Helper()
	var tap *os.File
	err := l.Switch.Do(func() error { // a device is made where its file was opened
		fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
		if err != nil {
			return err
		}
		request, err := unix.NewIfreq(name)
		if err == nil {
			request.SetUint16(unix.IFF_TAP | unix.IFF_NO_PI)
			err = unix.IoctlIfreq(fd, unix.TUNSETIFF, request)
		}
		tap = os.NewFile(uintptr(fd), name)
		return err
	})
	if err != nil {
		l.t.Fatalf("make the tap device %s: %v", name, err)
	}
	return tap
}

// tag passes what the segment sends to the machine that came last. A frame goes
// after its length, 4 bytes (QEMU's net/stream.c).
func tag(machines <-chan net.Conn, segment io.Reader) {
	frame := make([]byte, 1<<16)
	machine, ok := <-machines
	if !ok {
		return
	}
	for {
		n, err := segment.Read(frame)
		if err != nil {
			return
		}
		select {
		case next, ok := <-machines:
			if !ok {
				return
			}
			machine.Close()
			machine = next
		default:
		}
		var out []byte
		out = binary.BigEndian.AppendUint32(out, uint32(n+4))
		out = append(out, frame[:macs]...)
		out = binary.BigEndian.AppendUint16(out, etherTypeVLAN)
		out = binary.BigEndian.AppendUint16(out, VLAN)
		_, _ = machine.Write(append(out, frame[macs:n]...)) // one that is off gets nothing
	}
}

// untag passes what the machine sends to the segment.
func untag(segment io.Writer, machine io.Reader) {
	r := bufio.NewReader(machine)
	for {
		var length uint32
		if err := binary.Read(r, binary.BigEndian, &length); err != nil || length > 1<<16 {
			return
		}
		frame := make([]byte, length)
		if _, err := io.ReadFull(r, frame); err != nil {
			return
		}
		if len(frame) < macs+4 || binary.BigEndian.Uint16(frame[macs:]) != etherTypeVLAN || binary.BigEndian.Uint16(frame[macs+2:])&0xfff != VLAN {
			continue
		}
		if _, err := segment.Write(append(frame[:macs:macs], frame[macs+4:]...)); errors.Is(err, os.ErrClosed) {
			return
		}
	}
}
