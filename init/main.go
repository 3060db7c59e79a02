// Command init is PID 1 of a twinlb node: it mounts, reads the seed, sets the
// network up, keeps the services running and decides, through failover.Decide,
// whether this node may hold the VIP.
//
// Run as `init admin` by itself, it is the SSH login of the node; as `init dhcp`, the
// client of DHCP servers; as `init metrics`, what tells Prometheus how the node is.
//
//go:debug updatemaxprocs=0
package main

import (
	"fmt"
	"os"
	"runtime/debug"
	"time"

	"twinlb/init/admin"
	"twinlb/init/conflict"
	"twinlb/init/console"
	"twinlb/init/dhcp"
	"twinlb/init/journal"
	"twinlb/init/metrics"
	"twinlb/init/network"
	"twinlb/init/supervise"
	"twinlb/seed"
	"twinlb/services"
	service "twinlb/services/admin"
	dhcpservice "twinlb/services/dhcp"
	metricsservice "twinlb/services/metrics"

	"github.com/vishvananda/netlink"
)

// node is a booting or running load balancer, filled in step by step.
type node struct {
	consoles *console.Consoles
	journal  journal.Journal
	orders   chan order
	reaper   *supervise.Reaper
	bundle   *seed.Bundle
	origin   seedOrigin
	spec     *seed.Spec
	links    network.Links
	link     netlink.Link // of the traffic
	host     services.Host
	leases   *leases                 // nil when no link asks for one
	probed   func() []conflict.Claim // waits for who else has the node's addresses
	balancer *balancer
}

// step is a part of the boot. Its remedy tells whoever stands before a node that
// did not come up what to do.
type step struct {
	name   string
	run    func(*node) error
	remedy string
}

var boot = []step{
	{"mounts", (*node).mount, "The image is damaged, or this is no machine it was made for. Write the image again."},
	{"confinement", (*node).confine, "The image is damaged, or this is no machine it was made for. Write the image again."},
	{"seed", (*node).readSeed, "Correct the seed and give it to this machine again: with `make image` on its disk, or with `twinlb seed` on a drive."},
	{"firewall", (*node).closePorts, "The image is damaged. Write the image again."},
	{"network", (*node).configureNetwork, "Correct the seed or the machine's network card, then start it again."},
	{"services", (*node).startServices, "The image is damaged, or memory is too small: 64 MiB is enough. Write the image again."},
}

func main() {
	switch {
	case os.Getpid() == 1:
	case len(os.Args) == 2 && os.Args[1] == service.Name:
		os.Exit(admin.Main())
	case len(os.Args) > 2 && os.Args[1] == dhcpservice.Name:
		os.Exit(dhcp.Main(os.Args[2:]))
	case len(os.Args) == 2 && os.Args[1] == metricsservice.Name:
		os.Exit(metrics.Main())
	default:
		fmt.Fprintln(os.Stderr, "init: this program is the PID 1 of a twinlb image; build one with: make image ROLE=master")
		os.Exit(2)
	}
	// What is kept fits into 1 MiB. Go would not look for garbage before there are
	// 4 MiB, times this in percent (its GC guide), of the 64 MiB that a node may have.
	debug.SetGCPercent(25)
	n := &node{consoles: &console.Consoles{}, orders: make(chan order, 1)}
	n.listenForOrders()
	n.serveTestHook()
	for _, s := range boot {
		began := time.Now()
		if err := s.run(n); err != nil {
			screen := failureScreen(n, s, err)
			if n.consoles.None() { // the kernel's own console is all there is
				fmt.Fprintln(os.Stderr, screen)
			}
			n.consoles.Show(screen)
			n.obey(<-n.orders)
		}
		n.log("boot", "%s done in %d ms", s.name, time.Since(began).Milliseconds())
	}
	n.obey(<-n.orders)
}

// log says something on every console and keeps it for who asks later.
func (n *node) log(subject, format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	n.consoles.Log(subject, text)
	n.journal.Add(subject, text)
}
