package seed

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v4"
)

// decoder turns YAML nodes into Go values, strictly, and remembers where each
// value stands. It goes by the text of a scalar, never by the type that YAML
// guesses: quoted or not means the same, and no port is taken for octal.
type decoder struct {
	source   source
	places   map[string]*yaml.Node // by path, like nodes[1].address
	faulty   map[string]bool       // paths that have a problem
	reported map[fault]bool
	problems Problems
	warnings Problems
	items    int // of all lists
	// wellFormed is set when there is a pair to validate.
	wellFormed bool
	// configured is set when a network-config is there to say what the machine
	// has and where it finds others; machine is nil when it could not be read.
	configured bool
	machine    *Machine
}

// fault is a problem of a node, whichever path leads to it: there are several
// where the node has aliases.
type fault struct {
	node    *yaml.Node
	message string
}

func newDecoder(s source) *decoder {
	return &decoder{source: s, places: map[string]*yaml.Node{}, faulty: map[string]bool{}, reported: map[fault]bool{}}
}

// value is a YAML node and its path in the seed. With a shape there is no node:
// the decoders then describe what they take, so that the JSON Schema comes from
// the very tables that seeds are decoded with.
type value struct {
	*decoder
	node  *yaml.Node
	path  string
	shape *shape
}

// value enters a node under its path.
func (d *decoder) value(node *yaml.Node, path string) value {
	if node.Kind == yaml.AliasNode {
		node = node.Alias
	}
	d.places[path] = node
	return value{decoder: d, node: node, path: path}
}

// problem reports the value.
func (v value) problem(format string, args ...any) {
	v.report(v.node, v.path, format, args...)
}

func (d *decoder) report(node *yaml.Node, path, format string, args ...any) {
	d.faulty[path] = true
	d.problems = append(d.problems, d.finding(node, path, fmt.Sprintf(format, args...))...)
}

// finding returns a problem of a node, unless it is known already.
func (d *decoder) finding(node *yaml.Node, path, message string) Problems {
	if d.reported[fault{node, message}] {
		return nil
	}
	d.reported[fault{node, message}] = true
	if path != "" {
		message = path + ": " + message
	}
	return d.source.problem(node.Line, node.Column, "%s", message)
}

// faultyWithin reports whether the value at a path or any in it has a problem.
func (d *decoder) faultyWithin(path string) bool {
	for faulty := range d.faulty {
		if rest, within := strings.CutPrefix(faulty, path); within && (rest == "" || rest[0] == '.' || rest[0] == '[') {
			return true
		}
	}
	return false
}

// reportAt reports the value at a path, or what encloses it where the value
// is a default. Only the first problem of a path is reported this way: what
// could not be decoded can't be judged, and one fault per value is enough to fix.
func (d *decoder) reportAt(path, format string, args ...any) {
	if d.faulty[path] {
		return
	}
	node, written := d.place(path)
	if !written {
		format += " (the key is not written, this is its default)"
	}
	d.report(node, path, format, args...)
}

// warnAt warns of the value at a path, or of what encloses it.
func (d *decoder) warnAt(path, format string, args ...any) {
	node, _ := d.place(path)
	for _, p := range d.finding(node, path, fmt.Sprintf(format, args...)) {
		p.Warning = true
		d.warnings = append(d.warnings, p)
	}
}

// place returns the node at a path, or of what encloses it where that is not written.
func (d *decoder) place(path string) (node *yaml.Node, written bool) {
	place := path
	for d.places[place] == nil && place != "" {
		place = place[:max(strings.LastIndexAny(place, ".["), 0)]
	}
	return d.places[place], place == path
}

// tagged reports a tag like !!str, which could turn a value into another.
func (v value) tagged() bool {
	return v.node.Style&yaml.TaggedStyle != 0
}

func (v value) kind() string {
	switch {
	case v.tagged():
		return "a value with the tag " + short(v.node.Tag)
	case v.node.Kind == yaml.MappingNode:
		return "a mapping"
	case v.node.Kind == yaml.SequenceNode:
		return "a list"
	case v.node.Tag == "!!null":
		return "empty"
	}
	return quote(v.node.Value)
}

// join returns the path of a key. Paths begin below twinlb, where nearly all is.
func join(path, key string) string {
	if path == "" || path == "twinlb" {
		return key
	}
	return path + "." + key
}

func index(path string, i int) string {
	return fmt.Sprintf("%s[%d]", path, i)
}
