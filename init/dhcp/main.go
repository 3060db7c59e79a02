// Package dhcp is the process that asks DHCP servers for addresses: one for all
// links of a node. It tells PID 1 what it gets, a Report for each lease, and PID 1
// gives the addresses to the links.
//
// It can do nothing of itself: it runs as its own user in a chroot, with no
// capability but that for raw packets, which a link without an address needs. PID 1
// runs it from its own program, so that a bug in it, or in what it reads packets
// with, ends a supervised process and not the node.
package dhcp

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"syscall"

	"twinlb/services/dhcp"
)

// memory is where the garbage collector begins to work hard, in bytes.
const memory = 16 << 20

// Main runs the process until it is stopped. It is what the program does when its
// arguments are those of services/dhcp.Service, without their first two.
func Main(args []string) int {
	runtime.GOMAXPROCS(1)
	debug.SetGCPercent(25)
	debug.SetMemoryLimit(memory)
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	if err := run(ctx, args, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// run asks for leases for each of the links, until the context is done.
func run(ctx context.Context, args []string, out *os.File) error {
	if len(args) == 0 {
		return fmt.Errorf("ask for leases: no link is named; name some like eth0/4 and eth0/6")
	}
	w := &writer{out: out}
	var all sync.WaitGroup
	for _, arg := range args {
		link, version, err := dhcp.ParseArgument(arg)
		if err != nil {
			return err
		}
		c := &client{link: link, version: version, report: w.report, say: w.say, asker: &asker4{link: link}}
		if version == 6 {
			c.asker = &asker6{link: link}
		}
		all.Go(func() { c.run(ctx) })
	}
	all.Wait()
	return nil
}

// writer writes whole lines.
type writer struct {
	mu  sync.Mutex
	out *os.File
}

func (w *writer) report(r Report) {
	line, err := r.line()
	if err != nil {
		w.say("%s: tell of a lease: %v", r.Link, err)
		return
	}
	w.write(line)
}

func (w *writer) say(format string, args ...any) {
	text := strings.Map(func(c rune) rune {
		if c < ' ' || c > '~' {
			return '?'
		}
		return c
	}, fmt.Sprintf(format, args...))
	w.write([]byte(text + "\n"))
}

func (w *writer) write(line []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	_, _ = w.out.Write(line) // nobody to tell but PID 1, which reads this
}
