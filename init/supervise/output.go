package supervise

import (
	"bufio"
	"errors"
	"io"
	"slices"
	"sync"
)

// Limits of what is kept of a process's output.
const (
	tailLines = 100
	lineBytes = 1024
)

// tail keeps the last lines that a process wrote.
type tail struct {
	mu    sync.Mutex
	lines []string // at most tailLines, oldest first
}

func (t *tail) add(line string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.lines) == tailLines {
		t.lines = slices.Delete(t.lines, 0, 1)
	}
	t.lines = append(t.lines, line)
}

func (t *tail) last(n int) []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.lines[max(0, len(t.lines)-n):])
}

// readLines calls line for each line of r, without its end. A longer line than
// lineBytes comes in pieces, so that a process cannot make this one grow.
func readLines(r io.Reader, line func(string)) {
	reader := bufio.NewReaderSize(r, lineBytes)
	for {
		piece, err := reader.ReadSlice('\n')
		if text := trimEnd(piece); len(text) > 0 {
			line(string(text))
		}
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return
		}
	}
}

func trimEnd(b []byte) []byte {
	for len(b) > 0 && (b[len(b)-1] == '\n' || b[len(b)-1] == '\r') {
		b = b[:len(b)-1]
	}
	return b
}
