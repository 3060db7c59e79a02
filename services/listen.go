package services

import (
	"fmt"
	"net/netip"

	"twinlb/seed"
)

// Listen returns where a port is open to those who run the node: on its own addresses,
// or, when it has a management interface, on all addresses of that one, since some may
// come from DHCP. Then the service must listen on that interface only.
func Listen(spec *seed.Spec, host Host, port uint16) ([]netip.AddrPort, error) {
	var all []netip.AddrPort
	switch {
	case host.Management != "":
		all = append(all, netip.AddrPortFrom(netip.IPv6Unspecified(), port))
	case spec.Network.Management != "":
		return nil, fmt.Errorf("it is for the management link %s only, and it is not known which interface that is", spec.Network.Management)
	default:
		for _, address := range spec.Node.Addresses() {
			all = append(all, netip.AddrPortFrom(address.Addr(), port))
		}
	}
	return all, nil
}
