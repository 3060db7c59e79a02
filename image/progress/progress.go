// Package progress shows a person what a long command is doing: one line a step,
// with the time it takes and how far it is. On a terminal the line is rewritten;
// in a log a line is added now and then.
package progress

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"
)

// Report prints the steps of one command.
type Report struct {
	out      io.Writer
	terminal bool
	Verbose  bool // the output of tools is shown as it comes
}

// New reports on file, usually the standard error output.
func New(file *os.File, verbose bool) *Report {
	return &Report{out: file, terminal: term.IsTerminal(int(file.Fd())), Verbose: verbose}
}

const (
	redraw = 200 * time.Millisecond // on a terminal
	remind = 20 * time.Second       // in a log
)

// Step is one part of a command, while it lasts.
type Step struct {
	report *Report
	name   string
	began  time.Time
	stop   chan struct{}
	gone   chan struct{}

	mu    sync.Mutex
	doing string
}

// Start begins a step. What it does now can be changed with Doing.
func (r *Report) Start(name, doing string) *Step {
	s := &Step{report: r, name: name, doing: doing, began: time.Now(), stop: make(chan struct{}), gone: make(chan struct{})}
	go s.show()
	return s
}

// Doing says what the step does now.
func (s *Step) Doing(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.doing = fmt.Sprintf(format, args...)
}

// Done ends the step with its result. A step ends once; later ends do nothing.
func (s *Step) Done(format string, args ...any) {
	if s.end() {
		fmt.Fprintln(s.report.out, s.line(fmt.Sprintf(format, args...)))
	}
}

// Failed ends the step with an error and returns it.
func (s *Step) Failed(err error) error {
	if s.end() {
		fmt.Fprintln(s.report.out, s.line("failed"))
	}
	return err
}

func (s *Step) end() bool {
	select {
	case <-s.stop:
		return false
	default:
	}
	close(s.stop)
	<-s.gone
	if s.report.terminal {
		fmt.Fprint(s.report.out, "\r\x1b[K")
	}
	return true
}

func (s *Step) show() {
	defer close(s.gone)
	period := remind
	if s.report.terminal {
		period = redraw
	}
	tick := time.NewTicker(period)
	defer tick.Stop()
	for {
		select {
		case <-s.stop:
			return
		case <-tick.C:
		}
		s.mu.Lock()
		line := s.line(s.doing)
		s.mu.Unlock()
		switch {
		case s.report.Verbose:
		case s.report.terminal:
			fmt.Fprint(s.report.out, "\r\x1b[K", s.report.fit(line))
		default:
			fmt.Fprintln(s.report.out, line)
		}
	}
}

// fit cuts what would begin a second line, which the next one could not wipe out.
func (r *Report) fit(line string) string {
	file, ok := r.out.(*os.File)
	if !ok {
		return line
	}
	columns, _, err := term.GetSize(int(file.Fd()))
	if text := []rune(line); err == nil && columns > 0 && len(text) >= columns {
		return string(text[:columns-1])
	}
	return line
}

func (s *Step) line(text string) string {
	const width = 62
	if pad := width - len([]rune(text)); pad > 0 {
		text += strings.Repeat(" ", pad)
	}
	return fmt.Sprintf("  %-11s %s %s", s.name, text, elapsed(time.Since(s.began)))
}

func elapsed(d time.Duration) string {
	if d < time.Minute {
		return fmt.Sprintf("%6.1f s", d.Seconds())
	}
	return fmt.Sprintf("%2dm%02ds", int(d.Minutes()), int(d.Seconds())%60)
}
