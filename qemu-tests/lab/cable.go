package lab

import (
	"bufio"
	"encoding/binary"
	"io"
	"net"
	"os"
	"path/filepath"
	"sync"

	"golang.org/x/sys/unix"
)

// waiting is how many frames a machine that takes none has waiting for it, as many
// as a tap device has. Those that come later are lost.
const waiting = 1000

// Cable is a machine's cable whose frames this process carries, between a port of
// the switch and a unix socket, so that it can spoil them on their way.
type Cable struct {
	Port        *Port
	Socket      string // where QEMU's stream netdev takes it
	ToMachine   *Lane
	FromMachine *Lane

	mu      sync.Mutex
	machine chan<- []byte // of the machine that came last; nil before
}

// Cable adds a port of that name and a cable in it.
func (s *Segment) Cable(name string) *Cable {
	asIs := func(frame []byte) []byte { return frame }
	return s.cable(name, asIs, asIs)
}

// cable lets each frame be changed as it leaves and enters the switch; nil is lost.
func (s *Segment) cable(name string, leave, enter func(frame []byte) []byte) *Cable {
	l := s.lab
	l.t.Helper()
	tap := l.openTap(name)
	l.t.Cleanup(func() { tap.Close() })
	l.ip("-n", l.Switch.Name, "link", "set", name, "master", s.bridge, "up")
	c := &Cable{Port: &Port{Name: name, lab: l}, Socket: filepath.Join(l.Dir, name+".cable")}
	c.ToMachine = newLane(func(frame []byte) {
		if frame = leave(frame); frame != nil {
			c.offer(frame)
		}
	})
	c.FromMachine = newLane(func(frame []byte) {
		if frame = enter(frame); frame != nil {
			_, _ = tap.Write(frame) // a port that is down takes none
		}
	})
	listener, err := net.Listen("unix", c.Socket)
	if err != nil {
		l.t.Fatalf("make the cable %s: %v", name, err)
	}
	l.t.Cleanup(func() { listener.Close() })
	go c.accept(listener)
	go c.leave(tap)
	return c
}

// leave takes what the switch sends, until the tap device is closed.
func (c *Cable) leave(tap io.Reader) {
	frame := make([]byte, 1<<16)
	for {
		n, err := tap.Read(frame)
		if err != nil {
			return
		}
		c.ToMachine.carry(frame[:n])
	}
}

// accept serves the machine that comes, and after it was switched off and on the
// next one.
func (c *Cable) accept(listener net.Listener) {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		frames, gone := make(chan []byte, waiting), make(chan struct{})
		c.mu.Lock()
		c.machine = frames
		c.mu.Unlock()
		go send(conn, frames, gone)
		go func() {
			receive(conn, c.FromMachine.carry)
			close(gone)
			conn.Close()
		}()
	}
}

func (c *Cable) offer(frame []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	select {
	case c.machine <- frame:
	default: // it is off, or takes none
	}
}

// A frame goes after its length, 4 bytes (QEMU's net/stream.c).
func send(machine io.Writer, frames <-chan []byte, gone <-chan struct{}) {
	for {
		select {
		case frame := <-frames:
			out := binary.BigEndian.AppendUint32(nil, uint32(len(frame)))
			_, _ = machine.Write(append(out, frame...)) // gone says that it is off
		case <-gone:
			return
		}
	}
}

// receive returns when the machine is off.
func receive(machine io.Reader, carry func(frame []byte)) {
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
		carry(frame)
	}
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
