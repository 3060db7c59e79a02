package peer

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"twinlb/init/beat"
)

// socket is the part of net.UDPConn that is used.
type socket interface {
	ReadFromUDPAddrPort(b []byte) (int, netip.AddrPort, error)
	WriteToUDPAddrPort(b []byte, to netip.AddrPort) (int, error)
	SetWriteDeadline(t time.Time) error
	Close() error
}

const (
	reopenAfter = time.Second
	// patience is how long a send may wait for room in the socket's buffer, which
	// datagrams to a peer without an ARP entry fill.
	patience = 50 * time.Millisecond
)

// listen is the receiving goroutine.
func (e *Exchange) listen(done <-chan struct{}) {
	// Not in Start: early in the boot getrandom(2) may wait for entropy.
	boot := newBootID()
	e.mu.Lock()
	e.told.boot = boot
	e.mu.Unlock()

	buffer := make([]byte, maxDatagram+1) // what is too long must not look like what is not
	for failing := false; ; {
		began := e.now()
		err := e.receiveAll(buffer)
		select {
		case <-done:
			return
		default:
		}
		if e.now()-began >= reopenAfter {
			failing = false
		}
		if !failing {
			e.config.Failed(fmt.Errorf("hear the peers on %s: %w", e.config.Local, err))
		}
		failing = true
		select {
		case <-done:
			return
		case <-time.After(reopenAfter):
		}
	}
}

// receiveAll opens the socket and returns when it has failed.
func (e *Exchange) receiveAll(buffer []byte) error {
	s, err := e.open()
	if err != nil {
		return err
	}
	defer s.Close()
	if !e.use(s) {
		return net.ErrClosed
	}
	e.prompt()
	for {
		n, from, err := s.ReadFromUDPAddrPort(buffer)
		if err != nil {
			return err
		}
		e.receive(buffer[:n], from)
	}
}

// use makes s the socket that is sent through. It says whether the exchange goes on.
func (e *Exchange) use(s socket) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.socket = s
	return !e.ended
}

// receive takes a datagram, whatever it is.
func (e *Exchange) receive(b []byte, from netip.AddrPort) {
	from = netip.AddrPortFrom(from.Addr().Unmap(), from.Port())
	for _, c := range e.peers {
		if c.address != from {
			continue
		}
		d, other, ok := c.in.decode(b)
		if !ok {
			if other != 0 && !c.foreign {
				c.foreign = true // once: it may be a replay of long ago
				e.config.Failed(fmt.Errorf("hear the peer %s: it speaks version %d of what the nodes tell each other, and this node version %d; "+
					"they elect all the same, and each shows the other as not heard", c.name, other, version))
			}
			return
		}
		e.mu.Lock()
		if d.echo.boot == e.told.boot && d.echo.sequence > c.sequence {
			e.told.boot = newBootID() // back from a snapshot
		}
		h := c.hear(d, e.told.boot, e.now())
		e.mu.Unlock()
		if h.prompt {
			e.prompt()
		}
		if h.paused != 0 && e.config.Paused != nil {
			e.config.Paused(c.name, h.paused)
		}
		switch {
		case h.news && !d.message:
			e.config.Heard(c.name, bytes.Clone(d.body))
		case h.news && e.config.Message != nil:
			e.config.Message(c.name, d.body)
		}
		return
	}
}

// speak is the sending goroutine: one timer for all peers.
func (e *Exchange) speak(done <-chan struct{}) {
	v := voice{Exchange: e, buffer: make([]byte, 0, maxDatagram), failing: map[*conversation]bool{}}
	timer := time.NewTimer(e.config.Interval)
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
		case <-e.wake:
		case message := <-e.messages:
			v.carry(message)
			continue
		case <-done:
			e.mu.Lock()
			defer e.mu.Unlock()
			e.ended = true
			if e.socket != nil {
				e.socket.Close() // ends the receiving goroutine
			}
			return
		}
		timer.Reset(v.round())
	}
}

// voice is what the sending goroutine alone has.
type voice struct {
	*Exchange
	buffer  []byte
	last    socket        // that was sent through
	tick    time.Duration // when regular datagrams are due
	failing map[*conversation]bool
}

// round sends what is due and returns how long nothing else will be.
func (v *voice) round() time.Duration {
	v.mu.Lock()
	s := v.socket
	v.mu.Unlock()
	now := v.now()
	regular := now >= v.tick || s != v.last
	v.last = s
	if regular {
		v.tick = now + beat.Next(v.config.Interval)
	}
	next := v.tick
	if s != nil {
		// Both fail only for a closed socket, as the sends then do. A deadline that
		// stood for longer would wake the processor each time.
		_ = s.SetWriteDeadline(time.Now().Add(patience))
		for _, c := range v.peers {
			next = min(next, v.sendTo(c, s, regular, now))
		}
		_ = s.SetWriteDeadline(time.Time{})
	}
	return max(0, next-v.now())
}

// carry sends a message to those peers that are heard.
func (v *voice) carry(message []byte) {
	v.mu.Lock()
	s := v.socket
	v.mu.Unlock()
	if s == nil {
		return
	}
	_ = s.SetWriteDeadline(time.Now().Add(patience))
	for _, c := range v.peers {
		v.mu.Lock()
		d, ok := c.carry(message, v.told, v.now())
		v.mu.Unlock()
		if ok {
			v.write(c, s, d)
		}
	}
	_ = s.SetWriteDeadline(time.Time{})
}

// sendTo sends what is due for a peer and returns when something else will be.
func (v *voice) sendTo(c *conversation, s socket, regular bool, now time.Duration) time.Duration {
	for {
		v.mu.Lock()
		d, ok := c.next(v.told, regular, now)
		due := c.due(v.told, now)
		v.mu.Unlock()
		if !ok {
			return due
		}
		regular = false
		if !v.write(c, s, d) {
			return due
		}
	}
}

// write says whether the socket is open.
func (v *voice) write(c *conversation, s socket, d datagram) bool {
	v.buffer = c.out.encode(v.buffer[:0], d)
	_, err := s.WriteToUDPAddrPort(v.buffer, c.address)
	if errors.Is(err, net.ErrClosed) {
		return false // the receiving goroutine says why
	}
	if err != nil && !v.failing[c] {
		v.config.Failed(fmt.Errorf("tell the peer %s: %w", c.name, err))
	}
	v.failing[c] = err != nil
	return true
}
