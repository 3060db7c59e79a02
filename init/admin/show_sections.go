package admin

import (
	"fmt"
	"slices"
	"strings"

	"twinlb/init/status"
)

// section adds a title and a row for every item that any node has, in the order
// of the first that has it.
func section[T any](t *table, title string, add func(t *table, name string, text func(*status.Node) string),
	items func(*status.Node) []T, name, show func(T) string) {
	var seen []string
	for _, c := range t.columns {
		if c.node == nil {
			continue
		}
		for _, item := range items(c.node) {
			row := name(item)
			if slices.Contains(seen, row) {
				continue
			}
			if seen == nil {
				t.rows = append(t.rows, nil, []string{title})
			}
			seen = append(seen, row)
			add(t, "  "+row, func(n *status.Node) string {
				i := slices.IndexFunc(items(n), func(other T) bool { return name(other) == row })
				if i < 0 {
					return nothing
				}
				return show(items(n)[i])
			})
		}
	}
}

func nameBackend(b status.Backend) string {
	name := fmt.Sprintf("%s/%s %s", b.Pool, b.Name, b.Address)
	if b.Backup {
		name += " (backup)"
	}
	return name
}

func showBackend(b status.Backend) string {
	if b.Up {
		return fmt.Sprintf("up, %s, %s", b.Check, count(b.Sessions, "session"))
	}
	return strings.TrimSpace("DOWN, " + b.Check + " " + b.Detail)
}

func nameService(s status.Service) string { return s.Name }

func showService(s status.Service) string {
	phase := s.Phase
	if phase != "running" {
		phase = strings.ToUpper(phase)
	}
	text := fmt.Sprintf("%s for %s", phase, span(s.For))
	if s.Restarts > 0 {
		text += ", " + count(s.Restarts, "restart")
	}
	return text
}

func nameVersion(v status.Version) string { return v.Part }

func showVersion(v status.Version) string { return v.Version }

func count(n int, of string) string {
	if n == 1 {
		return "1 " + of
	}
	return fmt.Sprintf("%d %ss", n, of)
}
