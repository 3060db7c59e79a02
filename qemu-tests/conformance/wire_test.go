package conformance

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"twinlb/qemu-tests/lab"

	ethernet "github.com/mdlayher/packet"
	"golang.org/x/sys/unix"
)

// wire is what has passed the switch since it was listened to, with the kernel's own
// time stamps: how late the test reads it does not count.
type wire struct {
	mu            sync.Mutex
	strangers     map[string]bool // MAC addresses of those who may send anything
	adverts       []advert
	announcements []announcement
	faults        []error // what a node must not send
}

// listen captures on the bridge, which has each frame that a port has let in, once.
func listen(t *testing.T, l *lab.Lab) *wire {
	t.Helper()
	var conn *ethernet.Conn
	err := l.Switch.Do(func() error {
		bridge, err := net.InterfaceByName("lan")
		if err != nil {
			return err
		}
		conn, err = ethernet.Listen(bridge, ethernet.Raw, unix.ETH_P_ALL, nil)
		return err
	})
	if err != nil {
		t.Fatalf("listen to the wire: %v", err)
	}
	if err := conn.SetPromiscuous(true); err != nil {
		t.Fatalf("listen to the wire: %v", err)
	}
	raw, err := conn.SyscallConn()
	if err != nil {
		t.Fatalf("listen to the wire: %v", err)
	}
	var option error
	if err := raw.Control(func(fd uintptr) {
		option = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1)
	}); err != nil || option != nil {
		t.Fatalf("ask for time stamps: %v %v", err, option)
	}
	w := &wire{strangers: make(map[string]bool)}
	var reading sync.WaitGroup
	reading.Go(func() { w.read(raw) })
	t.Cleanup(func() {
		conn.Close()
		reading.Wait()
		for _, fault := range w.faults {
			t.Error(fault)
		}
	})
	return w
}

// read ends when the connection is closed.
func (w *wire) read(raw syscall.RawConn) {
	data, control := make([]byte, 1<<16), make([]byte, 256)
	for {
		var n, controls int
		var failed error
		err := raw.Read(func(fd uintptr) bool {
			n, controls, _, _, failed = unix.Recvmsg(int(fd), data, control, unix.MSG_DONTWAIT)
			return failed != unix.EAGAIN
		})
		if err != nil {
			return
		}
		if failed != nil {
			w.fault(fmt.Errorf("listen to the wire: %w", failed))
			return
		}
		at, err := stamp(control[:controls])
		if err != nil {
			w.fault(err)
			continue
		}
		w.take(at, slices.Clone(data[:n]))
	}
}

// stamp is the time in the control message, socket(7) SO_TIMESTAMPNS.
func stamp(control []byte) (time.Time, error) {
	messages, err := unix.ParseSocketControlMessage(control)
	if err != nil || len(messages) != 1 || len(messages[0].Data) != 16 {
		return time.Time{}, fmt.Errorf("read a time stamp: %v, %v", messages, err)
	}
	data := messages[0].Data
	return time.Unix(int64(binary.NativeEndian.Uint64(data)), int64(binary.NativeEndian.Uint64(data[8:]))), nil
}

func (w *wire) fault(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.faults = append(w.faults, err)
}

func (w *wire) take(at time.Time, data []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f, err := parseFrame(at, data)
	if err == nil && w.strangers[f.from.String()] {
		return
	}
	if err == nil {
		err = w.judge(f)
	}
	if err != nil {
		w.faults = append(w.faults, err)
	}
}

func (w *wire) judge(f frame) error {
	var said announcement
	var ok bool
	var err error
	switch f.etherType {
	case etherTypeARP:
		said, ok, err = parseARP(f)
	case etherTypeIPv4, etherTypeIPv6:
		if f.etherType == etherTypeIPv4 && (len(f.payload) < 20 || f.payload[9] != protocolVRRP) {
			return nil // the kernel's, perhaps with options
		}
		var p packet
		p, err = parsePacket(f)
		switch {
		case err != nil:
		case p.protocol == protocolVRRP:
			var a advert
			if a, err = parseAdvert(f, p); err == nil {
				w.adverts = append(w.adverts, a)
			}
		case p.protocol == protocolICMPv6:
			said, ok, err = parseNeighbour(f, p)
		}
	}
	if ok {
		w.announcements = append(w.announcements, said)
	}
	return err
}

// ignore takes what comes from the MAC address for no node's.
func (w *wire) ignore(mac net.HardwareAddr) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.strangers[mac.String()] = true
}

// advertsOf returns those of the node after the time, in their order.
func (w *wire) advertsOf(n *node, after time.Time) []advert {
	w.mu.Lock()
	defer w.mu.Unlock()
	var its []advert
	for _, a := range w.adverts {
		if a.mac == n.mac.String() && a.at.After(after) {
			its = append(its, a)
		}
	}
	return its
}

// announcementsOf returns those of the node after the time, in their order.
func (w *wire) announcementsOf(n *node, after time.Time) []announcement {
	w.mu.Lock()
	defer w.mu.Unlock()
	var its []announcement
	for _, a := range w.announcements {
		if a.mac == n.mac.String() && a.at.After(after) {
			its = append(its, a)
		}
	}
	return its
}

// awaitAdvert returns the node's first advert after the time that is as asked for.
func (w *wire) awaitAdvert(t *testing.T, n *node, after time.Time, what string, is func(advert) bool) advert {
	t.Helper()
	var found advert
	lab.Await(t, patience, fmt.Sprintf("an advert of %s: %s", n.spec.Node.Name, what), func() error {
		its := w.advertsOf(n, after)
		i := slices.IndexFunc(its, is)
		if i < 0 {
			return fmt.Errorf("there are %d others", len(its))
		}
		found = its[i]
		return nil
	})
	return found
}

// awaitAnnouncement returns the node's first announcement of a VIP after the time.
func (w *wire) awaitAnnouncement(t *testing.T, n *node, after time.Time) announcement {
	t.Helper()
	var found announcement
	lab.Await(t, patience, n.spec.Node.Name+" to announce a VIP", func() error {
		its := w.announcementsOf(n, after)
		if len(its) == 0 {
			return errors.New("it has not")
		}
		found = its[0]
		return nil
	})
	return found
}

// holds is an advert of a master, not of one that stops.
func holds(a advert) bool { return a.priority != 0 }
