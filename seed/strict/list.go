package strict

import (
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"
)

// MaxItems is how long a list may be.
const MaxItems = 256

// maxAllItems is how long all lists together may be: lists of aliases of lists unfold
// to more than is written.
const maxAllItems = 4096

// List returns a decoder of a list with such items. An item that is wrong stays
// in the list as a zero value, so that the others keep their index.
func List[T any](item func(Value) T) func(Value) []T {
	return func(v Value) []T {
		if v.shape != nil {
			v.shape.array(func(v Value) { item(v) })
			return nil
		}
		switch {
		case v.Node.Kind == yaml.ScalarNode && v.Node.Value != "" && !v.tagged():
			v.Report("must be a list, not %s; for a single one write [%s]", Quote(v.Node.Value), short(v.Node.Value))
			return nil
		case v.Node.Kind != yaml.SequenceNode || v.tagged():
			v.Report("must be a list, not %s", v.Kind())
			return nil
		case len(v.Node.Content) > MaxItems:
			v.Report("the list has %d items, at most %d are possible", len(v.Node.Content), MaxItems)
			return nil
		}
		if v.items += len(v.Node.Content); v.items > maxAllItems {
			v.Report("with this list all lists have more than %d items together, aliases counted as often as they stand for something", maxAllItems)
			return nil
		}
		items := make([]T, len(v.Node.Content))
		for i, node := range v.Node.Content {
			items[i] = item(v.Enter(node, Index(v.Path, i)))
		}
		return items
	}
}

// OneOrMore returns a decoder of a list that may be written as its only item.
func OneOrMore[T any](item func(Value) T) func(Value) []T {
	return func(v Value) []T {
		if v.shape != nil {
			v.shape.oneOrArray(func(v Value) { item(v) })
			return nil
		}
		if v.Node.Kind == yaml.ScalarNode {
			return []T{item(v)}
		}
		return List(item)(v)
	}
}

// Sized returns a decoder of a list that must have least to most items, for the
// reasons given; %d in them stands for how many it has.
func Sized[T any](least, most int, tooFew, tooMany string, items func(Value) []T) func(Value) []T {
	return func(v Value) []T {
		got := items(v)
		if v.shape != nil {
			v.shape.size(least, most)
			return nil
		}
		switch n := len(got); {
		case v.Node.Kind != yaml.SequenceNode || v.faulty[v.Path]:
		case n < least:
			v.Report("%s", counted(tooFew, n))
		case n > most:
			v.Report("%s", counted(tooMany, n))
		}
		return got
	}
}

// counted fills in the number of items where the reason has a place for it.
func counted(reason string, n int) string {
	return strings.ReplaceAll(reason, "%d", strconv.Itoa(n))
}
