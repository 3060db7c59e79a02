package tickle

import (
	"errors"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"
)

// A card that sends nothing fills the queue, and each packet then waits for room.
func TestRoundEndsThoughNothingLeaves(t *testing.T) {
	for _, tt := range []struct {
		name  string
		every int // of so many packets one waits in vain
		sent  int
	}{
		{"nothing leaves", 1, mostStuck},
		{"some leave", 2, 2 * mostStuck},
		{"most leave", 1000, 1500},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began, sent := time.Now(), 0
				err := sendEach(make([]Tuple, 1500), func(Tuple) error {
					if sent++; sent%tt.every == 0 {
						time.Sleep(stuck)
						return unix.EAGAIN
					}
					return nil
				})
				if sent != tt.sent || !errors.Is(err, unix.EAGAIN) {
					t.Errorf("%d packets were tried, %v, want %d and EAGAIN", sent, err, tt.sent)
				}
				if took := time.Since(began); took > mostStuck*stuck+resolved {
					t.Errorf("it took %s, want at most %s", took, mostStuck*stuck+resolved)
				}
			})
		})
	}
}

func TestOneThatCannotBeReachedDoesNotEndTheRound(t *testing.T) {
	sent := 0
	gone := Tuple{Remote: netip.MustParseAddrPort("192.168.100.9:3306")}
	err := sendEach([]Tuple{gone, {}, {}}, func(to Tuple) error {
		if sent++; to == gone {
			return unix.ENETUNREACH
		}
		return nil
	})
	if sent != 3 || !errors.Is(err, unix.ENETUNREACH) {
		t.Errorf("%d packets were tried, %v, want 3 and ENETUNREACH", sent, err)
	}
}
