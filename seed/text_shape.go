package seed

import (
	"fmt"
	"strconv"
	"strings"

	"twinlb/seed/strict"
)

// What a JSON Schema can say of the text of a value. The patterns keep to what
// ECMA-262 and RE2 have in common. A schema knows neither how far a duration may
// go nor whether an SSH key is whole.
var (
	addressText       = definition("address")
	prefixText        = definition("nodeAddress")
	subnetAddressText = definition("interfaceAddress")
	clientsText       = definition("clients")
	durationText      = definition("duration")
	keyText           = definition("publicKey")

	neverText     = strict.Shape{Enum: []any{"never", "false", false}}
	booleanText   = strict.Shape{AnyOf: []strict.Shape{{Type: "boolean"}, {Enum: []any{"true", "false"}}}}
	nameText      = label("[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", new(0), nil)
	sectionText   = label("[a-z0-9][a-z0-9_-]{0,62}", new(0), nil)
	userText      = label("[a-zA-Z0-9_.-]{1,32}", nil, nil)
	interfaceText = func() strict.Shape {
		s := label("[a-zA-Z0-9._-]{1,15}", new(-99999999999999), new(999999999999999))
		s.AnyOf[0].Not = &strict.Shape{Pattern: `^(lo|\.+)$`}
		return s
	}()
	macText = strict.Shape{
		Type: "string",
		Pattern: anchored(`[0-9a-fA-F][02468aceACE](:[0-9a-fA-F]{2}){5}`, `[0-9a-fA-F][02468aceACE](-[0-9a-fA-F]{2}){5}`,
			`[0-9a-fA-F][02468aceACE][0-9a-fA-F]{2}(\.[0-9a-fA-F]{4}){2}`),
		Not:      &strict.Shape{Pattern: `^[0:.-]+$`},
		Examples: []any{"52:54:00:12:34:56"},
	}
)

// definitions are the shapes that several keys have.
var definitions = map[string]*strict.Shape{
	"address": {
		Type: "string", Pattern: anchored(machine4, address6), Not: &strict.Shape{Pattern: noMachine6},
		Examples: []any{"192.168.100.60", "2001:db8::60"},
	},
	"nodeAddress": {
		Type: "string", Not: &strict.Shape{Pattern: noMachine6},
		Pattern:  anchored(machine4+length(leastPrefix4, mostPrefix4), address6+length(leastPrefix6, mostPrefix6)),
		Examples: []any{"192.168.100.53/24", "2001:db8::53/64"},
	},
	"interfaceAddress": {
		Type: "string", Not: &strict.Shape{Pattern: noMachine6},
		Pattern:  anchored(machine4+length(leastPrefix4, 32), address6+length(leastPrefix6, 128)),
		Examples: []any{"10.0.0.53/24"},
	},
	"clients": {
		Type: "string", Not: &strict.Shape{Pattern: mapped6},
		Pattern:  anchored(address4+"("+length(0, 32)+")?", address6+"("+length(0, 128)+")?"),
		Examples: []any{"10.0.0.0/8", "2001:db8::/32"},
	},
	"duration": {
		Type: "string", Pattern: `^\+?(([0-9]+(\.[0-9]*)?|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h))+$`,
		Examples: []any{"200ms", "30s", "5m"},
	},
	"publicKey": {
		Type:     "string",
		Pattern:  `^\s*(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(256|384|521)|sk-(ssh-ed25519|ecdsa-sha2-nistp256)@openssh\.com) +[A-Za-z0-9+/]+={0,2}( .*)?\s*$`,
		Examples: []any{"ssh-ed25519 AAAA… ops@example"},
	},
}

func definition(name string) strict.Shape { return strict.Shape{Ref: "#/$defs/" + name} }

const (
	octet    = `(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])`
	address4 = octet + `(\.` + octet + `){3}`
	// machine4 leaves out 0.0.0.0/8, 127.0.0.0/8 and all from 224.0.0.0 on.
	machine4 = `([1-9][0-9]?|1[01][0-9]|12[0-689]|1[3-9][0-9]|2[01][0-9]|22[0-3])(\.` + octet + `){3}`
	// noMachine6 is how ::/16, fe80::/10 and ff00::/8 begin.
	noMachine6 = `^(0{0,4}|[fF][eE][89abAB][0-9a-fA-F]|[fF][fF][0-9a-fA-F]{2}):`
	group      = `[0-9a-fA-F]{1,4}`
	// mapped6 is ::ffff:0:0/96, with the :: before or behind or not at all.
	mapped6 = `^([0:]*:[fF]{4}:(` + group + `:` + group + `|` + address4 + `)|(0{1,4}:){5}[fF]{4}::(` + group + `)?)(/|$)`
)

// address6 is an IPv6 address (RFC 4291 §2.2): in full, or with :: for one group
// or more; the last two groups may be an IPv4 address.
var address6 = func() string {
	choices := []string{repeat(group+":", 7, 7) + group, repeat(group+":", 6, 6) + address4}
	for before := range 8 {
		lead := ":"
		if before > 0 {
			lead = repeat(group+":", before, before)
		}
		rest := ":"
		if before < 7 {
			rest = "(:|" + repeat(":"+group, 1, 7-before) + ")"
		}
		choices = append(choices, lead+rest)
		if before <= 5 {
			choices = append(choices, lead+repeat(":"+group, 0, 5-before)+":"+address4)
		}
	}
	return "(" + strings.Join(choices, "|") + ")"
}()

func repeat(pattern string, least, most int) string {
	return fmt.Sprintf("(%s){%d,%d}", pattern, least, most)
}

// anchored fits a text that is one of the choices and nothing more.
func anchored(choices ...string) string {
	return "^(" + strings.Join(choices, "|") + ")$"
}

// length fits a slash and a prefix length.
func length(least, most int) string {
	return "/" + decimalPattern(least, most)
}

// label is a text that YAML may take for a number.
func label(pattern string, least, most *int) strict.Shape {
	return strict.Shape{AnyOf: []strict.Shape{{Type: "string", Pattern: anchored(pattern)}, {Type: "integer", Minimum: least, Maximum: most}}}
}

// number is a decimal number, quoted or not.
func number(least, most int) strict.Shape {
	return strict.Shape{AnyOf: []strict.Shape{
		{Type: "integer", Minimum: &least, Maximum: &most},
		{Type: "string", Pattern: anchored(decimalPattern(least, most))},
	}}
}

// decimalPattern fits the numbers from least to most, without leading zeros.
func decimalPattern(least, most int) string {
	var choices []string
	for from := least; from <= most; {
		// The longest run from here in which the last digits are free.
		step := 1
		for from > 0 && from%(10*step) == 0 && from+10*step-1 <= most {
			step *= 10
		}
		last := from // the highest digit before the free ones
		for last/step%10 < 9 && last+2*step-1 <= most {
			last += step
		}
		choices = append(choices, digitRange(from, last, step))
		from = last + step
	}
	return "(" + strings.Join(choices, "|") + ")"
}

func digitRange(from, last, step int) string {
	head := ""
	if n := from / step / 10; n > 0 {
		head = strconv.Itoa(n)
	}
	pattern := fmt.Sprintf("%s[%d-%d]", head, from/step%10, last/step%10)
	if free := len(strconv.Itoa(step)) - 1; free > 0 {
		pattern += fmt.Sprintf("[0-9]{%d}", free)
	}
	return pattern
}
