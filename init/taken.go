package main

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"twinlb/init/conflict"
	"twinlb/init/network"

	"golang.org/x/sys/unix"
)

// probeAddresses begins to ask whether another machine has the node's addresses.
// Others of the boot's steps go on meanwhile.
func (n *node) probeAddresses() {
	wait, err := conflict.Probe(n.link, n.spec.Node.IPs())
	if err != nil {
		n.log("network", "%v", err)
		wait = func() []conflict.Claim { return nil }
	}
	n.probed = wait
}

// freeAgain is between two questions whether an address is free.
const freeAgain = 2 * time.Second

// taken is why a node does not come up: another machine has an address of it.
type taken struct{ error }

// refuseTaken fails when another machine has an address of this node: two with one
// address are worse than one node less. The node starts again by itself when the
// address is free.
func (n *node) refuseTaken() error {
	claims := n.probed()
	if len(claims) == 0 {
		return nil
	}
	var wrong []error
	for _, c := range claims {
		wrong = append(wrong, fmt.Errorf("%s is used by %s already; this node, %s, does not take it", c.Address, c.MAC, n.link.Attrs().HardwareAddr))
	}
	for _, address := range n.spec.Node.Addresses() {
		if err := network.Withdraw(n.link, address); err != nil {
			wrong = append(wrong, err)
		}
	}
	go n.awaitFree()
	return taken{errors.Join(wrong...)}
}

// awaitFree has the node start again when nobody else has its addresses any more.
func (n *node) awaitFree() {
	free := 0
	for free < 2 {
		time.Sleep(freeAgain)
		if wait, err := conflict.Probe(n.link, n.spec.Node.IPs()); err == nil && len(wait()) == 0 && n.carries() {
			free++
		} else {
			free = 0
		}
	}
	n.give(order{"the end of an address conflict", unix.LINUX_REBOOT_CMD_RESTART})
}

// carries tells whether the link has a carrier, without which nobody is heard.
func (n *node) carries() bool {
	link, err := network.Now(n.link)
	return err == nil && slices.Contains([]string{"up", "unknown"}, link.Attrs().OperState.String())
}
