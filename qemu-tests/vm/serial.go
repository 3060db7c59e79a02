package vm

import (
	"fmt"
	"io"
	"regexp"
	"strings"
	"sync"
	"time"
)

// Serial is what a guest wrote to its serial console since the power came on.
type Serial struct {
	mu      sync.Mutex
	lines   []string // the last one may be incomplete
	changed chan struct{}
	closed  bool

	log   io.Writer // the same, each line with its time
	each  func(line string)
	begin time.Time

	reading sync.Mutex // held while the console is blocked
	blocked bool       // for who blocks and unblocks
}

func newSerial(log io.Writer, begin time.Time) *Serial {
	return &Serial{lines: []string{""}, changed: make(chan struct{}), log: log, begin: begin}
}

// escape matches the control sequences (ECMA-48 §5.4) with which a screen is drawn.
var escape = regexp.MustCompile("\x1b(\\[[0-9;?=]*[A-Za-z]|[()][0-9A-B]|[c78=>])|[\r\x00\x07]")

// Block stops reading, as a terminal server with flow control does: once the
// pipe is full, the guest's port takes no more.
func (s *Serial) Block() {
	if !s.blocked {
		s.reading.Lock()
		s.blocked = true
	}
}

// Unblock undoes Block.
func (s *Serial) Unblock() {
	if s.blocked {
		s.blocked = false
		s.reading.Unlock()
	}
}

// Write takes the next bytes of the console.
func (s *Serial) Write(p []byte) (int, error) {
	s.reading.Lock()
	defer s.reading.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	last := len(s.lines) - 1
	parts := strings.Split(s.lines[last]+string(p), "\n")
	complete := parts[:len(parts)-1]
	for i, line := range complete {
		complete[i] = escape.ReplaceAllString(line, "")
		s.logLine(complete[i])
	}
	s.lines = append(s.lines[:last], parts...)
	close(s.changed)
	s.changed = make(chan struct{})
	return len(p), nil
}

// close says that nothing more will come.
func (s *Serial) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if incomplete := s.lines[len(s.lines)-1]; incomplete != "" {
		s.logLine(escape.ReplaceAllString(incomplete, ""))
	}
	s.closed = true
	close(s.changed)
	s.changed = make(chan struct{})
}

// Follow passes on every line that was and will be written.
func (s *Serial) Follow(each func(line string)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, line := range s.lines[:len(s.lines)-1] {
		each(line)
	}
	s.each = each
}

func (s *Serial) logLine(line string) {
	if s.each != nil {
		s.each(line)
	}
	fmt.Fprintf(s.log, "%9.3f %s\n", time.Since(s.begin).Seconds(), line)
}

// Text returns all lines so far, without control sequences.
func (s *Serial) Text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return escape.ReplaceAllString(strings.Join(s.lines, "\n"), "")
}

func (s *Serial) wait(expression string, limit time.Duration) ([]string, error) {
	re, err := regexp.Compile("(?m)" + expression)
	if err != nil {
		return nil, fmt.Errorf("wait for the serial console: %w", err)
	}
	timeout := time.After(limit)
	for {
		s.mu.Lock()
		changed, closed := s.changed, s.closed
		s.mu.Unlock()
		if match := re.FindStringSubmatch(s.Text()); match != nil {
			return match, nil
		}
		if closed {
			return nil, fmt.Errorf("QEMU ended before a line of the serial console matched %q", expression)
		}
		select {
		case <-changed:
		case <-timeout:
			return nil, fmt.Errorf("waited %v for a line of the serial console that matches %q", limit, expression)
		}
	}
}

func (s *Serial) tail(n int) []string {
	lines := strings.Split(strings.TrimRight(s.Text(), "\n"), "\n")
	return lines[max(0, len(lines)-n):]
}
