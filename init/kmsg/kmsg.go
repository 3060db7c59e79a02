// Package kmsg reads what the kernel warns of: a full memory, a card that was reset, a
// disk that fails. What it merely reports, and what programs write to its log, is left
// out.
package kmsg

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Warning is the least severe level that is read: <linux/kern_levels.h>.
const Warning = 4

// Record is one message of the kernel.
type Record struct {
	Level int           // 0 is an emergency, 3 an error, 4 a warning
	At    time.Duration // since the kernel's start
	Text  string        // one line
}

// A kernel that complains of each packet must not push everything else out of the
// journal: so many records come at once, and then one each interval.
const (
	burst    = 100
	interval = time.Second
)

// longest is more than the kernel gives in one read: PRINTKRB_RECORD_MAX is 1024, and
// what cannot be printed takes four bytes.
const longest = 8 << 10

// Follow tells each warning from the kernel's start on, in order, and then those that
// come, until reading fails. Of a flood the rest is told as the number of what was left out.
func Follow(tell func(Record)) error {
	file, err := os.Open("/dev/kmsg")
	if err != nil {
		return fmt.Errorf("read what the kernel says: %w", err)
	}
	defer file.Close()
	limit := limit{tell: tell, tokens: burst}
	buffer := make([]byte, longest)
	for {
		n, err := file.Read(buffer)
		switch {
		case errors.Is(err, unix.EPIPE), errors.Is(err, unix.EINVAL):
			continue // what was next is overwritten, or longer than any; the next read goes on after it
		case err != nil:
			return fmt.Errorf("read what the kernel says: %w", err)
		}
		if r, ok := parse(buffer[:n]); ok && r.Level <= Warning {
			limit.take(r, time.Now())
		}
	}
}

// parse takes a record apart, as Documentation/ABI/testing/dev-kmsg has it:
// "4,1234,5678901,-;text", lines of a dictionary after it. It is false for what no
// kernel wrote.
func parse(data []byte) (Record, bool) {
	head, text, found := bytes.Cut(data, []byte(";"))
	fields := strings.Split(string(head), ",")
	if !found || len(fields) < 4 {
		return Record{}, false
	}
	priority, err := strconv.ParseUint(fields[0], 10, 31)
	if err != nil || priority>>3 != 0 { // the facility of the kernel is 0
		return Record{}, false
	}
	at, err := strconv.ParseUint(fields[2], 10, 53) // as nanoseconds they fit
	if err != nil {
		return Record{}, false
	}
	text, _, _ = bytes.Cut(text, []byte("\n"))
	return Record{Level: int(priority & 7), At: time.Duration(at) * time.Microsecond, Text: string(text)}, true
}

// limit lets a burst through and then one record each interval.
type limit struct {
	tell   func(Record)
	tokens int
	since  time.Time // when tokens was last counted
	left   int       // out, since the last that was told
}

func (l *limit) take(r Record, now time.Time) {
	if l.since.IsZero() {
		l.since = now
	}
	if back := now.Sub(l.since) / interval; back > 0 {
		l.tokens = int(min(burst, time.Duration(l.tokens)+back))
		l.since = l.since.Add(back * interval)
	}
	if l.tokens == 0 {
		l.left++
		return
	}
	l.tokens--
	if l.left > 0 {
		l.tell(Record{Level: Warning, At: r.At, Text: fmt.Sprintf("warnings that were left out: %d", l.left)})
		l.left = 0
	}
	l.tell(r)
}
