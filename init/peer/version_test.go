package peer

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

func TestPeerOfAnotherVersionIsNamedOnceAndNotHeard(t *testing.T) {
	for _, tt := range []struct {
		name, content string
		version       int // that is told; 0 for none
	}{
		{"the next version", "twp\x03 whatever it has", 3},
		{"the one before, which was shorter", "twp\x01 and 64 bytes", 1},
		{"a message of the next", "twm\x03", 3},
		{"this version, cut off", magic + " and less than a header", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			pair(t, func(t *testing.T, n *network, a, b *node) {
				n.losing(everything)
				s, err := newSeal(key, a.config.Self, b.config.Self)
				if err != nil {
					t.Fatal(err)
				}
				pass(roundTrip)
				for range 3 {
					b.checkIgnores(tt.name, slices.Concat([]byte(tt.content), s.of([]byte(tt.content))), a.address)
				}
				pass(time.Second)
				b.checkNever("after three of them", "lb-a")
				if tt.version == 0 {
					b.checkFails("after three of them")
					return
				}
				b.checkFails("after three of them", fmt.Sprintf("hear the peer lb-a: it speaks version %d of what the nodes tell each other, "+
					"and this node version 2; they elect all the same, and each shows the other as not heard", tt.version))
			})
		})
	}
}

func TestStrangerOfAnotherVersionIsNotNamed(t *testing.T) {
	pair(t, func(t *testing.T, n *network, a, b *node) {
		n.losing(everything)
		pass(roundTrip)
		b.checkIgnores("what has no HMAC", slices.Concat([]byte("twp\x03 whatever it has"), make([]byte, 32)), a.address)
		b.checkFails("after it")
	})
}
