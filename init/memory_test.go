package main

import (
	"testing"

	"twinlb/init/status"
)

func TestMemory(t *testing.T) {
	const meminfo = "MemTotal:          52628 kB\nMemFree:           19000 kB\nMemAvailable:      18432 kB\nBuffers:               0 kB\n"
	for _, tt := range []struct {
		name, text string
		want       status.Memory
		fails      bool
	}{
		{"64 MiB", meminfo, status.Memory{Total: 52628 << 10, Available: 18 << 20}, false},
		{"no line of what is available", "MemTotal: 52628 kB\nMemFree: 19000 kB\n", status.Memory{}, true},
		{"no number", "MemTotal: many kB\nMemAvailable: 1 kB\n", status.Memory{}, true},
		{"a number that does not fit", "MemTotal: 18446744073709551615 kB\nMemAvailable: 1 kB\n", status.Memory{}, true},
		{"cut off", "MemTotal: 52628 kB\nMemAvailable: 184", status.Memory{}, true},
		{"nothing", "", status.Memory{}, true},
	} {
		got, err := parseMemory(tt.text)
		if got != tt.want || (err != nil) != tt.fails {
			t.Errorf("%s: %+v, %v, want %+v, an error: %t", tt.name, got, err, tt.want, tt.fails)
		}
	}
}
