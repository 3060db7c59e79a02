package main

import (
	"sync/atomic"
	"time"

	"twinlb/seed"
)

// overslept passes on how long this node was paused. What its peers have sent
// meanwhile comes all at once, and each datagram tells of more: the latest will do.
type overslept struct {
	told chan struct{} // gets something when there is news
	by   *atomic.Int64
}

func newOverslept() overslept { return overslept{make(chan struct{}, 1), new(atomic.Int64)} }

func (o overslept) say(_ string, by time.Duration) {
	o.by.Store(int64(by))
	select {
	case o.told <- struct{}{}:
	default: // the last has not been taken
	}
}

func (o overslept) latest() time.Duration { return time.Duration(o.by.Load()) }

// leastPause is the shortest that may have cost a node the VIP: a peer takes it over
// when it has heard no advert for three intervals and a little (RFC 9568 §6.1).
func leastPause(spec *seed.Spec) time.Duration { return 3 * spec.VRRP.AdvertInterval }
