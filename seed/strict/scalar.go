package strict

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// Scalar returns a decoder of a single value. The error of parse continues a
// sentence that begins with the text; the shapes say the same to a JSON Schema.
func Scalar[T any](parse func(text string) (T, error), shapes ...Shape) func(Value) T {
	return func(v Value) (zero T) {
		if v.shape != nil {
			v.shape.scalar(shapes)
			return zero
		}
		if v.Node.Kind != yaml.ScalarNode || v.tagged() {
			v.Report("must be a single value, not %s", v.Kind())
			return zero
		}
		if v.Node.Tag == "!!null" {
			v.Report("has no value")
			return zero
		}
		parsed, err := parse(v.Node.Value)
		if err != nil {
			v.Report("%s %v", Quote(v.Node.Value), err)
			return zero
		}
		return parsed
	}
}

// Word returns a decoder of a word out of several.
func Word[T ~string](words ...T) func(Value) T {
	choices := make([]any, len(words))
	for i, w := range words {
		choices[i] = string(w)
	}
	return Scalar(OneOf(words...), Shape{Enum: choices})
}

// OneOf returns a parser of a word out of several, which tells the one that was
// probably meant.
func OneOf[T ~string](words ...T) func(string) (T, error) {
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
