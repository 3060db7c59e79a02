package network

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"twinlb/seed/netconfig"
)

// setting is one of the kernel's, ip-sysctl.rst. INTERFACE in a key stands for the
// name of a link.
type setting struct{ key, value string }

// settings are those of a balancer.
var settings = []setting{
	// HAProxy listens on the VIP while the peer holds it.
	{"net.ipv4.ip_nonlocal_bind", "1"},
	{"net.ipv6.ip_nonlocal_bind", "1"},
	// HAProxy has no capability, and a pool may have any port.
	{"net.ipv4.ip_unprivileged_port_start", "0"},

	// Taking the VIP off must never take the node's address with it.
	{"net.ipv4.conf.all.promote_secondaries", "1"},
	// A link that goes down and comes back has its addresses again. Those of IPv6
	// would be gone, and keepalived would not notice.
	{"net.ipv6.conf.all.keep_addr_on_down", "1"},
	// An address is answered for and announced only by the interface that has it.
	{"net.ipv4.conf.all.arp_ignore", "1"},
	{"net.ipv4.conf.all.arp_announce", "2"},
	{"net.ipv4.conf.all.accept_redirects", "0"},
	{"net.ipv4.conf.all.send_redirects", "0"},
	{"net.ipv6.conf.all.accept_redirects", "0"},

	// Each connection to a backend takes a port of the address it comes from.
	{"net.ipv4.ip_local_port_range", "10240 65535"},
	{"net.ipv4.tcp_tw_reuse", "1"},
	{"net.ipv4.tcp_fin_timeout", "10"},
	// Bursts of new connections, as pools make them after a fail-over.
	{"net.core.somaxconn", "16384"},
	{"net.ipv4.tcp_max_syn_backlog", "16384"},
	// A dead host is given up after about 25 s without an answer, not 15 minutes.
	{"net.ipv4.tcp_retries2", "6"},
	{"net.ipv4.tcp_mtu_probing", "1"},
}

// linkSettings are those of one link.
func linkSettings(l netconfig.Link) []setting {
	flag := map[bool]string{false: "0", true: "1"}
	return []setting{
		// A peer that comes back is found within tenths of a second, not seconds.
		{"net.ipv4.neigh.INTERFACE.retrans_time_ms", "100"},
		{"net.ipv6.neigh.INTERFACE.retrans_time_ms", "100"},
		{"net.ipv6.conf.INTERFACE.accept_redirects", "0"},
		// The link-local address, which DHCPv6 and neighbour discovery need, would be
		// tentative for up to two seconds. It is made of the MAC address: where there
		// are two of those, nothing works anyway.
		{"net.ipv6.conf.INTERFACE.accept_dad", "0"},
		{"net.ipv6.conf.INTERFACE.accept_ra", flag[l.AcceptRA]},
		// The first answer of a router may come before the firewall lets it in.
		{"net.ipv6.conf.INTERFACE.router_solicitation_interval", "1"},
	}
}

// tune makes settings. It goes on after one that cannot be made and tells warn; the
// kernel may lack IPv6.
func tune(warn func(error), settings []setting, link string) {
	for _, s := range settings {
		err := os.WriteFile(s.path(link), []byte(s.value), 0)
		if errors.Is(err, fs.ErrNotExist) && strings.HasPrefix(s.key, "net.ipv6.") {
			continue
		}
		if err != nil {
			warn(fmt.Errorf("set %s to %s: %w", strings.ReplaceAll(s.key, "INTERFACE", link), s.value, err))
		}
	}
}

// path is the setting's file. A dot in the name of a link is not one of a key.
func (s setting) path(link string) string {
	path := filepath.Join("/proc/sys", strings.ReplaceAll(s.key, ".", "/"))
	return strings.ReplaceAll(path, "INTERFACE", link)
}
