package client

import (
	"context"
	"database/sql/driver"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"twinlb/qemu-tests/lab"
)

// An attempt begins each interval, whatever became of the others, and has the
// limit to the end of a query.
const (
	interval = 20 * time.Millisecond
	limit    = 250 * time.Millisecond
	// patience keeps a connection for as long as the kernel's second SYN needs
	// (1 s, RFC 6298 §2), to see that it would have been saved.
	patience = 2 * time.Second
)

// Meter makes connection after connection to one address until it is stopped.
type Meter struct {
	connector driver.Connector
	quit      chan struct{}
	stopped   chan struct{}

	mu       sync.Mutex
	attempts []Attempt // in the order they began; Took is 0 while one is under way
}

// StartMeter begins to measure from the host.
func StartMeter(from *lab.Host, server netip.AddrPort) (*Meter, error) {
	connector, err := newConnector(from, server)
	if err != nil {
		return nil, err
	}
	m := &Meter{connector: connector, quit: make(chan struct{}), stopped: make(chan struct{})}
	go m.run()
	return m, nil
}

// Stop begins no more attempts, waits for those under way and returns them all.
func (m *Meter) Stop() *Result {
	close(m.quit)
	<-m.stopped
	return &Result{Attempts: m.attempts}
}

// AwaitSteady waits until every attempt of half a second from now on, or later,
// has been answered. The test fails when that does not come within the limit;
// when says what it is to come before or after.
func (m *Meter) AwaitSteady(t lab.T, limit time.Duration, when string) {
	t.Helper()
	const steady = 500 * time.Millisecond
	since := time.Now()
	lab.Await(t, limit, "connections to be steady "+when, func() error { return m.steady(since, steady) })
}

// Steady tells whether every attempt of the last so long has been answered.
func (m *Meter) Steady(during time.Duration) bool {
	return m.steady(time.Now().Add(-during-limit), during) == nil
}

// steady looks at the newest attempts first, but for those that are under way
// and still in time.
func (m *Meter) steady(since time.Time, during time.Duration) error {
	enough := int(during / interval)
	m.mu.Lock()
	defer m.mu.Unlock()
	answered := 0
	for _, a := range slices.Backward(m.attempts) {
		switch {
		case a.Begin.Before(since):
			return fmt.Errorf("only %d attempts, all answered", answered)
		case a.Took == 0 && time.Since(a.Begin) < limit:
		case a.Took == 0:
			return fmt.Errorf("the attempt of %v ago is without answer", time.Since(a.Begin).Round(time.Millisecond))
		case a.Err != nil:
			return a.Err
		case a.Failed():
			return fmt.Errorf("an attempt took %v", a.Took.Round(time.Millisecond))
		default:
			answered++
		}
		if answered == enough {
			return nil
		}
	}
	return fmt.Errorf("only %d attempts, all answered", answered)
}

func (m *Meter) run() {
	defer close(m.stopped)
	var pending sync.WaitGroup
	defer pending.Wait()
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		i := m.begin()
		pending.Go(func() { m.attempt(i) })
		select {
		case <-ticker.C:
		case <-m.quit:
			return
		}
	}
}

func (m *Meter) begin() (i int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.attempts = append(m.attempts, Attempt{Begin: time.Now()})
	return len(m.attempts) - 1
}

func (m *Meter) attempt(i int) {
	m.mu.Lock()
	a := m.attempts[i]
	m.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.WithValue(context.Background(), attemptKey{}, &a), patience)
	defer cancel()
	a.Server, a.Err = query(ctx, m.connector)
	a.Took = time.Since(a.Begin)
	m.mu.Lock()
	m.attempts[i] = a
	m.mu.Unlock()
}

type attemptKey struct{}

// observe notes on the context's attempt that TCP is connected, and whether it
// needed a second SYN: tcpi_total_retrans counts nothing else so early.
func observe(ctx context.Context, conn net.Conn) {
	a, measured := ctx.Value(attemptKey{}).(*Attempt)
	if !measured {
		return
	}
	a.Connected = true
	raw, err := conn.(*net.TCPConn).SyscallConn()
	if err != nil {
		return
	}
	raw.Control(func(fd uintptr) {
		info, err := unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO)
		a.SYNRetried = err == nil && info.Total_retrans > 0
	})
}
