package main

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestWatchThatCannotBeginEndsLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		if _, ok := <-closedLater[bool](retry); ok || time.Since(began) != retry {
			t.Errorf("ended after %s with a report: %t, want after %s without one", time.Since(began), ok, retry)
		}
	})
}
