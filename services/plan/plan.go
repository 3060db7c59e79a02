// Package plan says in text what a node does with a seed: its part in the pair,
// its network, and the files that its services run with. People read it before
// anything runs, and a changed seed is told by what changes in it.
//
// It starts nothing and sets nothing up, and it holds no key that is secret.
package plan

import (
	"strings"

	"twinlb/seed"
	"twinlb/services"
	"twinlb/services/haproxy"
	"twinlb/services/keepalived"

	"github.com/rogpeppe/go-internal/diff"
)

// Plan is what one node does. Node and Network are lines of a name and a value.
type Plan struct {
	Node    string
	Network string
	Files   []services.File // regular ones, without those of the admin service
}

// Of returns the plan of a node on that host.
func Of(spec *seed.Spec, host services.Host) (Plan, error) {
	p := Plan{Node: node(spec), Network: network(spec, host)}
	proxy, err := haproxy.Service(spec, host)
	if err != nil {
		return Plan{}, err
	}
	elector, err := keepalived.Service(spec, host)
	if err != nil {
		return Plan{}, err
	}
	for _, service := range []services.Service{proxy, elector} {
		for _, f := range service.Files {
			if f.Mode.IsRegular() {
				p.Files = append(p.Files, f)
			}
		}
	}
	return p, nil
}

// section is a part of a plan, under the name that stands above it.
type section struct{ name, text string }

func (p Plan) sections() []section {
	all := []section{{"node", p.Node}, {"network", p.Network}}
	for _, f := range p.Files {
		all = append(all, section{f.Path, string(f.Data)})
	}
	return all
}

// String returns the whole plan, each part below a line with its name.
func (p Plan) String() string {
	var b strings.Builder
	for i, s := range p.sections() {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString("# " + s.name + "\n" + s.text)
	}
	return b.String()
}

// Diff returns what changes from one plan to another, part by part as a unified
// diff (POSIX diff -u), and "" when nothing does.
func Diff(from, to Plan) string {
	parts := from.sections()
	in := func(all []section, name string) []byte {
		for _, s := range all {
			if s.name == name {
				return []byte(s.text)
			}
		}
		return nil
	}
	for _, s := range to.sections() {
		if in(parts, s.name) == nil {
			parts = append(parts, section{name: s.name})
		}
	}
	var b strings.Builder
	for _, s := range parts {
		b.Write(unified(s.name, []byte(s.text), in(to.sections(), s.name)))
	}
	return b.String()
}

// unified leaves out the line with the command, for there was none.
func unified(name string, from, to []byte) []byte {
	text := diff.Diff(name, from, name, to)
	return text[min(len("diff "+name+" "+name+"\n"), len(text)):]
}
