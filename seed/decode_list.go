package seed

import (
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"
)

// maxItems is how long a list may be, and maxAllItems how long all together: lists
// of aliases of lists unfold to more than is written.
const (
	maxItems    = 256
	maxAllItems = 4096
)

// list returns a decoder of a list with such items. An item that is wrong stays
// in the list as a zero value, so that the others keep their index.
func list[T any](item func(value) T) func(value) []T {
	return func(v value) []T {
		if v.shape != nil {
			v.shape.array(v.path, func(v value) { item(v) })
			return nil
		}
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
		if v.items += len(v.node.Content); v.items > maxAllItems {
			v.problem("with this list all lists have more than %d items together, aliases counted as often as they stand for something", maxAllItems)
			return nil
		}
		items := make([]T, len(v.node.Content))
		for i, node := range v.node.Content {
			items[i] = item(v.value(node, index(v.path, i)))
		}
		return items
	}
}

// oneOrMore returns a decoder of a list that may be written as its only item.
func oneOrMore[T any](item func(value) T) func(value) []T {
	return func(v value) []T {
		if v.shape != nil {
			v.shape.oneOrArray(v.path, func(v value) { item(v) })
			return nil
		}
		if v.node.Kind == yaml.ScalarNode {
			return []T{item(v)}
		}
		return list(item)(v)
	}
}

// sized returns a decoder of a list that must have least to most items, for the
// reasons given.
func sized[T any](least, most int, tooFew, tooMany string, items func(value) []T) func(value) []T {
	return func(v value) []T {
		got := items(v)
		if v.shape != nil {
			v.shape.size(least, most)
			return nil
		}
		switch n := len(got); {
		case v.node.Kind != yaml.SequenceNode || v.faulty[v.path]:
		case n < least:
			v.problem("%s", counted(tooFew, n))
		case n > most:
			v.problem("%s", counted(tooMany, n))
		}
		return got
	}
}

// counted fills in the number of items where the reason has a place for it.
func counted(reason string, n int) string {
	return strings.ReplaceAll(reason, "%d", strconv.Itoa(n))
}
