package timeline

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func read(t testing.TB, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// lines writes spans as a table: begin and end in milliseconds, group, name.
func lines(spans []Span) string {
	var b strings.Builder
	for _, s := range spans {
		fmt.Fprintf(&b, "%5d %5d %s: %s\n", s.Begin.Milliseconds(), s.End.Milliseconds(), s.Group, s.Name)
	}
	return b.String()
}

const analyzed = "Startup finished in 3.105s (kernel) + 1min 422ms (initrd) + 8.400s (userspace) = 1min 11.927s \n" +
	"multi-user.target reached after 8.378s in userspace.\n"

func TestFromTwinlb(t *testing.T) {
	for _, tt := range []struct{ name, log, want string }{
		{"BIOS", read(t, "bios.log"), `    0  1233 firmware: firmware, boot loader
 1233  2273 kernel: kernel, until PID 1
 2273  2282 PID 1: mounts
 2284  2297 PID 1: confinement
 2297  2327 PID 1: seed
 2328  2363 PID 1: firewall
 2364  2423 PID 1: network
 2424  2487 PID 1: services
 2487  2617 services: HAProxy starts
 2617  2766 services: first checks of the backends
 2766  2897 services: keepalived starts
 2897  3529 services: election
`},
		{"UEFI", read(t, "uefi.log"), `    0  3466 firmware: firmware
 3466  3771 boot loader: boot loader
 3771  4772 kernel: kernel, until PID 1
 4772  4780 PID 1: mounts
 4782  4784 PID 1: confinement
 4784  4825 PID 1: seed
 4825  4857 PID 1: firewall
 4857  4906 PID 1: network
 4907  4934 PID 1: services
 4934  5128 services: HAProxy starts
 5128  5259 services: first checks of the backends
 5259  5426 services: keepalived starts
 5426  6045 services: election
`},
		{"switched on twice", "9.000 [ 8.000] boot: mounts done in 1 ms\n" +
			"1.500 [ 0.500] boot: mounts done in 10 ms\n1.600 [ 0.590] vrrp: MASTER: no other node held it\n", `    0  1000 firmware: firmware, boot loader
 1000  1490 kernel: kernel, until PID 1
 1490  1500 PID 1: mounts
`},
		{"PID 1 says when it starts a service", `2.000 [   1.000] boot: services done in 50 ms
2.001 [   0.980] haproxy: started as process 65
2.100 [   1.100] haproxy: [NOTICE]   (65) : Loading success.
2.200 [   1.200] failover: may hold the VIP: healthy
2.210 [   1.210] keepalived: started as process 70
2.300 [   1.300] vrrp: MASTER: no other node held it
`, `    0  1000 firmware: firmware, boot loader
 1000  1950 kernel: kernel, until PID 1
 1950  2000 PID 1: services
 1980  2100 services: HAProxy starts
 2100  2200 services: first checks of the backends
 2210  2300 services: keepalived starts
`},
		{"a HAProxy that says nothing", "2.000 [ 1.000] boot: services done in 5 ms\n2.100 [ 1.100] failover: prefers the peer: healthy\n", `    0  1000 firmware: firmware, boot loader
 1000  1995 kernel: kernel, until PID 1
 1995  2000 PID 1: services
 2000  2100 services: HAProxy starts
`},
		{"GRUB", "0.900 Loading Linux 6.1.0-32-cloud-amd64 ...\n2.000 [ 1.000] boot: mounts done in 5 ms\n", `    0   900 firmware: firmware
  900  1000 boot loader: boot loader
 1000  1995 kernel: kernel, until PID 1
 1995  2000 PID 1: mounts
`},
		{"a boot that ended", "2.000 [   1.000] boot: mounts done in 5 ms\n2.000 Loading Linux failed.\n", `    0  1000 firmware: firmware, boot loader
 1000  1995 kernel: kernel, until PID 1
 1995  2000 PID 1: mounts
`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			spans, err := FromTwinlb(tt.log)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, lines(spans)); diff != "" {
				t.Errorf("spans (-want +got):\n%s", diff)
			}
		})
	}
}

func TestFromDebian(t *testing.T) {
	spans, err := FromDebian(read(t, "debian.log"), analyzed)
	if err != nil {
		t.Fatal(err)
	}
	want := `    0  3466 firmware: firmware
 3466  7662 boot loader: boot loader
 7662 10767 kernel: kernel
10767 71189 kernel: initrd
71189 79589 PID 1: systemd: until all services are up
`
	if diff := cmp.Diff(want, lines(spans)); diff != "" {
		t.Errorf("spans (-want +got):\n%s", diff)
	}
}

func TestUnreadable(t *testing.T) {
	const log = "1.000 [ 0.500] kernel\n"
	debian := func(log, analyze string) error { _, err := FromDebian(log, analyze); return err }
	_, twinlb := FromTwinlb("1.000 nothing here\n")
	for _, tt := range []struct {
		err  error
		want string
	}{
		{twinlb, "none of 1 lines begins with the kernel's clock"},
		{debian("1.000 login:\n", analyzed), "have the machine write its uptime"},
		{debian(log, "Bootup is not yet finished"), "it says so once the boot is over"},
		{debian(log, "Startup finished in 3s + 4s = 7s"), `"3s" is no time with a phase`},
		{debian(log, "Startup finished in ages (kernel) = 7s"), `"ages" is no time such as`},
	} {
		if tt.err == nil || !strings.Contains(tt.err.Error(), tt.want) {
			t.Errorf("error %v, want one with %q", tt.err, tt.want)
		}
	}
}

func TestParseTimespan(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"412us": 412 * time.Microsecond, "903ms": 903 * time.Millisecond, "1.207s": 1207 * time.Millisecond,
		"1min 2.345s": 62345 * time.Millisecond, "1h 2min": 62 * time.Minute,
	} {
		if got, err := parseTimespan(text); err != nil || got != want {
			t.Errorf("%q is %v (%v), want %v", text, got, err, want)
		}
	}
}

func FuzzLogs(f *testing.F) {
	f.Add(read(f, "bios.log"), analyzed)
	f.Add(read(f, "debian.log"), "Startup finished in 1min (kernel) + 9999999h (userspace) = x")
	f.Add("1e9 [ 1] a\n 99999999999999999999.0 [0.0] boot: mounts done in 99999999999999999999 ms\n", "")
	f.Add("1.0 [ 5.0] boot: mounts done in 9 ms\n", "Startup finished in -5s (kernel)")
	f.Add("1.0 [ 0.5] boot: mounts done in 9000 ms\n", "Startup finished in 719h (kernel) + 719h (kernel) + 719h (kernel)")
	f.Fuzz(func(t *testing.T, log, analyze string) {
		ours, _ := FromTwinlb(log)
		theirs, _ := FromDebian(log, analyze)
		for _, s := range append(ours, theirs...) {
			if s.Begin < 0 || s.End < s.Begin || s.End > 2*longest {
				t.Errorf("span %q is from %v to %v", s.Name, s.Begin, s.End)
			}
		}
	})
}
