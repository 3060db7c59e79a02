package strict

import (
	"testing"
	"time"
)

func TestWritten(t *testing.T) {
	for initial, want := range map[any]any{
		5 * time.Minute: "5m", 90 * time.Second: "1m30s", time.Duration(0): nil, time.Duration(-1): nil,
		"": nil, "a": "a", 0: nil, 7: int64(7), uint16(0): nil, uint16(3306): uint64(3306), false: false,
	} {
		if got := written(initial); got != want {
			t.Errorf("written(%#v) = %#v, want %#v", initial, got, want)
		}
	}
}
