package beat

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

func TestPeriodsShareTheirBeats(t *testing.T) {
	const short, long = 100 * time.Millisecond, 300 * time.Millisecond
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(Next(long))
		if got := Next(short); got != short {
			t.Errorf("at a beat of %v the next of %v is %v away, want %v", long, short, got, short)
		}
		time.Sleep(30 * time.Millisecond)
		if got := Next(short); got != 70*time.Millisecond {
			t.Errorf("30 ms later it is %v away, want 70ms", got)
		}
	})
}

func TestEveryKeepsTheBeatAfterALongCall(t *testing.T) {
	const period = 100 * time.Millisecond
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(Next(period))
		begun, done := time.Now(), make(chan struct{})
		var calls []time.Duration
		go Every(period, done, func() {
			calls = append(calls, time.Since(begun))
			if len(calls) == 2 {
				time.Sleep(period + period/2)
			}
		})
		time.Sleep(6*period + period/2)
		close(done)
		synctest.Wait()
		if want := []time.Duration{period, 2 * period, 4 * period, 5 * period, 6 * period}; !slices.Equal(calls, want) {
			t.Errorf("called at %v, want %v", calls, want)
		}
	})
}
