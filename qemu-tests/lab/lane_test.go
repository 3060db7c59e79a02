package lab

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

var (
	otherMAC    = net.HardwareAddr{0x52, 0x54, 0, 0, 0, 2}
	fromOther   = []byte("\x52\x54\x00\x00\x00\x01\x52\x54\x00\x00\x00\x02\x08\x00")
	fromAnybody = []byte("\x52\x54\x00\x00\x00\x01\x52\x54\x00\x00\x00\x09\x08\x00")
	ofVRRP      = append(slices.Clone(fromOther), "\x45\xc0\x00\x20\x00\x00\x00\x00\xff\x70\x00\x00\xc0\xa8\x64\x35\xc0\xa8\x64\x36"...)
)

func TestImpairment(t *testing.T) {
	const sent = 1000
	tests := []struct {
		name        string
		impairment  Impairment
		frame       []byte
		least, most int // frames that come
		late        [2]time.Duration
		overtake    bool
	}{
		{"whole", Impairment{}, fromOther, sent, sent, [2]time.Duration{}, false},
		{"lost", Impairment{Loss: 1}, fromOther, 0, 0, [2]time.Duration{}, false},
		{"30 % lost", Impairment{Loss: 0.3}, fromOther, 600, 800, [2]time.Duration{}, false},
		{"twice", Impairment{Duplicate: 1}, fromOther, 2 * sent, 2 * sent, [2]time.Duration{}, false},
		{"late", Impairment{Delay: 50 * time.Millisecond}, fromOther, sent, sent, [2]time.Duration{50 * time.Millisecond, 50 * time.Millisecond}, false},
		{"jitter", Impairment{Jitter: 200 * time.Millisecond}, fromOther, sent, sent, [2]time.Duration{0, 200 * time.Millisecond}, true},
		{"of another's", Impairment{Loss: 1, Only: otherMAC}, fromOther, 0, 0, [2]time.Duration{}, false},
		{"not of others'", Impairment{Loss: 1, Only: otherMAC}, fromAnybody, sent, sent, [2]time.Duration{}, false},
		{"of VRRP", Impairment{Loss: 1, Protocol: 112}, ofVRRP, 0, 0, [2]time.Duration{}, false},
		{"not of TCP", Impairment{Loss: 1, Protocol: 6}, ofVRRP, sent, sent, [2]time.Duration{}, false},
		{"not too short", Impairment{Loss: 1, Protocol: 112}, fromOther, sent, sent, [2]time.Duration{}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var (
					mu      sync.Mutex
					numbers []byte
					late    []time.Duration
				)
				begin := time.Now()
				lane := newLane(func(frame []byte) {
					mu.Lock()
					defer mu.Unlock()
					numbers, late = append(numbers, frame[len(frame)-1]), append(late, time.Since(begin))
				})
				lane.Impair(tt.impairment)
				for i := range sent {
					lane.carry(append(slices.Clone(tt.frame), byte(i*256/sent)))
				}
				time.Sleep(time.Second)
				synctest.Wait()
				if n := len(numbers); n < tt.least || n > tt.most {
					t.Errorf("%d frames came, want %d to %d", n, tt.least, tt.most)
				}
				for _, d := range late {
					if d < tt.late[0] || d > tt.late[1] {
						t.Fatalf("a frame was late by %v, want %v to %v", d, tt.late[0], tt.late[1])
					}
				}
				if spread := slices.Max(append(late, 0)) - slices.Min(append(late, time.Hour)); tt.overtake && spread < 150*time.Millisecond {
					t.Errorf("frames were late by times that differ by %v, want up to 200 ms", spread)
				}
				if tt.overtake == slices.IsSorted(numbers) && len(numbers) > 0 && tt.late[0] == 0 {
					t.Errorf("frames came in order: %v, want %v", !tt.overtake, tt.overtake)
				}
			})
		})
	}
}

// TestCable has two machines in turn that answer every frame with the same.
func TestCable(t *testing.T) {
	l := New(t)
	client := l.Host("client", clientAddress)
	cable := l.Cable("lb-a")
	echo := func() net.Conn {
		t.Helper()
		machine, err := net.Dial("unix", cable.Socket)
		if err != nil {
			t.Fatal(err)
		}
		frames := make(chan []byte, waiting)
		go send(machine, frames, nil)
		go receive(machine, func(frame []byte) {
			// A claim of the address that is asked for, with the sender's own MAC.
			answer := slices.Concat(frame[6:12], []byte("\x52\x54\x00\x00\x00\x01"), frame[12:20], []byte{0, arpReply},
				[]byte("\x52\x54\x00\x00\x00\x01"), frame[38:42], frame[22:32])
			frames <- answer
		})
		return machine
	}
	answered := func() error {
		macs, err := client.WhoHas(netip.MustParseAddr("192.168.100.53"), 50*time.Millisecond)
		if err != nil {
			t.Fatal(err)
		}
		if len(macs) != 1 {
			return fmt.Errorf("%v answer", macs)
		}
		return nil
	}
	for _, machine := range []string{"the first machine", "the second"} {
		conn := echo()
		Await(t, 5*time.Second, machine+" to answer", answered)
		for name, lane := range map[string]*Lane{"to": cable.ToMachine, "from": cable.FromMachine} {
			lane.Impair(Impairment{Loss: 1})
			if answered() == nil {
				t.Errorf("%s answers although all frames %s it are lost", machine, name)
			}
			lane.Impair(Impairment{})
		}
		for name, is := range map[string]struct{ spoil, mend func() error }{
			"cut": {cable.Port.Cut, cable.Port.Plug}, "mute": {cable.Port.Mute, cable.Port.Unmute},
		} {
			if err := is.spoil(); err != nil {
				t.Fatal(err)
			}
			if answered() == nil {
				t.Errorf("%s answers through a port that is %s", machine, name)
			}
			if err := is.mend(); err != nil {
				t.Fatal(err)
			}
			Await(t, 5*time.Second, machine+" to answer through the mended port", answered)
		}
		conn.Close()
	}
	if answered() == nil {
		t.Error("a machine that is off answers")
	}
}
