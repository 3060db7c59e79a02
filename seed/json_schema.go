package seed

import "encoding/json"

// JSONSchema returns a JSON Schema (draft 2020-12) of user-data, for editors. It
// describes what each value must look like, not what the values must be to each
// other.
func JSONSchema() []byte {
	s := describe("", func(v value) { userData(v) })
	s.Schema, s.Title = "https://json-schema.org/draft/2020-12/schema", "Seed of a pair of twinlb nodes"
	s.Defs = definitions
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		panic("seed: the shapes are no JSON: " + err.Error()) // nothing from outside goes in
	}
	return append(text, '\n')
}
