// Package journal keeps the latest lines of everything that a node says, for
// whoever asks later and whoever is listening now.
//
// Its size is bounded and writing to it never waits: a listener who is too slow
// misses lines and is told how many.
package journal

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// Limits of what is kept, of one line, and of what waits for one listener.
const (
	keptLines = 2000
	keptBytes = 256 << 10
	lineBytes = 2 << 10
	waiting   = 256
)

// Line is one line of the journal.
type Line struct {
	At      time.Time `json:"at"`
	Subject string    `json:"subject"` // a service, or a part of PID 1
	Text    string    `json:"text"`
}

// Journal is ready to be used when it is zero.
type Journal struct {
	mu        sync.Mutex
	lines     []Line // oldest first
	bytes     int
	listeners map[*listener]struct{}
}

// listener gets the lines of one subject, or all when it is "".
type listener struct {
	subject string
	lines   chan Line
	missed  int
}

// Add appends a line of now for each line of text, at most 2 KiB of it.
func (j *Journal) Add(subject, text string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	now := time.Now()
	for piece := range strings.SplitSeq(strings.TrimRight(text, "\n"), "\n") {
		if len(piece) > lineBytes {
			piece = strings.ToValidUTF8(piece[:lineBytes], "")
		}
		j.add(Line{At: now, Subject: subject, Text: strings.Clone(piece)})
	}
}

func (j *Journal) add(line Line) {
	j.lines = append(j.lines, line)
	j.bytes += line.size()
	for len(j.lines) > keptLines || j.bytes > keptBytes {
		j.bytes -= j.lines[0].size()
		j.lines[0] = Line{}
		j.lines = j.lines[1:]
	}
	for l := range j.listeners {
		if l.subject == "" || l.subject == line.Subject {
			l.send(line)
		}
	}
}

func (l Line) size() int { return len(l.Subject) + len(l.Text) }

func (l *listener) send(line Line) {
	if l.missed > 0 {
		note := Line{At: line.At, Subject: "journal", Text: fmt.Sprintf("%d lines missed: the reader was too slow", l.missed)}
		select {
		case l.lines <- note:
			l.missed = 0
		default:
			l.missed++
			return
		}
	}
	select {
	case l.lines <- line:
	default:
		l.missed++
	}
}

// Lines returns what is kept of a subject, or of all when it is "", oldest first.
func (j *Journal) Lines(subject string) []Line {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.of(subject)
}

func (j *Journal) of(subject string) []Line {
	if subject == "" {
		return slices.Clone(j.lines)
	}
	var lines []Line
	for _, line := range j.lines {
		if line.Subject == subject {
			lines = append(lines, line)
		}
	}
	return lines
}

// Follow returns what is kept and a channel of what comes after it, until stop is
// called. The channel is never closed.
func (j *Journal) Follow(subject string) (kept []Line, next <-chan Line, stop func()) {
	j.mu.Lock()
	defer j.mu.Unlock()
	l := &listener{subject: subject, lines: make(chan Line, waiting)}
	if j.listeners == nil {
		j.listeners = make(map[*listener]struct{})
	}
	j.listeners[l] = struct{}{}
	return j.of(subject), l.lines, func() {
		j.mu.Lock()
		defer j.mu.Unlock()
		delete(j.listeners, l)
	}
}
