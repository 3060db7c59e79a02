package strict

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// Field is a key that a mapping may have.
type Field struct {
	Key    string
	Decode func(Value)

	required bool
	initial  any // what the value is where the key is not written
}

// Required is a key that must be there.
func Required[T any](key string, to *T, decode func(Value) T) Field {
	return Field{Key: key, Decode: func(v Value) { *to = decode(v) }, required: true}
}

// Optional is a key that may be left out. What is in to already is its default.
func Optional[T any](key string, to *T, decode func(Value) T) Field {
	return Field{Key: key, Decode: func(v Value) { *to = decode(v) }, initial: *to}
}

// Mapping decodes the fields of a mapping, if it is one, and reports whether it is;
// misplaced explains keys that are known, but not acted on here.
func (v Value) Mapping(misplaced map[string]string, fields ...Field) bool {
	if v.shape != nil {
		v.shape.object(fields)
		return true
	}
	if !v.IsMapping() {
		v.Report("must be a mapping with the keys %s, not %s", strings.Join(keys(fields), ", "), v.Kind())
		for _, f := range fields {
			v.faulty[v.join(f.Key)] = true
		}
		return false
	}
	lines := map[string]int{}
	for i := 0; i+1 < len(v.Node.Content); i += 2 {
		key := v.Node.Content[i]
		if key.Kind != yaml.ScalarNode || key.Style&yaml.TaggedStyle != 0 || key.Tag == "!!merge" {
			v.report(key, v.Path, "every key must be a plain word; a list, a mapping, an alias or << cannot be one")
			continue
		}
		name := key.Value
		if first, duplicate := lines[name]; duplicate {
			v.report(key, v.Path, "duplicate key %s; it stands on line %d already", Quote(name), first)
			continue
		}
		lines[name] = key.Line
		f := slices.IndexFunc(fields, func(f Field) bool { return f.Key == name })
		switch reason, known := misplaced[name]; {
		case f >= 0:
			fields[f].Decode(v.Enter(v.Node.Content[i+1], v.join(name)))
		case known:
			v.ReportKey(key, "%s", reason)
		default:
			v.unknownKey(key, fields)
		}
	}
	for _, f := range fields {
		path := v.join(f.Key)
		if f.required && lines[f.Key] == 0 && !v.faulty[path] {
			v.Report("the key %s is missing", f.Key)
			v.faulty[path] = true
		}
	}
	return true
}

// unknownKey reports a key. The one that was probably meant counts as wrong,
// so that it is not reported as missing as well.
func (v Value) unknownKey(key *yaml.Node, fields []Field) {
	near := nearest(key.Value, keys(fields))
	if near == "" {
		v.ReportKey(key, "unknown key; known here: %s", strings.Join(keys(fields), ", "))
		return
	}
	v.ReportKey(key, "unknown key; did you mean %s?", near)
	v.faulty[v.join(near)] = true
}

func keys(fields []Field) []string {
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.Key
	}
	return names
}
