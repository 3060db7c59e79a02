// Package console shows what the node does on every console that the kernel
// writes to: a log on all of them, and on a screen the node's status above it.
//
// A console can be arbitrarily slow, or blocked for ever by flow control. Each has
// a goroutine and a bounded queue of its own; what does not fit is dropped and
// counted, so that writing never waits.
package console

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// queue is how many writes may wait for a slow console.
const queue = 256

// kept is how many log lines a screen shows below the status.
const kept = 12

// Consoles are all consoles of the machine. The zero value has none and drops
// everything.
type Consoles struct {
	outputs []*output

	mu     sync.Mutex
	recent []string // the last log lines, oldest first
	status string   // the latest
}

// output is one console.
type output struct {
	screen  bool // can clear itself: a virtual terminal
	file    *os.File
	pending chan string
	mu      sync.Mutex
	dropped int
}

// Open finds the consoles in /sys/class/tty/console/active, the kernel's
// console= parameters that took effect.
func Open() (*Consoles, error) {
	active, err := os.ReadFile("/sys/class/tty/console/active")
	if err != nil {
		return nil, fmt.Errorf("find the consoles: %w", err)
	}
	c := &Consoles{}
	for _, name := range strings.Fields(string(active)) {
		file, err := os.OpenFile(filepath.Join("/dev", name), os.O_WRONLY|syscall.O_NOCTTY, 0)
		if err != nil {
			continue // a console= of hardware that is not there
		}
		c.add(file, name == "tty0")
	}
	if len(c.outputs) == 0 {
		return nil, fmt.Errorf("open the consoles %s: none can be written to", strings.TrimSpace(string(active)))
	}
	return c, nil
}

func (c *Consoles) add(file *os.File, screen bool) {
	o := &output{screen: screen, file: file, pending: make(chan string, queue)}
	go o.write()
	c.outputs = append(c.outputs, o)
}

// None tells whether there is no console that could show anything.
func (c *Consoles) None() bool { return len(c.outputs) == 0 }

// Log writes a line to every console, with the seconds since the kernel started.
func (c *Consoles) Log(subject, text string) {
	line := fmt.Sprintf("[%8.3f] %s: %s", Uptime().Seconds(), subject, text)
	line = strings.Map(printable, line)
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.recent) == kept {
		c.recent = c.recent[1:]
	}
	c.recent = append(c.recent, line)
	for _, o := range c.outputs {
		if o.screen && c.status != "" {
			o.send(c.page())
		} else {
			o.send(line + "\n")
		}
	}
}

// Show makes text the node's status: at the top of a screen, once on a line
// console.
func (c *Consoles) Show(text string) {
	text = strings.Map(func(r rune) rune {
		if r == '\n' {
			return r
		}
		return printable(r)
	}, text)
	c.mu.Lock()
	defer c.mu.Unlock()
	if text == c.status {
		return
	}
	c.status = text
	for _, o := range c.outputs {
		if o.screen {
			o.send(c.page())
		} else {
			o.send("\n" + text + "\n")
		}
	}
}

// Drain waits until all consoles have written what they were given, or patience
// is over. It is for the last words before the machine stops.
func (c *Consoles) Drain(patience time.Duration) {
	deadline := time.Now().Add(patience)
	for _, o := range c.outputs {
		for len(o.pending) > 0 && time.Now().Before(deadline) {
			time.Sleep(5 * time.Millisecond)
		}
	}
	time.Sleep(min(50*time.Millisecond, max(0, time.Until(deadline))))
}

// page is a whole screen: cleared, the status, and the latest log lines.
func (c *Consoles) page() string {
	return "\x1b[H\x1b[J" + c.status + "\n" + strings.Join(c.recent, "\n") + "\n"
}

func (o *output) send(text string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.dropped > 0 {
		text = fmt.Sprintf("(%d messages dropped: this console was too slow)\n%s", o.dropped, text)
	}
	select {
	case o.pending <- text:
		o.dropped = 0
	default:
		o.dropped++
	}
}

func (o *output) write() {
	for text := range o.pending {
		_, _ = o.file.WriteString(text)
	}
}

// Uptime is the time since the kernel started.
func Uptime() time.Duration {
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &now); err != nil {
		return 0
	}
	return time.Duration(now.Nano())
}

// printable keeps what a service or a seed says from steering the terminal.
func printable(r rune) rune {
	if r < ' ' && r != '\t' || r == 0x7f || 0x80 <= r && r < 0xa0 {
		return '?'
	}
	return r
}
