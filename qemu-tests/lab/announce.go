package lab

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"time"
)

// Announcement listens for a gratuitous ARP (RFC 5227 §3) by which the machine says
// that it has the address. The function that it returns waits for the first and tells
// when it came.
func (h *Host) Announcement(t T, address netip.Addr, mac string, within time.Duration) func() time.Time {
	t.Helper()
	conn, _, err := h.listen(etherTypeARP)
	if err != nil {
		t.Fatalf("listen for announcements of %v: %v", address, err)
	}
	type heard struct {
		at  time.Time
		err error
	}
	first := make(chan heard, 1)
	go func() {
		defer conn.Close()
		_ = conn.SetReadDeadline(time.Now().Add(within)) // an open socket takes any
		for buf := make([]byte, 1500); ; {
			n, _, err := conn.ReadFrom(buf)
			var said arpPacket
			if err == nil && (binary.Read(bytes.NewReader(buf[:n]), binary.BigEndian, &said) != nil ||
				said.SenderIP != address.As4() || net.HardwareAddr(said.SenderMAC[:]).String() != mac) {
				continue
			}
			first <- heard{time.Now(), err}
			return
		}
	}()
	return func() time.Time {
		t.Helper()
		h := <-first
		if h.err != nil {
			t.Fatal(fmt.Errorf("wait %s for %s to announce %v: %w", within, mac, address, h.err))
		}
		return h.at
	}
}
