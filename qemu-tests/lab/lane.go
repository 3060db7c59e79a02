package lab

import (
	"bytes"
	"math/rand/v2"
	"net"
	"slices"
	"sync"
	"time"
)

// Impairment is what happens to the frames in one direction of a cable, in the
// words of tc-netem(8), which not every kernel has. The zero value is a cable that
// is whole.
type Impairment struct {
	Loss      float64       // share of the frames that are lost, 0 to 1
	Delay     time.Duration // of every frame
	Jitter    time.Duration // at most so much more, another for each frame: some overtake others
	Duplicate float64       // share of the frames that come twice
	// Only the frames between the machine and this one are impaired; nil is all.
	Only net.HardwareAddr
	// Only IPv4 packets of this protocol are impaired; 0 is all frames.
	Protocol uint8
}

// Lane is one direction of a cable.
type Lane struct {
	deliver func(frame []byte) // may change the frame and keep it

	mu         sync.Mutex
	impairment Impairment
}

func newLane(deliver func(frame []byte)) *Lane { return &Lane{deliver: deliver} }

// Impair lets this happen to frames from now on, and nothing else. Those that are
// late already still come.
func (l *Lane) Impair(i Impairment) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.impairment = i
}

// carry does not wait, and does not keep the frame.
func (l *Lane) carry(frame []byte) {
	l.mu.Lock()
	i := l.impairment
	l.mu.Unlock()
	if i.Only != nil && !isBetween(frame, i.Only) || i.Protocol != 0 && !isOf(i.Protocol, frame) {
		i = Impairment{}
	}
	for range i.copies() {
		frame := slices.Clone(frame)
		late := i.Delay
		if i.Jitter > 0 {
			late += rand.N(i.Jitter)
		}
		if late == 0 {
			l.deliver(frame)
		} else {
			time.AfterFunc(late, func() { l.deliver(frame) })
		}
	}
}

func (i Impairment) copies() int {
	switch {
	case rand.Float64() < i.Loss:
		return 0
	case rand.Float64() < i.Duplicate:
		return 2
	default:
		return 1
	}
}

// isBetween looks at the destination and the source of the frame.
func isBetween(frame []byte, mac net.HardwareAddr) bool {
	return len(frame) >= macs && (bytes.Equal(frame[:6], mac) || bytes.Equal(frame[6:12], mac))
}

// isOf looks for an IPv4 header (RFC 791 §3.1) behind that of an untagged frame.
func isOf(protocol uint8, frame []byte) bool {
	kind, packet := frame[min(macs, len(frame)):], 2
	return len(kind) >= packet+20 && kind[0] == 0x08 && kind[1] == 0x00 && kind[packet]>>4 == 4 && kind[packet+9] == protocol
}
