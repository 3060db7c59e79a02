package keepalived

import (
	"fmt"
	"net/netip"
	"time"

	"twinlb/seed"
	"twinlb/services"
)

// Config renders keepalived.conf for one node. It is the same on every node of a
// pair but for the node's name, address, peers and priority: keepalived only
// elects, whether this node may hold the VIP stands in the two track files.
//
// One instance carries the VIPs of both families, so that they move together. It
// speaks the family of the nodes' first addresses; the VIPs of the other are not
// in its adverts.
func Config(spec *seed.Spec, host services.Host) ([]byte, error) {
	advertised, excluded := split(spec)
	if len(advertised) == 0 {
		return nil, fmt.Errorf("keepalived.conf of %s: VRRP speaks from %s, so one VIP at least must be of that family; there are %v",
			spec.Node.Name, spec.Node.Address.Addr(), spec.VIPs)
	}
	var t services.Text
	t.Line("# Rendered by twinlb from its seed.")
	t.Line("global_defs {")
	t.Line("    router_id %s", spec.Node.Name)
	t.Line("    vrrp_version 3")
	t.Line("    vrrp_notify_fifo %s", NotifyFIFO)
	t.Line("    max_auto_priority -1")
	// Adverts from anyone but the peers do not count.
	t.Line("    vrrp_check_unicast_src")
	// A switch or a client that missed the first ones learns the VIP's MAC later.
	t.Line("    vrrp_garp_master_refresh 10")
	t.Line("    vrrp_garp_lower_prio_repeat 3")
	// A node that was paused and thinks that it is still master hears so at once.
	t.Line("    vrrp_higher_prio_send_advert true")
	t.Line("}")

	t.Line("")
	t.Line("track_file able {")
	t.Line("    file %s", AbleFile)
	// Anything but a number other than 0 is a fault: it fails closed.
	t.Line("    weight 0 reverse")
	t.Line("}")
	t.Line("track_file preference {")
	t.Line("    file %s", PreferenceFile)
	t.Line("    weight 1")
	t.Line("}")

	t.Line("")
	t.Line("vrrp_instance %s {", instance)
	t.Line("    state BACKUP")
	t.Line("    interface %s", host.Interface)
	t.Line("    virtual_router_id %d", spec.VRRP.VirtualRouterID)
	t.Line("    priority %d", spec.Priority)
	t.Line("    advert_int %s", seconds(spec.VRRP.AdvertInterval))
	t.Line("    unicast_src_ip %s", spec.Node.Address.Addr())
	// Peers are on the same network: what a router has forwarded is not theirs
	// (RFC 9568 §5.1.1.3, §5.1.2.3).
	t.Line("    unicast_ttl 255")
	t.Line("    unicast_peer {")
	for _, peer := range spec.Peers {
		t.Line("        %s min_ttl 255", peer.Address.Addr())
	}
	t.Line("    }")
	t.Line("    unicast_fault_no_peer")
	t.Line("    track_file {")
	t.Line("        able")
	t.Line("        preference")
	t.Line("    }")
	t.Line("    virtual_ipaddress {")
	addresses(&t, advertised, host.Interface)
	if len(excluded) > 0 {
		t.Line("    virtual_ipaddress_excluded {")
		addresses(&t, excluded, host.Interface)
	}
	t.Line("}")

	config, err := t.Bytes()
	if err != nil {
		return nil, fmt.Errorf("keepalived.conf of %s: %w", spec.Node.Name, err)
	}
	return config, nil
}

// split tells the VIPs of the instance's family from the others. That the first of
// an IPv6 instance is no link-local address (RFC 9568 §5.2.9) does not matter: it
// is for routers, which hosts know by that address.
func split(spec *seed.Spec) (advertised, excluded []netip.Addr) {
	for _, vip := range spec.VIPs {
		if vip.Is4() == spec.Node.Address.Addr().Is4() {
			advertised = append(advertised, vip)
		} else {
			excluded = append(excluded, vip)
		}
	}
	return advertised, excluded
}

func addresses(t *services.Text, vips []netip.Addr, dev string) {
	for _, vip := range vips {
		t.Line("        %s/%d dev %s", vip, vip.BitLen(), dev)
	}
	t.Line("    }")
}

// seconds is d as keepalived.conf(5) wants advert_int: in seconds, to a hundredth.
func seconds(d time.Duration) string { return fmt.Sprintf("%.2f", d.Seconds()) }
