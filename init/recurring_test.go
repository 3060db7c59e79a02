package main

import (
	"errors"
	"testing"
)

func TestErrorThatRecursIsNewsOnce(t *testing.T) {
	full, gone := errors.New("full"), errors.New("gone")
	var r recurring
	for i, step := range []struct {
		err  error
		news bool
	}{{nil, false}, {full, true}, {errors.New("full"), false}, {gone, true}, {full, true}, {nil, false}, {full, true}} {
		if got := r.news(step.err); got != step.news {
			t.Errorf("step %d, %v: news is %t, want %t", i+1, step.err, got, step.news)
		}
	}
}
