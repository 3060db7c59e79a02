package network

import (
	"errors"
	"fmt"
	"net/netip"
	"time"

	"twinlb/seed/netconfig"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// give puts an address on a link, for a time or, when that is 0, for ever.
func give(link netlink.Link, address netip.Prefix, lifetime time.Duration) error {
	addr := &netlink.Addr{IPNet: ipNet(address), ValidLft: seconds(lifetime), PreferedLft: seconds(lifetime)}
	if address.Addr().Is6() {
		// An address that is still being looked for on the network, RFC 4862 §5.4, is
		// none to send from: keepalived's adverts would not leave, both nodes would be
		// master, and HAProxy's checks would fail.
		addr.Flags = unix.IFA_F_NODAD
	}
	if err := netlink.AddrReplace(link, addr); err != nil {
		return fmt.Errorf("give %s to %s: %w", address, link.Attrs().Name, err)
	}
	return nil
}

// seconds is a lifetime as the kernel takes it: more than it counts is for ever.
func seconds(lifetime time.Duration) int {
	const longest = 1<<32 - 2
	if lifetime <= 0 || lifetime/time.Second > longest {
		return 0
	}
	return int(max(lifetime/time.Second, 1))
}

// take takes an address off a link, and tells whether it was there.
func take(link netlink.Link, address netip.Prefix) (bool, error) {
	err := netlink.AddrDel(link, &netlink.Addr{IPNet: ipNet(address)})
	if errors.Is(err, unix.EADDRNOTAVAIL) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("take %s off %s: %w", address, link.Attrs().Name, err)
	}
	return true, nil
}

// Purge takes the VIPs off the link and returns those that were there, and all that
// went wrong. It is for when keepalived, whose they are, is dead.
func Purge(link netlink.Link, vips []netip.Addr) ([]netip.Addr, error) {
	var purged []netip.Addr
	var failed []error
	for _, vip := range vips {
		there, err := take(link, netip.PrefixFrom(vip, vip.BitLen()))
		if err != nil {
			failed = append(failed, fmt.Errorf("purge the VIP: %w", err))
		}
		if there {
			purged = append(purged, vip)
		}
	}
	return purged, errors.Join(failed...)
}

func addRoute(link netlink.Link, r netconfig.Route) error {
	if err := netlink.RouteReplace(route(link, r)); err != nil {
		return fmt.Errorf("add the route %s: %w", describeRoute(link, r), err)
	}
	return nil
}

// removeRoute takes a route away if it is there.
func removeRoute(link netlink.Link, r netconfig.Route) error {
	if err := netlink.RouteDel(route(link, r)); err != nil && !errors.Is(err, unix.ESRCH) {
		return fmt.Errorf("take away the route %s: %w", describeRoute(link, r), err)
	}
	return nil
}

func route(link netlink.Link, r netconfig.Route) *netlink.Route {
	route := &netlink.Route{
		LinkIndex: link.Attrs().Index,
		Dst:       ipNet(r.To.Masked()),
		Priority:  r.Metric,
		Protocol:  unix.RTPROT_STATIC,
	}
	switch {
	case !r.Via.IsValid():
		if r.To.Addr().Is4() {
			route.Scope = netlink.SCOPE_LINK
		}
	case r.Via.Is4() == r.To.Addr().Is4():
		route.Gw = r.Via.AsSlice()
	default: // RFC 8950: IPv4 over a router of IPv6
		route.Via = &netlink.Via{AddrFamily: unix.AF_INET6, Addr: r.Via.AsSlice()}
	}
	if r.OnLink {
		route.Flags |= int(netlink.FLAG_ONLINK)
	}
	return route
}

func describeRoute(link netlink.Link, r netconfig.Route) string {
	text := r.To.String()
	if r.To.Bits() == 0 {
		text = "default"
	}
	if r.Via.IsValid() {
		text += " via " + r.Via.String()
	}
	return text + " on " + link.Attrs().Name
}

// Withdraw takes an address off the link if it is there.
func Withdraw(link netlink.Link, address netip.Prefix) error {
	_, err := take(link, address)
	return err
}

// Now asks how the link is now.
func Now(link netlink.Link) (netlink.Link, error) {
	now, err := netlink.LinkByIndex(link.Attrs().Index)
	if err != nil {
		return nil, fmt.Errorf("look at %s: %w", link.Attrs().Name, err)
	}
	return now, nil
}
