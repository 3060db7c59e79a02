package timeline

import (
	"cmp"
	"regexp"
	"time"
)

// What PID 1 of twinlb says of its boot.
var (
	stepDone = regexp.MustCompile(`^boot: (\S+) done in (\d+) ms$`)

	proxyStarted   = regexp.MustCompile(`^haproxy: started`)
	proxyLoaded    = regexp.MustCompile(`^haproxy: .*Loading success`)
	proxyReady     = regexp.MustCompile(`^failover: (may hold the VIP|prefers the peer|gives the VIP away): `)
	electorStarted = regexp.MustCompile(`^keepalived: started`)
	electorReady   = regexp.MustCompile(`^vrrp: (BACKUP|MASTER): `)
	master         = regexp.MustCompile(`^vrrp: MASTER: `)
)

// lastStep is the one that starts the services.
const lastStep = "services"

// FromTwinlb returns the steps of a twinlb node's boot from its serial log, in the
// form of package vm: on each line the seconds since power-on, then what the node
// said. What a node did not reach is left out.
//
// Times of PID 1 are by the kernel's clock, and the kernel's clock is placed by
// the line that reached the host soonest.
func FromTwinlb(log string) ([]Span, error) {
	entries := readLog(log)
	start, ok := kernelStart(entries)
	if !ok {
		return nil, errNoClock(entries, "PID 1 did not start, or its console is another")
	}
	var said []entry // by PID 1, on the clock of the host
	for _, e := range entries {
		if e.timed {
			e.host = start + e.guest
			said = append(said, e)
		}
	}
	steps := stepsOf(said)
	spans := beforeKernel(entries, start)
	if len(steps) > 0 {
		spans = append(spans, Span{Name: "kernel, until PID 1", Group: Kernel, Begin: start, End: max(start, steps[0].Begin)})
	}
	spans = append(spans, steps...)
	return append(spans, servicesOf(said, steps)...), nil
}

func stepsOf(said []entry) []Span {
	var steps []Span
	for _, e := range said {
		if match := stepDone.FindStringSubmatch(e.text); match != nil {
			took, err := time.ParseDuration(match[2] + "ms")
			if err != nil {
				continue
			}
			steps = append(steps, Span{Name: match[1], Group: Init, Begin: e.host - min(e.host, took), End: e.host})
		}
	}
	return steps
}

// servicesOf returns how HAProxy and keepalived came up. Where PID 1 does not say
// that it started one, that is when it was free to.
func servicesOf(said []entry, steps []Span) []Span {
	var spans []Span
	add := func(name string, begin, end time.Duration) {
		if begin > 0 && begin < end {
			spans = append(spans, Span{Name: name, Group: Services, Begin: begin, End: end})
		}
	}
	first := func(expression *regexp.Regexp) time.Duration {
		for _, e := range said {
			if expression.MatchString(e.text) {
				return e.host
			}
		}
		return 0
	}
	var free time.Duration
	for _, s := range steps {
		if s.Name == lastStep {
			free = s.End
		}
	}
	loaded, ready, elected := first(proxyLoaded), first(proxyReady), first(electorReady)
	add("HAProxy starts", cmp.Or(first(proxyStarted), free), cmp.Or(loaded, ready))
	add("first checks of the backends", loaded, ready)
	add("keepalived starts", cmp.Or(first(electorStarted), ready), elected)
	add("election", elected, first(master))
	return spans
}
