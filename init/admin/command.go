package admin

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"twinlb/init/control"
	"twinlb/init/drain"
)

// longest is how many bytes a command may have; maxWord a word of it.
const (
	longest = 4096
	maxWord = 64
)

// service tells whether a command is about one, or about something that has a number.
type service int

const (
	noService service = iota
	anyService
	oneService
	anyNumber
)

// most is the largest number of a change or an event.
const most = 999

// extra is what a command takes besides a service.
type extra int

const (
	noExtra   extra = iota
	asJSON          // can be shown as JSON
	following       // can be followed
	aSeed           // reads one, and has flags for what becomes of it
	draining        // can wait until no statement runs
	consent         // does nothing without
)

// known is a command that there is.
type known struct {
	verb    control.Verb
	service service
	extra   extra
	meaning string
}

// commands is all that can be done, in the order of the help.
var commands = []known{
	{control.Status, noService, asJSON, "both nodes as this one sees them; exits 0 when well, 1 degraded, 2 not serving"},
	{control.Services, noService, asJSON, "what runs on this node"},
	{control.Stop, oneService, noExtra, "end a service until it is started or the node restarts"},
	{control.Start, oneService, noExtra, "start a service that was stopped"},
	{control.Restart, oneService, noExtra, "end a service and start it again"},
	{control.Logs, anyService, following, "the latest lines of this node or of one service; -f: and those that come"},
	{control.Failover, noService, draining, "give the VIP to the peer, which takes it over first; --drain: when no statement runs"},
	{control.Drill, noService, consent, "try what a pair must be able to do while it serves, and measure; without --yes: say what"},
	{control.Config, noService, noExtra, "the configuration files that this node runs with"},
	{control.Why, anyNumber, asJSON, "why the VIP moved last, as all nodes tell it; with N the Nth latest time"},
	{control.History, anyNumber, asJSON, "changes of this node's VRRP state; with N all of the Nth latest"},
	{control.Apply, noService, aSeed, "run another seed on all nodes, which is undone unless it is confirmed"},
	{control.Confirm, noService, noExtra, "keep the seed that was applied, after a restart too"},
	{control.Rollback, noService, noExtra, "undo at once what was applied"},
	{control.Reboot, noService, noExtra, "hand over, then restart the node"},
	{control.PowerOff, noService, noExtra, "hand over, then turn the node off"},
}

// help lists them.
var help = func() string {
	var text strings.Builder
	for _, k := range commands {
		fmt.Fprintf(&text, "  %-22s %s\n", k.usage(), k.meaning)
	}
	fmt.Fprintf(&text, "  %-22s %s\n", "help [COMMAND]", "this list")
	return text.String()
}()

func (k *known) usage() string {
	words := []string{string(k.verb)}
	switch k.extra {
	case asJSON:
		words = append(words, "[--json]")
	case following:
		words = append(words, "[-f]")
	case aSeed:
		words = append(words, "[FLAGS] < SEED")
	case draining:
		words = append(words, "[--drain]")
	case consent:
		words = append(words, "[--yes]")
	}
	switch k.service {
	case anyService:
		words = append(words, "[SERVICE]")
	case anyNumber:
		words = append(words, "[N]")
	case oneService:
		words = append(words, "SERVICE")
	}
	return strings.Join(words, " ")
}

// command is one that was given.
type command struct {
	verb    control.Verb // "" for help as a whole
	service string
	number  int // 1 is the latest; 0 without one
	json    bool
	follow  bool
	help    bool
	within  time.Duration // of apply
	dryRun  bool
	alone   bool
	yes     bool
	drain   bool
	grace   time.Duration // of drain
}

func (c command) request(by string) control.Request {
	return control.Request{
		Verb: c.verb, Service: c.service, Follow: c.follow, By: cut(by, 128),
		Within: c.within, DryRun: c.dryRun, Alone: c.alone,
		Nth: c.nth(), Drain: c.drain, Grace: c.grace, Yes: c.yes,
	}
}

// nth is which event before the latest PID 1 is asked for.
func (c command) nth() int {
	if c.verb != control.Why {
		return 0
	}
	return max(0, c.number-1)
}

// usage is what help says of the command.
func (c command) usage() string {
	if k := find(string(c.verb)); k != nil {
		text := fmt.Sprintf("%s\n    %s\n", k.usage(), k.meaning)
		switch k.extra {
		case aSeed:
			text += flags
		case draining:
			text += drainFlags
		}
		return text
	}
	return help
}

