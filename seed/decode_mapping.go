package seed

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// field is a key that a mapping may have.
type field struct {
	key      string
	required bool
	decode   func(value)
	initial  any // what the value is where the key is not written
}

func required[T any](key string, to *T, decode func(value) T) field {
	return field{key, true, func(v value) { *to = decode(v) }, nil}
}

func optional[T any](key string, to *T, decode func(value) T) field {
	return field{key, false, func(v value) { *to = decode(v) }, *to}
}

// mapping decodes the fields of a mapping, if it is one; misplaced explains keys
// that are known, but not acted on here.
func (v value) mapping(misplaced map[string]string, fields ...field) bool {
	if v.shape != nil {
		v.shape.object(v.path, fields)
		return true
	}
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
