package timeline

import (
	"fmt"
	"regexp"
	"strings"
	"time"
)

// systemd's names of its phases, in its order (systemd-analyze(1)).
var phases = map[string]struct {
	name  string
	group Group
}{
	"kernel":    {"kernel", Kernel},
	"initrd":    {"initrd", Kernel},
	"userspace": {"systemd: until all services are up", Init},
}

var (
	startup = regexp.MustCompile(`Startup finished in (.*)`)
	phase   = regexp.MustCompile(`^(.+) \((\w+)\)$`)
)

// FromDebian returns the steps of a Debian machine's boot from its serial log, in
// the form of package vm, and from what systemd-analyze(1) said afterwards, such as
// "Startup finished in 1.2s (kernel) + 3.4s (initrd) + 5.6s (userspace) = 10.2s".
//
// The log has to have the kernel's clock somewhere. A kernel that boots quietly
// writes none; then this, run as root at any time, gives it to 10 ms:
//
//	printf '\n[%s] uptime\n' "$(cut -d' ' -f1 /proc/uptime)" >/dev/ttyS0
func FromDebian(log, analyze string) ([]Span, error) {
	took, err := parseAnalyze(analyze)
	if err != nil {
		return nil, err
	}
	entries := readLog(log)
	start, ok := kernelStart(entries)
	if !ok {
		return nil, errNoClock(entries, "have the machine write its uptime there")
	}
	spans := beforeKernel(entries, start)
	for _, t := range took {
		if p, ok := phases[t.name]; ok { // firmware and loader are better known here
			end := min(longest, start+t.took)
			spans = append(spans, Span{Name: p.name, Group: p.group, Begin: start, End: end})
			start = end
		}
	}
	return spans, nil
}

type phaseTime struct {
	name string
	took time.Duration
}

func parseAnalyze(text string) ([]phaseTime, error) {
	match := startup.FindStringSubmatch(text)
	if match == nil {
		return nil, fmt.Errorf("read systemd-analyze: no \"Startup finished in …\" in %q; it says so once the boot is over", strings.TrimSpace(text))
	}
	sum, _, _ := strings.Cut(match[1], " = ")
	var phases []phaseTime
	for _, term := range strings.Split(sum, " + ") {
		match := phase.FindStringSubmatch(strings.TrimSpace(term))
		if match == nil {
			return nil, fmt.Errorf("read systemd-analyze: %q is no time with a phase, such as \"1.2s (kernel)\"", term)
		}
		took, err := parseTimespan(match[1])
		if err != nil {
			return nil, fmt.Errorf("read systemd-analyze: %w", err)
		}
		phases = append(phases, phaseTime{match[2], took})
	}
	return phases, nil
}

// parseTimespan reads systemd's way to write a time (systemd.time(7)), such as
// "1min 2.345s", "903ms" or "412us".
func parseTimespan(text string) (time.Duration, error) {
	compact := strings.NewReplacer(" ", "", "min", "m").Replace(text)
	d, err := time.ParseDuration(compact)
	if err != nil || d < 0 {
		return 0, fmt.Errorf("%q is no time such as \"1min 2.345s\"", text)
	}
	return d, nil
}
