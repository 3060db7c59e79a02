package strict

import (
	"fmt"

	"go.yaml.in/yaml/v4"
)

// Value is a node of a document and its path. Decoders take one and return what it
// stands for, or report it. With a shape there is no node: the decoders then describe
// what they take, so that a JSON Schema comes from the very tables that documents are
// decoded with.
type Value struct {
	*Document
	Node *yaml.Node
	Path string

	topmost bool
	shape   *Shape
}

// Topmost returns the value with paths that begin below it, where it holds nearly
// all of the document.
func (v Value) Topmost() Value {
	v.topmost = true
	return v
}

// join returns the path of a key.
func (v Value) join(key string) string {
	if v.Path == "" || v.topmost {
		return key
	}
	return v.Path + "." + key
}

// Index returns the path of the i-th item of a list, from 0.
func Index(path string, i int) string {
	return fmt.Sprintf("%s[%d]", path, i)
}

// Report reports the value.
func (v Value) Report(format string, args ...any) {
	v.report(v.Node, v.Path, format, args...)
}

// ReportKey reports a key of the value, which is a mapping.
func (v Value) ReportKey(key *yaml.Node, format string, args ...any) {
	v.report(key, v.join(short(key.Value)), format, args...)
}

// IsMapping reports whether the value has keys.
func (v Value) IsMapping() bool {
	return v.Node.Kind == yaml.MappingNode && !v.tagged()
}

// tagged reports a tag like !!str, which could turn a value into another.
func (v Value) tagged() bool {
	return v.Node.Style&yaml.TaggedStyle != 0
}

// Kind tells what the value is instead of what it should be.
func (v Value) Kind() string {
	switch {
	case v.tagged():
		return "a value with the tag " + short(v.Node.Tag)
	case v.Node.Kind == yaml.MappingNode:
		return "a mapping"
	case v.Node.Kind == yaml.SequenceNode:
		return "a list"
	case v.Node.Tag == "!!null":
		return "empty"
	}
	return Quote(v.Node.Value)
}
