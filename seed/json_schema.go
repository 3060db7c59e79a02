package seed

import (
	"encoding/json"
	"slices"

	"twinlb/seed/strict"
)

// JSONSchema returns a JSON Schema (draft 2020-12) of user-data, for editors. It
// describes what each value must look like, not what the values must be to each
// other.
func JSONSchema() []byte {
	s := userDataShape()
	s.Schema, s.Title = "https://json-schema.org/draft/2020-12/schema", "Seed of a pair of twinlb nodes"
	s.Defs = definitions
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		panic("seed: the shapes are no JSON: " + err.Error()) // nothing from outside goes in
	}
	return append(text, '\n')
}

// userDataShape is the shape of user-data, with what each key is for.
func userDataShape() *strict.Shape {
	s := strict.Describe(func(v strict.Value) { userData(v) })
	eachKey(s, "", func(path string, key *strict.Shape, _ bool) { key.Description = meanings[path] })
	return s
}

// eachKey goes through the keys below a shape, in the order of the tables.
func eachKey(s *strict.Shape, path string, f func(path string, s *strict.Shape, required bool)) {
	for _, p := range s.Properties {
		inner := p.Key
		if path != "" && path != "twinlb" { // as the decoders have it
			inner = path + "." + p.Key
		}
		f(inner, p.Shape, slices.Contains(s.Required, p.Key))
		eachKey(p.Shape, inner, f)
	}
	if s.Items != nil {
		eachKey(s.Items, path+"[]", f)
	}
}
