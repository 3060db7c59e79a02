package network

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"twinlb/seed/netconfig"

	"github.com/vishvananda/netlink"
)

// monitor is how often a bond looks at the carriers of its members when the seed
// does not say.
const monitor = 100 * time.Millisecond

// isMember tells whether the link belongs to a bond.
func isMember(n netconfig.Network, id string) bool {
	return slices.ContainsFunc(n.Links, func(l netconfig.Link) bool {
		return l.Kind == netconfig.BondLink && slices.Contains(l.Bond.Members, id)
	})
}

// makeBond makes an active-backup bond of cards, or changes the one that there is
// (bonding.rst of the kernel). It has the MAC address of its first member, whichever
// is active, and tells switches and hosts by gratuitous ARP and NA where it is now.
func makeBond(l netconfig.Link, links Links) (netlink.Link, error) {
	name := name(l, links)
	fail := func(err error) (netlink.Link, error) {
		return nil, fmt.Errorf("make the bond %s: %w", name, err)
	}
	existing, err := existingBond(name)
	if err != nil {
		return fail(err)
	}
	bond := netlink.NewLinkBond(netlink.NewLinkAttrs())
	bond.Name = name
	bond.Miimon = int(monitor.Milliseconds())
	if l.Bond.Monitor > 0 {
		bond.Miimon = int(l.Bond.Monitor.Milliseconds())
	}
	bond.UpDelay = int(l.Bond.UpDelay.Milliseconds())
	bond.NumPeerNotif = max(l.Bond.Gratuity, 1)
	if existing == nil {
		bond.Mode = netlink.BOND_MODE_ACTIVE_BACKUP
		err = netlink.LinkAdd(bond)
	} else {
		bond.Index = existing.Attrs().Index
		err = netlink.LinkModify(bond)
	}
	if err != nil {
		return fail(err)
	}
	made, err := netlink.LinkByName(name)
	if err != nil {
		return fail(err)
	}
	// Its members get its MTU, as it is when they come.
	if l.MTU != 0 && l.MTU != made.Attrs().MTU {
		if err := netlink.LinkSetMTU(made, l.MTU); err != nil {
			return fail(fmt.Errorf("set its MTU to %d: %w", l.MTU, err))
		}
	}
	if err := setMembers(made, l.Bond.Members, links); err != nil {
		return fail(err)
	}
	primary := netlink.NewLinkBond(netlink.NewLinkAttrs())
	primary.Name, primary.Index, primary.Primary = name, made.Attrs().Index, 0 // none
	if l.Bond.Primary != "" {
		primary.Primary = links[l.Bond.Primary].Attrs().Index
	}
	if err := netlink.LinkModify(primary); err != nil {
		return fail(fmt.Errorf("make %q the primary: %w", l.Bond.Primary, err))
	}
	return made, nil
}

// existingBond returns the active-backup bond of that name; nil when there is none.
// The kernel makes a bond0 of another mode for itself.
func existingBond(name string) (*netlink.Bond, error) {
	link, err := netlink.LinkByName(name)
	if errors.As(err, &netlink.LinkNotFoundError{}) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	bond, ok := link.(*netlink.Bond)
	switch {
	case !ok:
		return nil, fmt.Errorf("the name is that of a %s; give the bond another", link.Type())
	case bond.Mode == netlink.BOND_MODE_ACTIVE_BACKUP:
		return bond, nil
	}
	return nil, netlink.LinkDel(bond)
}

// setMembers gives a bond these members, in this order, and no others.
func setMembers(bond netlink.Link, ids []string, links Links) error {
	index := bond.Attrs().Index
	var members []int
	for _, id := range ids {
		card := links[id]
		members = append(members, card.Attrs().Index)
		if card.Attrs().MasterIndex == index {
			continue
		}
		// A link that is up cannot become a member; the bond brings it up.
		if err := netlink.LinkSetDown(card); err != nil {
			return fmt.Errorf("take %s down: %w", card.Attrs().Name, err)
		}
		if err := netlink.LinkSetMaster(card, bond); err != nil {
			return fmt.Errorf("add %s: %w", card.Attrs().Name, err)
		}
	}
	cards, err := listCards()
	if err != nil {
		return err
	}
	for _, card := range cards {
		if card.Attrs().MasterIndex == index && !slices.Contains(members, card.Attrs().Index) {
			if err := netlink.LinkSetNoMaster(card); err != nil {
				return fmt.Errorf("release %s: %w", card.Attrs().Name, err)
			}
		}
	}
	return nil
}
