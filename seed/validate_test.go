package seed

import (
	"bytes"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"twinlb/seed/strict"
)

// TestBoundedValidation unfolds aliases to as many good values as fit, each of which
// is compared with others.
func TestBoundedValidation(t *testing.T) {
	for _, test := range []struct{ name, backend, gateway string }{
		{"reachable", "{name: db, address: 192.0.2.51}", "192.0.2.1"},
		{"no gateway", "{name: db, address: 198.51.100.51}", ""},
		{"no family", "{name: db, address: '2001:db8::51', maxconn: 5}", ""},
	} {
		var b bytes.Buffer
		fmt.Fprintf(&b, "#cloud-config\ntwinlb:\n  vips: [192.0.2.60]\n  nodes:\n"+
			"    - {name: a, role: master, address: 192.0.2.53/24}\n    - {name: b, role: backup, address: 192.0.2.54/24}\n  pools:\n")
		fmt.Fprintf(&b, "    - &p {name: m, backends: [&b %s%s]}\n", test.backend, strings.Repeat(", *b", strict.MaxItems-1))
		b.WriteString(strings.Repeat("    - *p\n", strict.MaxItems-1))
		if test.gateway != "" {
			fmt.Fprintf(&b, "  gateway: %s\n", test.gateway)
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		began := time.Now()
		_, err := Parse("x", b.Bytes())
		took := time.Since(began)
		runtime.ReadMemStats(&after)
		const greatest = 64 << 20 // in all, of which most is free again; without a bound it is 540 MiB
		if spent := after.TotalAlloc - before.TotalAlloc; err == nil || took > time.Second || spent > greatest {
			t.Errorf("%s: Parse of %d backends took %v and %d KiB, %.100v", test.name, strict.MaxItems*strict.MaxItems, took, spent>>10, err)
		} else {
			t.Logf("%s: %v, %d KiB", test.name, took, spent>>10)
		}
	}
}
