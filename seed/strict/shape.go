package strict

import (
	"bytes"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"time"
)

// Shape is a JSON Schema of a value (draft 2020-12), as far as decoders need it.
type Shape struct {
	Schema      string            `json:"$schema,omitempty"`
	Title       string            `json:"title,omitempty"`
	Description string            `json:"description,omitempty"`
	Ref         string            `json:"$ref,omitempty"`
	Type        string            `json:"type,omitempty"`
	Enum        []any             `json:"enum,omitempty"`
	Pattern     string            `json:"pattern,omitempty"`
	Not         *Shape            `json:"not,omitempty"`
	Minimum     *int              `json:"minimum,omitempty"`
	Maximum     *int              `json:"maximum,omitempty"`
	AnyOf       []Shape           `json:"anyOf,omitempty"`
	Properties  Properties        `json:"properties,omitempty"`
	Required    []string          `json:"required,omitempty"`
	Additional  *bool             `json:"additionalProperties,omitempty"`
	Items       *Shape            `json:"items,omitempty"`
	MinItems    int               `json:"minItems,omitempty"`
	MaxItems    int               `json:"maxItems,omitempty"`
	Default     any               `json:"default,omitempty"`
	Examples    []any             `json:"examples,omitempty"`
	Defs        map[string]*Shape `json:"$defs,omitempty"`
}

// Property is a key of a mapping.
type Property struct {
	Key   string
	Shape *Shape
}

// Properties keep the order in which the keys are decoded.
type Properties []Property

// MarshalJSON returns an object.
func (ps Properties) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, p := range ps {
		if i > 0 {
			b.WriteByte(',')
		}
		key, err := json.Marshal(p.Key)
		if err != nil {
			return nil, err
		}
		body, err := json.Marshal(p.Shape)
		if err != nil {
			return nil, err
		}
		b.Write(key)
		b.WriteByte(':')
		b.Write(body)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// Describe returns the shape of what a decoder takes.
func Describe(decode func(Value)) *Shape {
	s := &Shape{}
	decode(Value{Document: &Document{}, shape: s})
	return s
}

func (s *Shape) object(fields []Field) {
	s.Type, s.Additional = "object", new(bool)
	for _, f := range fields {
		p := Describe(f.Decode)
		p.Default = written(f.initial)
		if len(p.Enum) > 0 && !slices.Contains(p.Enum, p.Default) {
			p.Default = nil // no word for what the absence of the key means
		}
		s.Properties = append(s.Properties, Property{f.Key, p})
		if f.required {
			s.Required = append(s.Required, f.Key)
		}
	}
}

func (s *Shape) array(item func(Value)) {
	s.Type, s.Items, s.MaxItems = "array", Describe(item), MaxItems
}

func (s *Shape) oneOrArray(item func(Value)) {
	one, several := Describe(item), Shape{}
	several.array(item)
	s.AnyOf = []Shape{*one, several}
}

// size bounds the array, or that of the choices which is one.
func (s *Shape) size(least, most int) {
	if len(s.AnyOf) > 0 {
		s = &s.AnyOf[len(s.AnyOf)-1]
	}
	s.MinItems, s.MaxItems = least, most
}

func (s *Shape) scalar(shapes []Shape) {
	if len(shapes) == 1 {
		*s = shapes[0]
		return
	}
	s.AnyOf = shapes
}

// written returns a default as it would be written; nil when there is none.
func written(initial any) any {
	if d, ok := initial.(time.Duration); ok {
		if d <= 0 {
			return nil
		}
		if text, whole := strings.CutSuffix(d.String(), "m0s"); whole {
			return text + "m"
		}
		return d.String()
	}
	switch v := reflect.ValueOf(initial); v.Kind() {
	case reflect.Bool:
		return v.Bool()
	case reflect.String:
		if v.Len() > 0 {
			return v.String()
		}
	case reflect.Int:
		if v.Int() != 0 {
			return v.Int()
		}
	case reflect.Uint16:
		if v.Uint() != 0 {
			return v.Uint()
		}
	}
	return nil
}
