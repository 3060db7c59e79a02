// Package control is the local protocol between PID 1 and the admin process: one
// request on a connection to a UNIX socket, then replies until one is the last.
// Both are lines of JSON.
//
// It carries data, no text for people but what PID 1 did or why it did not: how it
// is shown is the admin process's. It knows nothing of SSH, and does nothing itself.
package control

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"

	"twinlb/init/change"
	"twinlb/init/drain"
	"twinlb/init/drill"
	"twinlb/init/journal"
	"twinlb/init/status"
)

// Verb is what is asked of PID 1. Each is a command of the SSH login too.
type Verb string

// The verbs.
const (
	Status   Verb = "status"   // → Pair
	Services Verb = "services" // → Services
	Stop     Verb = "stop"     // Service → Said
	Start    Verb = "start"    // Service → Said
	Restart  Verb = "restart"  // Service → Said
	Logs     Verb = "logs"     // Service or all, Follow → Lines, again and again when following
	Failover Verb = "failover" // Drain, Grace → Said
	Drill    Verb = "drill"    // Yes → Drilled, again and again, and Said; without Yes → Steps
	Config   Verb = "config"   // → Files
	History  Verb = "history"  // → History
	Why      Verb = "why"      // Nth → Records
	Apply    Verb = "apply"    // Seed, Within, DryRun, Alone → Diff when DryRun; Said, again and again
	Confirm  Verb = "confirm"  // → Said, again and again
	Rollback Verb = "rollback" // → Said, again and again
	Reboot   Verb = "reboot"   // → Said
	PowerOff Verb = "poweroff" // → Said
)

// Request is one request.
type Request struct {
	Verb    Verb   `json:"verb"`
	Service string `json:"service,omitempty"`
	Follow  bool   `json:"follow,omitempty"`
	Nth     int    `json:"nth,omitempty"` // event before the latest
	// Drain waits until no statement runs, at most for the Grace.
	Drain bool          `json:"drain,omitempty"`
	Grace time.Duration `json:"grace,omitempty"`
	Yes   bool          `json:"yes,omitempty"` // do it, and not only say what would be done
	// Seed is user-data, packed as change.Pack does it.
	Seed   []byte        `json:"seed,omitempty"`
	Within time.Duration `json:"within,omitempty"` // until it is undone
	DryRun bool          `json:"dry_run,omitempty"`
	Alone  bool          `json:"alone,omitempty"` // although no other node is heard

	By string `json:"by"` // who asks, for the journal: the comment of the key, and from where
}

// Reply is one of the replies to a request; only what was asked for is set.
type Reply struct {
	Error    string           `json:"error,omitempty"` // why it was not done; nothing follows
	Done     bool             `json:"done,omitempty"`  // this is the last one; set by the Server
	Said     string           `json:"said,omitempty"`  // what was done, in a sentence
	Pair     *status.Pair     `json:"pair,omitempty"`
	Services []status.Service `json:"services,omitempty"`
	Lines    []journal.Line   `json:"lines,omitempty"`
	Files    []File           `json:"files,omitempty"`
	History  []status.Change  `json:"history,omitempty"` // oldest first
	Steps    []drill.Step     `json:"steps,omitempty"`
	Drilled  *drill.Report    `json:"drilled,omitempty"`
	Records  []status.Record  `json:"records,omitempty"` // of one event, oldest first
	Diff     string           `json:"diff,omitempty"`    // unified, of what runs
}

// File is a rendered configuration file.
type File struct {
	Path string `json:"path"`
	Text string `json:"text"`
}

// Limits of the protocol, in bytes of a line with its end.
const (
	maxRequest = 32 << 10
	maxReply   = 1 << 20
)

// longest is how many bytes a value of a request may have. Two of them and a seed
// fit into maxRequest however JSON escapes them.
const longest = 256

// check refuses what no honest admin process sends. What it lets through can
// stand in a journal.
func (r *Request) check() error {
	takesService := false
	switch r.Verb {
	case Status, Services, Failover, Drill, Config, History, Why, Reboot, PowerOff, Logs, Confirm, Rollback:
	case Apply:
		if err := r.checkSeed(); err != nil {
			return err
		}
	case Stop, Start, Restart:
		takesService = true
	default:
		return fmt.Errorf("unknown verb %.40q", r.Verb)
	}
	switch {
	case len(r.Service) > longest || len(r.By) > longest:
		return fmt.Errorf("a value is longer than %d bytes", longest)
	case !printable(r.Service) || !printable(r.By):
		return errors.New("a value is not printable text")
	case r.By == "":
		return fmt.Errorf("%s needs the name of who asks", r.Verb)
	case takesService && r.Service == "":
		return fmt.Errorf("%s needs a service", r.Verb)
	case !takesService && r.Verb != Logs && r.Service != "":
		return fmt.Errorf("%s takes no service", r.Verb)
	case r.Yes && r.Verb != Drill:
		return fmt.Errorf("%s asks for no consent", r.Verb)
	case r.Verb != Failover && (r.Drain || r.Grace != 0):
		return fmt.Errorf("%s drains nothing", r.Verb)
	case r.Grace < 0 || r.Grace > drain.MaxGrace || r.Grace != 0 && !r.Drain:
		return fmt.Errorf("a drain has a grace of at most %s, not %s", drain.MaxGrace, r.Grace)
	case r.Nth != 0 && r.Verb != Why || r.Nth < 0:
		return fmt.Errorf("%s takes no number %d", r.Verb, r.Nth)
	case r.Follow && r.Verb != Logs:
		return fmt.Errorf("%s cannot be followed", r.Verb)
	case r.Verb != Apply && (len(r.Seed) > 0 || r.Within != 0 || r.DryRun || r.Alone):
		return fmt.Errorf("%s takes no seed", r.Verb)
	}
	return nil
}

func (r *Request) checkSeed() error {
	switch {
	case len(r.Seed) == 0 || len(r.Seed) > change.MaxPacked:
		return fmt.Errorf("the seed has %d bytes, want 1 to %d", len(r.Seed), change.MaxPacked)
	case r.Within < change.MinWithin || r.Within > change.MaxWithin:
		return fmt.Errorf("the seed is to be undone within %s, want %s to %s", r.Within, change.MinWithin, change.MaxWithin)
	}
	return nil
}

func printable(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) })
}

// ParseRequest reads and checks a request's line.
func ParseRequest(line []byte) (Request, error) {
	var request Request
	decoder := json.NewDecoder(bytes.NewReader(line))
	decoder.DisallowUnknownFields() // both sides are of one program
	if err := decoder.Decode(&request); err != nil {
		return Request{}, fmt.Errorf("read a request: %w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return Request{}, errors.New("read a request: something follows it")
	}
	if err := request.check(); err != nil {
		return Request{}, fmt.Errorf("read a request: %w", err)
	}
	return request, nil
}
