package keepalived

import (
	"strings"
	"time"
)

// State is what the VRRP instance is in, RFC 9568 §6.3, as keepalived names it.
type State string

// The states. Fault is keepalived's own: a track file or the interface forbids
// taking part. Stopped is this program's name for a keepalived that ended.
const (
	StateMaster  State = "MASTER"
	StateBackup  State = "BACKUP"
	StateFault   State = "FAULT"
	StateStopped State = "STOP"
)

// ParseNotify reads a line of the notify FIFO, keepalived.conf(5)
// vrrp_notify_fifo, like: INSTANCE "vip" MASTER 250. It returns ok false for
// lines of other kinds.
func ParseNotify(line string) (state State, ok bool) {
	fields := strings.Fields(line)
	if len(fields) < 3 || fields[0] != "INSTANCE" {
		return "", false
	}
	switch state := State(fields[2]); state {
	case StateMaster, StateBackup, StateFault, StateStopped:
		return state, true
	}
	return "", false
}

// WithoutDate takes off the date that keepalived puts before what it says on a
// console, like: Sun Nov 22 17:58:28 2026: Startup complete.
func WithoutDate(line string) string {
	if len(line) > len(time.ANSIC)+2 {
		if _, err := time.Parse(time.ANSIC, line[:len(time.ANSIC)]); err == nil {
			return line[len(time.ANSIC)+2:]
		}
	}
	return line
}
