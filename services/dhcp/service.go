// Package dhcp is the service that asks DHCP servers for the addresses of a node's
// links: how it is started, and as whom.
//
// The process itself is package init/dhcp.
package dhcp

import (
	"fmt"
	"strings"
	"syscall"
	"time"

	"twinlb/services"

	"golang.org/x/sys/unix"
)

// Name of the service.
const Name = "dhcp"

// Root is the directory that is all the process sees: PID 1 mounts its own program
// at Program.
const (
	Root    = "/dhcp"
	Program = Root + "/init"
)

// Link is an interface that wants leases, of one version of IP or of both.
type Link struct {
	Name       string // of the kernel
	IPv4, IPv6 bool
}

// Service returns the process that gets leases for the links.
func Service(links []Link) services.Service {
	argv := []string{strings.TrimPrefix(Program, Root), Name}
	for _, l := range links {
		if l.IPv4 {
			argv = append(argv, l.Name+"/4")
		}
		if l.IPv6 {
			argv = append(argv, l.Name+"/6")
		}
	}
	return services.Service{
		Name:         Name,
		Argv:         argv,
		Root:         Root,
		UID:          services.DHCPUser,
		GID:          services.DHCPUser,
		Capabilities: []uintptr{unix.CAP_NET_RAW},
		StopSignal:   syscall.SIGTERM,
		Grace:        time.Second,
		OOMScore:     500, // addresses stay for as long as they were given
	}
}

// ParseArgument reads what Service writes of a link: its name and a version of IP.
func ParseArgument(arg string) (link string, version int, err error) {
	link, number, _ := strings.Cut(arg, "/")
	switch {
	case link != "" && number == "4":
		return link, 4, nil
	case link != "" && number == "6":
		return link, 6, nil
	}
	return "", 0, fmt.Errorf("ask for leases: %q is no link and version of IP, like eth0/4", arg)
}
