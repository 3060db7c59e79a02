package seed

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// scalar returns a decoder of a single value. The error of parse continues a
// sentence that begins with the text; the shapes say the same to a JSON Schema.
func scalar[T any](parse func(text string) (T, error), shapes ...shape) func(value) T {
	return func(v value) (zero T) {
		if v.shape != nil {
			v.shape.scalar(shapes)
			return zero
		}
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

// word returns a decoder of a word out of several.
func word[T ~string](words ...T) func(value) T {
	choices := make([]any, len(words))
	for i, w := range words {
		choices[i] = string(w)
	}
	return scalar(oneOf(words...), shape{Enum: choices})
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
