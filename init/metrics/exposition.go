package metrics

import (
	"fmt"
	"strconv"
	"strings"
)

// Kinds of metrics.
const (
	gauge   = "gauge"
	counter = "counter"
)

// exposition is a text for Prometheus in the making, in its text format 0.0.4: for
// each metric what it is, its kind, and its values.
type exposition struct{ b strings.Builder }

// label is a name and a value; the name is a literal of this program.
type label struct{ name, value string }

// metric begins one. Its values follow.
func (e *exposition) metric(name, kind, help string) {
	fmt.Fprintf(&e.b, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind)
}

// value adds one of the metric that was begun last. No two of a metric have the same
// labels.
func (e *exposition) value(name string, value float64, labels ...label) {
	e.b.WriteString(name)
	for i, l := range labels {
		e.b.WriteString(map[bool]string{true: "{", false: ","}[i == 0])
		e.b.WriteString(l.name + `="` + escape.Replace(l.value) + `"`)
	}
	if len(labels) > 0 {
		e.b.WriteByte('}')
	}
	e.b.WriteString(" " + strconv.FormatFloat(value, 'g', -1, 64) + "\n")
}

// single adds a metric that has one value.
func (e *exposition) single(name, kind, help string, value float64) {
	e.metric(name, kind, help)
	e.value(name, value)
}

// oneOf adds a value for each of the states, 1 for the one that is.
func (e *exposition) oneOf(name, labelName, is string, states []string, labels ...label) {
	for _, state := range states {
		e.value(name, truth(state == is), append(labels[:len(labels):len(labels)], label{labelName, state})...)
	}
}

func (e *exposition) String() string { return e.b.String() }

// escape is for values of labels.
var escape = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)

func truth(is bool) float64 {
	if is {
		return 1
	}
	return 0
}
