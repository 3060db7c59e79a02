// Package torture lets random faults happen to a pair that works, alone and
// overlapping, and judges what a client and the segment have seen of it.
//
// A Schedule says what happens and when; one number makes it. Run lets it happen to
// a pair under load. The judge compares what was seen with what the schedule allows:
// two nodes never answer for the VIP for long while they hear each other, somebody
// answers whenever a node is able to, a commit that was acknowledged is in the
// database, and no node needs a hand to come back.
//
// It makes no machines and knows no images: package site does.
package torture

import "time"

// Promise is what the judge holds the pair to.
type Promise struct {
	Advert   time.Duration // the interval of the adverts
	TakeOver time.Duration // until somebody answers after a fault that a node notices at once
	Blip     time.Duration // of one that is harmless, and happens alone
	Heal     time.Duration // until one of two holders that hear each other again has let go
	Well     time.Duration // after the last fault until the pair is well by itself
}

// Promised is for adverts of that interval: three of them and the skew of the backup
// until it takes over (RFC 9568 §6.1), two until a split is healed; the rest is for a
// busy host. A service that was killed again and again is started after 30 s at most.
func Promised(advert time.Duration) Promise {
	const busy = 1500 * time.Millisecond
	return Promise{
		Advert:   advert,
		TakeOver: 3*advert + advert/16 + busy,
		Blip:     busy / 3,
		Heal:     2*advert + busy/3,
		Well:     90 * time.Second,
	}
}