func find(verb string) *known {
	i := slices.IndexFunc(commands, func(k known) bool { return string(k.verb) == verb })
	if i < 0 {
		return nil
	}
	return &commands[i]
}

// parseCommand reads a command: words between blanks, without quoting and without
// patterns. Flags may stand anywhere after the first.
func parseCommand(line string) (command, error) {
	if len(line) > longest {
		return command{}, fmt.Errorf("the command has %d bytes, at most %d are possible", len(line), longest)
	}
	if !utf8.ValidString(line) || strings.ContainsFunc(line, unprintable) {
		return command{}, errors.New("the command is not printable text")
	}
	words := strings.Fields(line)
	if len(words) == 0 {
		return command{}, errors.New("no command; known:\n" + help)
	}
	if isHelp(words[0]) {
		return parseHelp(words[1:])
	}
	k := find(words[0])
	if k == nil {
		return command{}, fmt.Errorf("unknown command %s; known:\n%s", quote(words[0], maxWord), help)
	}
	c := command{verb: k.verb}
	if k.extra == aSeed {
		c.within = undoneAfter
	}
	graced := false
	for rest := words[1:]; len(rest) > 0; rest = rest[1:] {
		word := rest[0]
		switch {
		case word == "-h" || word == "--help":
			return command{verb: k.verb, help: true}, nil
		case word == "--json" && k.extra == asJSON:
			c.json = true
		case (word == "-f" || word == "--follow") && k.extra == following:
			c.follow = true
		case word == "--last" && k.service == anyNumber && c.number == 0:
			c.number = 1
		case word == "--yes" && k.extra == consent:
			c.yes = true
		case word == "--drain" && k.extra == draining:
			c.drain = true
			if !graced {
				c.grace = drain.StandardGrace
			}
		case word == "--grace" && k.extra == draining:
			if rest = rest[1:]; len(rest) == 0 {
				return command{}, k.misused("--grace needs a time, as in 5s")
			}
			var err error
			if c.grace, err = grace(rest[0]); err != nil {
				return command{}, k.misused("%v", err)
			}
			graced = true
		case word == "--dry-run" && k.extra == aSeed:
			c.dryRun = true
		case word == "--alone" && k.extra == aSeed:
			c.alone = true
		case word == "--within" && k.extra == aSeed:
			if rest = rest[1:]; len(rest) == 0 {
				return command{}, k.misused("--within needs a time, as in 10m")
			}
			var err error
			if c.within, err = within(rest[0]); err != nil {
				return command{}, k.misused("%v", err)
			}
		case word[0] == '-':
			return command{}, k.misused("%s has no flag %s", k.verb, quote(word, maxWord))
		case k.service == noService:
			return command{}, k.misused("%s takes no %s", k.verb, quote(word, maxWord))
		case k.service == anyNumber:
			n, err := strconv.Atoi(word)
			if err != nil || n < 1 || n > most || c.number != 0 {
				return command{}, k.misused("%s takes one number from 1, the latest, to %d, not %s", k.verb, most, quote(word, maxWord))
			}
			c.number = n
		case c.service != "":
			return command{}, k.misused("%s takes one service, not %s and %s", k.verb, c.service, quote(word, maxWord))
		case len(word) > maxWord:
			return command{}, k.misused("%s is no name of a service", quote(word, maxWord))
		default:
			c.service = word
		}
	}
	if graced && !c.drain {
		return command{}, k.misused("--grace is for --drain")
	}
	if k.service == oneService && c.service == "" {
		return command{}, k.misused("%s needs a service; `services` lists them", k.verb)
	}
	return c, nil
}

func (k *known) misused(format string, args ...any) error {
	return fmt.Errorf(format+"\nusage: %s", append(args, k.usage())...)
}

func parseHelp(words []string) (command, error) {
	switch {
	case len(words) == 0:
		return command{help: true}, nil
	case len(words) == 1 && find(words[0]) != nil:
		return command{verb: find(words[0]).verb, help: true}, nil
	}
	return command{}, fmt.Errorf("no help for %s; known:\n%s", quote(strings.Join(words, " "), maxWord), help)
}

func isHelp(word string) bool {
	return word == "help" || word == "-h" || word == "--help"
}

// unprintable is what no command has; tabs are blanks.
func unprintable(r rune) bool { return r != '\t' && !unicode.IsPrint(r) }
