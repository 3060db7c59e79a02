package main

import (
	"fmt"
	"slices"
	"strings"

	"twinlb/init/control"
	"twinlb/init/journal"
)

// sendLogs sends what is kept and then what comes while it is followed.
func (b *balancer) sendLogs(r control.Request, send func(control.Reply) error, gone <-chan struct{}) error {
	if r.Service != "" && !slices.Contains(b.subjects(), r.Service) {
		return fmt.Errorf("there are no logs of %q; there are those of %s", r.Service, strings.Join(b.subjects(), ", "))
	}
	kept, next, stop := b.node.journal.Follow(r.Service)
	defer stop()
	if err := send(control.Reply{Lines: kept}); err != nil {
		return err
	}
	for r.Follow {
		select {
		case line := <-next:
			if err := send(control.Reply{Lines: []journal.Line{line}}); err != nil {
				return err
			}
		case <-gone:
			return nil
		case <-b.done:
			return nil
		}
	}
	return nil
}

// subjects are all of which the journal has lines, services first.
func (b *balancer) subjects() []string {
	var names []string
	for _, u := range b.units {
		names = append(names, u.State().Name)
	}
	for _, line := range b.node.journal.Lines("") {
		if !slices.Contains(names, line.Subject) {
			names = append(names, line.Subject)
		}
	}
	return names
}
