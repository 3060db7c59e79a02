package network

import (
	"errors"
	"fmt"

	"twinlb/seed/netconfig"

	"github.com/vishvananda/netlink"
)

// makeVLAN makes a VLAN on its link, in place of one of that name with another tag
// or on another link.
func makeVLAN(l netconfig.Link, links Links) (netlink.Link, error) {
	name, on := name(l, links), links[l.VLAN.On].Attrs().Index
	fail := func(err error) (netlink.Link, error) {
		return nil, fmt.Errorf("make the VLAN %s: %w", name, err)
	}
	existing, err := netlink.LinkByName(name)
	if err != nil && !errors.As(err, &netlink.LinkNotFoundError{}) {
		return fail(err)
	}
	if err == nil {
		vlan, ok := existing.(*netlink.Vlan)
		switch {
		case !ok:
			return fail(fmt.Errorf("the name is that of a %s; give the VLAN another", existing.Type()))
		case vlan.VlanId == l.VLAN.Tag && vlan.ParentIndex == on:
			return vlan, nil
		}
		if err := netlink.LinkDel(vlan); err != nil {
			return fail(err)
		}
	}
	attrs := netlink.NewLinkAttrs()
	attrs.Name, attrs.ParentIndex = name, on
	if err := netlink.LinkAdd(&netlink.Vlan{LinkAttrs: attrs, VlanId: l.VLAN.Tag, VlanProtocol: netlink.VLAN_PROTOCOL_8021Q}); err != nil {
		return fail(err)
	}
	made, err := netlink.LinkByName(name)
	if err != nil {
		return fail(err)
	}
	return made, nil
}
