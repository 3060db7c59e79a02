package drill

import (
	"fmt"
	"io"
	"net"
	"net/netip"
	"sync"
	"time"
)

// A connection begins each interval, whatever became of the others, and has the limit
// to the server's answer to its login.
const (
	interval = 20 * time.Millisecond
	limit    = 250 * time.Millisecond
)

// maxPacket is more than a greeting, or an answer to a login, has.
const maxPacket = 4 << 10

// Meter makes connections to the VIP as a client of MySQL's protocol does. It logs in,
// with an account that need not exist there: a server counts who leaves without that,
// and locks their address out after max_connect_errors, but not who is refused.
type Meter struct {
	To    netip.AddrPort
	From  netip.Addr
	Login []byte // the packet
	Quit  []byte // likewise

	quit, stopped chan struct{}
	mu            sync.Mutex
	attempts      []attempt // in the order of their begin
}

type attempt struct {
	begin      time.Time
	over, good bool
}

// Start begins to measure. It ends by itself after atMost.
func (m *Meter) Start(atMost time.Duration) {
	m.quit, m.stopped = make(chan struct{}), make(chan struct{})
	go m.run(atMost)
}

func (m *Meter) run(atMost time.Duration) {
	defer close(m.stopped)
	var pending sync.WaitGroup
	defer pending.Wait()
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	end := time.After(atMost)
	for {
		m.mu.Lock()
		i := len(m.attempts)
		m.attempts = append(m.attempts, attempt{begin: time.Now()})
		m.mu.Unlock()
		pending.Go(func() {
			err := m.try()
			m.mu.Lock()
			defer m.mu.Unlock()
			m.attempts[i].over, m.attempts[i].good = true, err == nil
		})
		select {
		case <-ticker.C:
		case <-end:
			return
		case <-m.quit:
			return
		}
	}
}

func (m *Meter) try() error {
	deadline := time.Now().Add(limit)
	dialer := net.Dialer{Deadline: deadline, LocalAddr: &net.TCPAddr{IP: m.From.AsSlice()}}
	conn, err := dialer.Dial("tcp", m.To.String())
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.SetDeadline(deadline); err != nil {
		return err
	}
	if err := readPacket(conn); err != nil {
		return err
	}
	if _, err := conn.Write(m.Login); err != nil {
		return err
	}
	if err := readPacket(conn); err != nil {
		return err
	}
	_, _ = conn.Write(m.Quit) // who was refused is not heard any more
	return nil
}

// readPacket reads one, whatever it says: three bytes of length and one of sequence,
// then as much.
func readPacket(r io.Reader) error {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return err
	}
	size := int(head[0]) | int(head[1])<<8 | int(head[2])<<16
	if size > maxPacket {
		return fmt.Errorf("a packet has %d bytes", size)
	}
	_, err := io.CopyN(io.Discard, r, int64(size))
	return err
}

// Tried is how many connections have ended, and how many of the latest in a row were
// answered.
func (m *Meter) Tried() (all, answered int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, a := range m.attempts {
		switch {
		case !a.over:
			continue
		case a.good:
			answered++
		default:
			answered = 0
		}
		all++
	}
	return all, answered
}

// Stop ends the measurement and returns what it has seen: an outage is from the begin
// of the first connection that failed to that of the first after it that was answered.
func (m *Meter) Stop() Result {
	close(m.quit)
	<-m.stopped
	m.mu.Lock()
	defer m.mu.Unlock()
	r := Result{Tried: len(m.attempts)}
	var failing time.Time
	for _, a := range m.attempts {
		if !a.good {
			r.Failed++
		}
		switch {
		case !a.good && failing.IsZero():
			failing = a.begin
		case a.good && !failing.IsZero():
			r.Outage = max(r.Outage, a.begin.Sub(failing))
			failing = time.Time{}
		}
	}
	if !failing.IsZero() {
		r.Outage = max(r.Outage, m.attempts[len(m.attempts)-1].begin.Sub(failing)+limit)
	}
	r.Outage = r.Outage.Round(time.Millisecond)
	return r
}
