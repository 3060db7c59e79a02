package lab

import (
	"slices"
	"testing"
)

func TestTryEndsLikeATest(t *testing.T) {
	var did []string
	note := func(what string) { did = append(did, what) }
	err := Try(note, func(t T) {
		t.Cleanup(func() { note("first") })
		t.Cleanup(func() {
			note("second")
			t.Fatal("in a cleanup")
		})
		t.Errorf("error %d", 1)
		if !t.Failed() {
			note("has not failed")
		}
		t.Logf("log %d", 1)
		t.Fatalf("fatal %d", 2)
		note("after Fatalf")
	})
	if want := []string{"log 1", "second", "first"}; !slices.Equal(did, want) {
		t.Errorf("did %q, want %q", did, want)
	}
	if got, want := err.Error(), "error 1\nfatal 2\nin a cleanup"; got != want {
		t.Errorf("Try = %q, want %q", got, want)
	}
	if err := Try(note, func(T) {}); err != nil {
		t.Errorf("Try of what is well = %v, want nil", err)
	}
}
