package seed

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// maxItems is how long a list may be. It also bounds what aliases of lists of
// aliases can unfold to.
const maxItems = 256

// decoder turns YAML nodes into Go values, strictly, and remembers where each
// value stands. It goes by the text of a scalar, never by the type that YAML
// guesses: quoted or not means the same, and no port is taken for octal.
type decoder struct {
	source   source
	places   map[string]*yaml.Node // by path, like nodes[1].address
	faulty   map[string]bool       // paths that have a problem
	reported map[fault]bool
	problems Problems
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

// value is a YAML node and its path in the seed.
type value struct {
	*decoder
	node *yaml.Node
	path string
}

// value enters a node under its path.
func (d *decoder) value(node *yaml.Node, path string) value {
	if node.Kind == yaml.AliasNode {
		node = node.Alias
	}
	d.places[path] = node
	return value{d, node, path}
}

// problem reports the value.
func (v value) problem(format string, args ...any) {
	v.report(v.node, v.path, format, args...)
}

func (d *decoder) report(node *yaml.Node, path, format string, args ...any) {
	message := fmt.Sprintf(format, args...)
	d.faulty[path] = true
	if d.reported[fault{node, message}] {
		return
	}
	d.reported[fault{node, message}] = true
	if path != "" {
		message = path + ": " + message
	}
	d.problems = append(d.problems, d.source.problem(node.Line, node.Column, "%s", message)...)
}

// reportAt reports the value at a path, or what encloses it where the value
// is a default. Only the first problem of a path is reported this way: what
// could not be decoded can't be judged, and one fault per value is enough to fix.
func (d *decoder) reportAt(path, format string, args ...any) {
	if d.faulty[path] {
		return
	}
	place := path
	for d.places[place] == nil && place != "" {
		place = place[:max(strings.LastIndexAny(place, ".["), 0)]
	}
	if place != path {
		format += " (the key is not written, this is its default)"
	}
	d.report(d.places[place], path, format, args...)
}

// field is a key that a mapping may have.
type field struct {
	key      string
	required bool
	decode   func(value)
}

func required[T any](key string, to *T, decode func(value) T) field {
	return field{key, true, func(v value) { *to = decode(v) }}
}

func optional[T any](key string, to *T, decode func(value) T) field {
	return field{key, false, func(v value) { *to = decode(v) }}
}

// mapping decodes the fields of a mapping, if it is one; misplaced explains keys
// that are known, but not acted on here.
func (v value) mapping(misplaced map[string]string, fields ...field) bool {
	if v.node.Kind != yaml.MappingNode || v.tagged() {
		v.problem("must be a mapping with the keys %s, not %s", strings.Join(keys(fields), ", "), v.kind())
		for _, f := range fields {
			v.faulty[join(v.path, f.key)] = true
		}
		return false
	}
	lines := map[string]int{}
	for i := 0; i+1 < len(v.node.Content); i += 2 {
		key := v.node.Content[i]
		if key.Kind != yaml.ScalarNode || key.Style&yaml.TaggedStyle != 0 || key.Tag == "!!merge" {
			v.report(key, v.path, "every key must be a plain word; a list, a mapping, an alias or << cannot be one")
			continue
		}
		name := key.Value
		if first, duplicate := lines[name]; duplicate {
			v.report(key, v.path, "duplicate key %s; it stands on line %d already", quote(name), first)
			continue
		}
		lines[name] = key.Line
		f := slices.IndexFunc(fields, func(f field) bool { return f.key == name })
		switch reason, known := misplaced[name]; {
		case f >= 0:
			fields[f].decode(v.value(v.node.Content[i+1], join(v.path, name)))
		case known:
			v.report(key, join(v.path, name), "%s", reason)
		default:
			v.unknownKey(key, fields)
		}
	}
	for _, f := range fields {
		path := join(v.path, f.key)
		if f.required && lines[f.key] == 0 && !v.faulty[path] {
			v.problem("the key %s is missing", f.key)
			v.faulty[path] = true
		}
	}
	return true
}

// unknownKey reports a key. The one that was probably meant counts as wrong,
// so that it is not reported as missing as well.
func (v value) unknownKey(key *yaml.Node, fields []field) {
	path := join(v.path, short(key.Value))
	near := nearest(key.Value, keys(fields))
	if near == "" {
		v.report(key, path, "unknown key; known here: %s", strings.Join(keys(fields), ", "))
		return
	}
	v.report(key, path, "unknown key; did you mean %s?", near)
	v.faulty[join(v.path, near)] = true
}

func keys(fields []field) []string {
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.key
	}
	return names
}

// list returns a decoder of a list with such items. An item that is wrong stays
// in the list as a zero value, so that the others keep their index.
func list[T any](item func(value) T) func(value) []T {
	return func(v value) []T {
		switch {
		case v.node.Kind == yaml.ScalarNode && v.node.Value != "" && !v.tagged():
			v.problem("must be a list, not %s; for a single one write [%s]", quote(v.node.Value), short(v.node.Value))
			return nil
		case v.node.Kind != yaml.SequenceNode || v.tagged():
			v.problem("must be a list, not %s", v.kind())
			return nil
		case len(v.node.Content) > maxItems:
			v.problem("the list has %d items, at most %d are possible", len(v.node.Content), maxItems)
			return nil
		}
		items := make([]T, len(v.node.Content))
		for i, node := range v.node.Content {
			items[i] = item(v.value(node, index(v.path, i)))
		}
		return items
	}
}

// scalar returns a decoder of a single value. The error of parse continues a
// sentence that begins with the text.
func scalar[T any](parse func(text string) (T, error)) func(value) T {
	return func(v value) (zero T) {
		if v.node.Kind != yaml.ScalarNode || v.tagged() {
			v.problem("must be a single value, not %s", v.kind())
			return zero
		}
		if v.node.Tag == "!!null" {
			v.problem("has no value")
			return zero
		}
		parsed, err := parse(v.node.Value)
		if err != nil {
			v.problem("%s %v", quote(v.node.Value), err)
			return zero
		}
		return parsed
	}
}

// oneOf returns a parser of a word out of several.
func oneOf[T ~string](words ...T) func(string) (T, error) {
	return func(text string) (T, error) {
		if slices.Contains(words, T(text)) {
			return T(text), nil
		}
		names := make([]string, len(words))
		for i, w := range words {
			names[i] = string(w)
		}
		if near := nearest(text, names); near != "" {
			return "", fmt.Errorf("is unknown; did you mean %s?", near)
		}
		return "", errors.New("is unknown; known here: " + strings.Join(names, ", "))
	}
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
