package seed

import (
	"bytes"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"time"
)

// shape is a JSON Schema of a value (draft 2020-12), as far as seeds need it.
type shape struct {
	Schema      string            `json:"$schema,omitempty"`
	Title       string            `json:"title,omitempty"`
	Description string            `json:"description,omitempty"`
	Ref         string            `json:"$ref,omitempty"`
	Type        string            `json:"type,omitempty"`
	Enum        []any             `json:"enum,omitempty"`
	Pattern     string            `json:"pattern,omitempty"`
	Not         *shape            `json:"not,omitempty"`
	Minimum     *int              `json:"minimum,omitempty"`
	Maximum     *int              `json:"maximum,omitempty"`
	AnyOf       []shape           `json:"anyOf,omitempty"`
	Properties  properties        `json:"properties,omitempty"`
	Required    []string          `json:"required,omitempty"`
	Additional  *bool             `json:"additionalProperties,omitempty"`
	Items       *shape            `json:"items,omitempty"`
	MinItems    int               `json:"minItems,omitempty"`
	MaxItems    int               `json:"maxItems,omitempty"`
	Default     any               `json:"default,omitempty"`
	Examples    []any             `json:"examples,omitempty"`
	Defs        map[string]*shape `json:"$defs,omitempty"`
}

// property is a key of a mapping.
type property struct {
	key   string
	shape *shape
}

// properties keep the order in which the keys are decoded.
type properties []property

func (ps properties) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, p := range ps {
		if i > 0 {
			b.WriteByte(',')
		}
		key, err := json.Marshal(p.key)
		if err != nil {
			return nil, err
		}
		body, err := json.Marshal(p.shape)
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

// describe returns the shape of what a decoder takes.
func describe(path string, decode func(value)) *shape {
	s := &shape{}
	decode(value{decoder: &decoder{}, path: path, shape: s})
	return s
}

func (s *shape) object(path string, fields []field) {
	s.Type, s.Additional = "object", new(bool)
	for _, f := range fields {
		path := join(path, f.key)
		p := describe(path, f.decode)
		p.Description, p.Default = meanings[path], written(f.initial)
		if len(p.Enum) > 0 && !slices.Contains(p.Enum, p.Default) {
			p.Default = nil // no word for what the absence of the key means
		}
		s.Properties = append(s.Properties, property{f.key, p})
		if f.required {
			s.Required = append(s.Required, f.key)
		}
	}
}

func (s *shape) array(path string, item func(value)) {
	s.Type, s.Items, s.MaxItems = "array", describe(path+"[]", item), maxItems
}

func (s *shape) oneOrArray(path string, item func(value)) {
	one, several := describe(path, item), shape{}
	several.array(path, item)
	s.AnyOf = []shape{*one, several}
}

// size bounds the array, or that of the choices which is one.
func (s *shape) size(least, most int) {
	if len(s.AnyOf) > 0 {
		s = &s.AnyOf[len(s.AnyOf)-1]
	}
	s.MinItems, s.MaxItems = least, most
}

func (s *shape) scalar(shapes []shape) {
	if len(shapes) == 1 {
		*s = shapes[0]
		return
	}
	s.AnyOf = shapes
}

// written returns a default as it would stand in a seed; nil when there is none.
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
