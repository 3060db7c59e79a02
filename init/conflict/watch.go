package conflict

import (
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/vishvananda/netlink"
)

// backlog is how many claims may wait for whoever takes them; more are lost, since
// who floods says the same again and again.
const backlog = 16

// rest is after a claim: who floods costs that many readings a second and no more.
const rest = 5 * time.Millisecond

// Watcher hears who claims some addresses, and speaks for those that are here.
type Watcher struct {
	Claims <-chan Claim // closed when the watcher is, or hears nothing any more

	addresses []netip.Addr
	sockets   []*socket
}

// Watch begins to listen.
func Watch(link netlink.Link, addresses []netip.Addr) (*Watcher, error) {
	sockets, err := open(link, addresses)
	if err != nil {
		return nil, err
	}
	claims := make(chan Claim, backlog)
	w := &Watcher{Claims: claims, addresses: addresses, sockets: sockets}
	go func() {
		defer close(claims)
		w.hear(claims)
	}()
	return w, nil
}

// Close ends the watch.
func (w *Watcher) Close() { closeAll(w.sockets) }

func (w *Watcher) hear(claims chan<- Claim) {
	ends := make(chan struct{})
	for _, s := range w.sockets {
		go func() {
			s.relay(claims, rest)
			ends <- struct{}{}
		}()
	}
	<-ends // with one of them the other is of no use
	closeAll(w.sockets)
	for range len(w.sockets) - 1 {
		<-ends
	}
}

// Ask asks once who has the addresses. Answers are claims; this node's own do not
// count.
func (w *Watcher) Ask(addresses ...netip.Addr) error {
	return w.each("ask for", addresses, (*socket).probe)
}

// Announce tells all machines and switches of the segment that the addresses are
// here (RFC 5227 §3, RFC 4861 §7.2.6). Only who holds them may say so.
func (w *Watcher) Announce(addresses ...netip.Addr) error {
	return w.each("announce", addresses, (*socket).announce)
}

func (w *Watcher) each(what string, addresses []netip.Addr, do func(*socket, netip.Addr) error) error {
	var failed []error
	for _, a := range addresses {
		for _, s := range w.sockets {
			if !s.speaks(a) {
				continue
			}
			if err := do(s, a); err != nil {
				failed = append(failed, fmt.Errorf("%s %s: %w", what, a, err))
			}
		}
	}
	return errors.Join(failed...)
}
