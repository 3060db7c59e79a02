// Package strict reads YAML that somebody wrote by hand, and tells all that is wrong
// with it at once, each with its place and with what would be right.
//
// It goes by the text of a scalar, never by the type that YAML guesses: quoted or not
// means the same, and no port is taken for octal. What a file may cost is bounded.
// Decoders are put together out of Scalar, List, Mapping and the like; they also
// describe what they take as a JSON Schema.
//
// It knows neither the keys of a file nor what their values mean to each other.
package strict

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v4"
)

// Document is a YAML document that is being decoded: where each of its values
// stands, and what is wrong with them. Paths are like nodes[1].address, and "" is
// that of the document as a whole.
type Document struct {
	// Problems and Warnings are in the order in which they were found.
	Problems Problems
	Warnings Problems

	source   *Source
	places   map[string]*yaml.Node // by path
	faulty   map[string]bool       // paths that have a problem
	reported map[fault]bool
	items    int // of all lists
}

// fault is a problem of a node, whichever path leads to it: there are several
// where the node has aliases.
type fault struct {
	node    *yaml.Node
	message string
}

func newDocument(s *Source) *Document {
	return &Document{source: s, places: map[string]*yaml.Node{}, faulty: map[string]bool{}, reported: map[fault]bool{}}
}

// Afresh returns the document with its values where they are, and nothing found yet.
func (d *Document) Afresh() *Document {
	fresh := newDocument(d.source)
	fresh.places = d.places
	return fresh
}

// Enter returns the value of a node, which from then on stands at the path.
func (d *Document) Enter(node *yaml.Node, path string) Value {
	if node.Kind == yaml.AliasNode {
		node = node.Alias
	}
	d.places[path] = node
	return Value{Document: d, Node: node, Path: path}
}

// Written reports whether a value stands at the path.
func (d *Document) Written(path string) bool { return d.places[path] != nil }

// Faulty reports whether the value at a path has a problem.
func (d *Document) Faulty(path string) bool { return d.faulty[path] }

// FaultyWithin reports whether the value at a path or any in it has a problem.
func (d *Document) FaultyWithin(path string) bool {
	for faulty := range d.faulty {
		if rest, within := strings.CutPrefix(faulty, path); within && (rest == "" || rest[0] == '.' || rest[0] == '[') {
			return true
		}
	}
	return false
}

// ReportAt reports the value at a path, or what encloses it where the value
// is a default. Only the first problem of a path is reported this way: what
// could not be decoded can't be judged, and one fault per value is enough to fix.
func (d *Document) ReportAt(path, format string, args ...any) {
	if d.faulty[path] {
		return
	}
	node, written := d.place(path)
	if !written {
		format += " (the key is not written, this is its default)"
	}
	d.report(node, path, format, args...)
}

// WarnAt warns of the value at a path, or of what encloses it.
func (d *Document) WarnAt(path, format string, args ...any) {
	node, _ := d.place(path)
	for _, p := range d.finding(node, path, fmt.Sprintf(format, args...)) {
		p.Warning = true
		d.Warnings = append(d.Warnings, p)
	}
}

// ProblemsAt returns one problem, which points to the value at a path, or to what
// encloses it, and does not name it. It is not noted.
func (d *Document) ProblemsAt(path, format string, args ...any) Problems {
	node, _ := d.place(path)
	return d.source.Problems(node.Line, node.Column, format, args...)
}

func (d *Document) report(node *yaml.Node, path, format string, args ...any) {
	d.faulty[path] = true
	d.Problems = append(d.Problems, d.finding(node, path, fmt.Sprintf(format, args...))...)
}

// finding returns a problem of a node, unless it is known already.
func (d *Document) finding(node *yaml.Node, path, message string) Problems {
	if d.reported[fault{node, message}] {
		return nil
	}
	d.reported[fault{node, message}] = true
	if path != "" {
		message = path + ": " + message
	}
	return d.source.Problems(node.Line, node.Column, "%s", message)
}

// place returns the node at a path, or of what encloses it where that is not written.
func (d *Document) place(path string) (node *yaml.Node, written bool) {
	place := path
	for d.places[place] == nil && place != "" {
		place = place[:max(strings.LastIndexAny(place, ".["), 0)]
	}
	return d.places[place], place == path
}
