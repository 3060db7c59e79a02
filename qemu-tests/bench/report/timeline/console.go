package timeline

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// entry is a line of a serial log as package vm writes it.
type entry struct {
	host  time.Duration // since power-on, when the host had read it
	guest time.Duration // of the kernel's clock, when the guest said it
	timed bool          // has guest
	text  string        // without either
}

var (
	hostClock   = regexp.MustCompile(`^ *(\d+\.\d+) (.*)$`)
	kernelClock = regexp.MustCompile(`^\[ *(\d+\.\d+)\] (.*)$`)
)

// readLog returns the lines since the last power-on: a machine's log goes on when
// it is switched on again, and its clock then begins anew. Other lines are skipped.
func readLog(log string) []entry {
	var entries []entry
	for line := range strings.Lines(log) {
		match := hostClock.FindStringSubmatch(strings.TrimRight(line, "\r\n"))
		if match == nil {
			continue
		}
		e := entry{host: seconds(match[1]), text: match[2]}
		if n := len(entries); n > 0 && e.host < entries[n-1].host {
			entries = entries[:0]
		}
		if match := kernelClock.FindStringSubmatch(e.text); match != nil {
			e.guest, e.timed, e.text = seconds(match[1]), true, match[2]
		}
		entries = append(entries, e)
	}
	return entries
}

func seconds(text string) time.Duration {
	v, _ := strconv.ParseFloat(text, 64) // out of range is infinite, which inDuration bounds
	return inDuration(v)
}

// kernelStart is when the kernel's clock was 0. A console can only be late, so
// that the line that came soonest tells.
func kernelStart(entries []entry) (start time.Duration, ok bool) {
	for _, e := range entries {
		if offset := e.host - e.guest; e.timed && (!ok || offset < start) {
			start, ok = offset, true
		}
	}
	return max(0, start), ok
}

// The first words of boot loaders: OVMF's for a program that it starts, and GRUB's.
var loaderBegins = regexp.MustCompile(`^(BdsDxe: loading |GRUB loading|Welcome to GRUB|.*GNU GRUB|Loading Linux )`)

// beforeKernel is what comes before the kernel's clock: the firmware, and the boot
// loader when it said something. The kernel unpacks itself before its clock begins.
func beforeKernel(entries []entry, start time.Duration) []Span {
	for _, e := range entries {
		if !e.timed && e.host <= start && loaderBegins.MatchString(e.text) {
			return []Span{
				{Name: "firmware", Group: Firmware, End: e.host},
				{Name: "boot loader", Group: Loader, Begin: e.host, End: start},
			}
		}
	}
	return []Span{{Name: "firmware, boot loader", Group: Firmware, End: start}}
}

// errNoClock is for a log without a line of the kernel's clock.
func errNoClock(entries []entry, remedy string) error {
	return fmt.Errorf("find the start of the kernel: none of %d lines begins with the kernel's clock, such as \"[   1.234] …\"; %s", len(entries), remedy)
}
