package drill

import (
	"io"
	"net"
	"net/netip"
	"sync/atomic"
	"testing"
	"time"
)

// server greets, and answers a login of five bytes, while it is up.
func server(t *testing.T) (address netip.AddrPort, up *atomic.Bool, quits *atomic.Int32) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	up, quits = new(atomic.Bool), new(atomic.Int32)
	up.Store(true)
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				if !up.Load() {
					return
				}
				conn.Write([]byte("\x03\x00\x00\x00hey"))
				if _, err := io.ReadFull(conn, make([]byte, 5)); err != nil {
					return
				}
				conn.Write([]byte("\x02\x00\x00\x02no"))
				if n, _ := conn.Read(make([]byte, 8)); n > 0 {
					quits.Add(1)
				}
			}()
		}
	}()
	return l.Addr().(*net.TCPAddr).AddrPort(), up, quits
}

func TestMeterMeasuresAnOutage(t *testing.T) {
	to, up, quits := server(t)
	m := &Meter{To: to, From: netip.MustParseAddr("127.0.0.1"), Login: []byte("login"), Quit: []byte("quit")}
	m.Start(time.Minute)
	await := func(what string, answered func(int) bool) {
		t.Helper()
		for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(interval) {
			if _, n := m.Tried(); answered(n) {
				return
			}
			if time.Now().After(deadline) {
				t.Fatalf("still waiting after 10 s for %s", what)
			}
		}
	}
	await("connections to be answered", func(n int) bool { return n >= 10 })
	up.Store(false)
	await("one to fail", func(n int) bool { return n == 0 })
	began := time.Now()
	for time.Since(began) < 300*time.Millisecond {
		if _, n := m.Tried(); n != 0 {
			t.Fatalf("%d connections were answered while the server was down", n)
		}
		time.Sleep(interval)
	}
	up.Store(true)
	await("connections to be answered again", func(n int) bool { return n >= 10 })
	r := m.Stop()
	if r.Tried < 25 || r.Failed < 8 || r.Outage < 280*time.Millisecond || r.Outage > 2*time.Second {
		t.Errorf("%+v, want an outage of 300 ms and a little", r)
	}
	if quits.Load() == 0 {
		t.Error("nobody has said goodbye")
	}
}

func TestMeterOfNobody(t *testing.T) {
	m := &Meter{To: netip.MustParseAddrPort("127.0.0.1:1"), From: netip.MustParseAddr("127.0.0.1")}
	m.Start(200 * time.Millisecond)
	<-m.stopped // by itself
	if all, answered := m.Tried(); all < 3 || answered != 0 {
		t.Errorf("Tried = %d, %d, want some and none", all, answered)
	}
	if r := m.Stop(); r.Failed != r.Tried || r.Outage < limit {
		t.Errorf("%+v, want that all failed", r)
	}
}

func TestPacketThatIsTooLongIsNone(t *testing.T) {
	near, far := net.Pipe()
	go far.Write([]byte("\xff\xff\xff\x00"))
	if err := readPacket(near); err == nil {
		t.Error("a packet of 16 MiB was read")
	}
}
