package plan

import (
	"fmt"
	"net/netip"
	"strings"
	"text/tabwriter"

	"twinlb/seed"
	"twinlb/services/admin"
)

// lines aligns values behind their names.
type lines struct {
	b strings.Builder
	w *tabwriter.Writer
}

func newLines() *lines {
	l := &lines{}
	l.w = tabwriter.NewWriter(&l.b, 11, 0, 1, ' ', 0)
	return l
}

func (l *lines) add(name, format string, args ...any) {
	fmt.Fprintf(l.w, "%s\t%s\n", name, fmt.Sprintf(format, args...))
}

func (l *lines) String() string {
	l.w.Flush() // into a strings.Builder, which takes all
	return l.b.String()
}

// node is what PID 1 acts on and no file of a service tells.
func node(spec *seed.Spec) string {
	l := newLines()
	l.add("name", "%s", spec.Node.Name)
	l.add("role", "%s", spec.Node.Role)
	l.add("address", "%s", join(spec.Node.Addresses(), func(p netip.Prefix) netip.Prefix { return p }))
	l.add("priority", "%d, %d when it steps back", spec.Priority, spec.Priority+spec.StepBack)
	if spec.VRRP.Preempt == seed.NeverPreempt {
		l.add("preempt", "never")
	} else {
		l.add("preempt", "%s", spec.VRRP.Preempt)
	}
	for _, peer := range spec.Peers {
		l.add("peer", "%s %s", peer.Name, join(peer.Addresses(), netip.Prefix.Addr))
	}
	if admin.Listens(spec) {
		l.add("ssh", "port %d", admin.Port)
	} else {
		l.add("ssh", "nobody can log in")
	}
	for _, key := range spec.AuthorizedKeys {
		l.add("key", "%s", key)
	}
	return l.String()
}

// join writes what each of the list is, with spaces between.
func join[T any, S fmt.Stringer](all []T, as func(T) S) string {
	var words []string
	for _, item := range all {
		words = append(words, as(item).String())
	}
	return strings.Join(words, " ")
}
