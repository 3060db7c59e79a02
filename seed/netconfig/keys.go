package netconfig

import (
	"errors"
	"maps"
	"strings"

	"twinlb/seed/strict"
)

// What netplan and cloud-init have and a node does not. To skip it silently would
// leave someone believing that it works.

// noSuch has the keys with a reason that says no more than that.
func noSuch(keys string) map[string]string {
	reasons := map[string]string{}
	for key := range strings.FieldsSeq(keys) {
		reasons[key] = "is not supported; leave it out"
	}
	return reasons
}

// with adds what needs another reason.
func with(reasons, more map[string]string) map[string]string {
	maps.Copy(reasons, more)
	return reasons
}

var notNetworkd = with(noSuch("wifis modems tunnels vrfs dummy-devices nm-devices openvswitch virtual-ethernets"), map[string]string{
	"bridges": "is not supported: a node forwards nothing between its interfaces; leave it out",
	"config":  "belongs to version 1, and this is version 2",
})

var notInVersion1 = map[string]string{
	"ethernets": "belongs to version 2, and this is version 1",
	"bonds":     "belongs to version 2, and this is version 1",
	"vlans":     "belongs to version 2, and this is version 1",
	"renderer":  "belongs to version 2, and this is version 1",
}

var notOfLink = with(noSuch(`
	accept_ra activation-mode auth cable-length critical delay-virtual-functions-rebind dhcp4-overrides dhcp6-overrides
	embedded-switch-mode emit-lldp generic-receive-offload generic-segmentation-offload hairpin ignore-carrier infiniband-mode
	ipv6-address-generation ipv6-address-token ipv6-mtu ipv6-privacy keep_configuration large-receive-offload
	link-local mac_address macaddress neigh-suppress networkmanager openvswitch optional-addresses
	port-mac-learning ra-overrides receive-checksum-offload regulatory-domain renderer routing-policy sriov
	tcp-segmentation-offload tcp6-segmentation-offload transmit-checksum-offload virtual-function-count wakeonlan`),
	map[string]string{
		"id":         "belongs to a VLAN",
		"link":       "belongs to a VLAN",
		"interfaces": "belongs to a bond",
		"parameters": "belongs to a bond",
		"vlan_id":    "belongs to the type vlan",
		"vlan_link":  "belongs to the type vlan",
		"match":      "belongs to an ethernet; a bond or a VLAN is made, not found",
		"set-name":   "belongs to an ethernet; a bond or a VLAN is called by its key",
		"params":     "belongs to the type bond",
	})

var notOfMatch = noSuch("path permanent-macaddress")

var notOfBond = with(noSuch(`
	ad-actor-sys-prio ad-actor-system ad-select ad-user-port-key all-members-active all-slaves-active arp-all-targets
	arp-interval arp-ip-targets arp-validate down-delay fail-over-mac-policy lacp-rate learn-packet-interval min-links
	packets-per-member packets-per-slave primary-reselect-policy resend-igmp transmit-hash-policy
	bond-active_slave bond-ad_actor_key bond-ad_actor_sys_prio bond-ad_actor_system bond-ad_select bond-all_slaves_active
	bond-arp_interval bond-arp_ip_target bond-arp_validate bond-downdelay bond-fail_over_mac bond-lacp_rate
	bond-lp_interval bond-min_links bond-num_unsol_na bond-packets_per_slave bond-primary_reselect bond-queue_id
	bond-resend_igmp bond-slaves bond-tlb_dynamic_lb bond-use_carrier bond-xmit_hash_policy`),
	map[string]string{"gratuitious-arp": "is an old misspelling; write gratuitous-arp"})

var notOfRoute = with(noSuch("advertised-mss advertised-receive-window congestion-window from mtu table scope"), map[string]string{
	"type": "is not supported: every route here is a unicast one; leave it out",
})

var notOfSubnet = with(noSuch("ipv4 ipv6 mtu scope pointopoint"), map[string]string{
	"broadcast": "is not acted on: it follows from address and netmask; leave it out",
})

// itemType parses the type of an item of version 1.
func itemType(text string) (string, error) {
	switch text {
	case "bridge":
		return "", errors.New("is not supported: a node forwards nothing between its interfaces")
	case "loopback":
		return "", errors.New("is not supported: the loopback interface is there without; leave the item out")
	case "infiniband":
		return "", errors.New("is not supported; a node has Ethernet interfaces")
	}
	return strict.OneOf("physical", "bond", "vlan", "nameserver", "route")(text)
}
