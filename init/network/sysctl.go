package network

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// sysctls are the kernel's settings for a balancer, ip-sysctl.rst. INTERFACE
// stands for the one that carries the node's address.
var sysctls = []struct{ key, value string }{
	// HAProxy listens on the VIP while the peer holds it.
	{"net.ipv4.ip_nonlocal_bind", "1"},
	{"net.ipv6.ip_nonlocal_bind", "1"},
	// HAProxy has no capability, and a pool may have any port.
	{"net.ipv4.ip_unprivileged_port_start", "0"},

	// Taking the VIP off must never take the node's address with it.
	{"net.ipv4.conf.all.promote_secondaries", "1"},
	{"net.ipv6.conf.all.keep_addr_on_down", "1"},
	// An address is answered for and announced only by the interface that has it.
	{"net.ipv4.conf.all.arp_ignore", "1"},
	{"net.ipv4.conf.all.arp_announce", "2"},
	// A peer that comes back is found within tenths of a second, not seconds.
	{"net.ipv4.neigh.INTERFACE.retrans_time_ms", "100"},
	{"net.ipv6.neigh.INTERFACE.retrans_time_ms", "100"},
	{"net.ipv4.conf.all.accept_redirects", "0"},
	{"net.ipv4.conf.all.send_redirects", "0"},
	{"net.ipv6.conf.all.accept_redirects", "0"},
	{"net.ipv6.conf.INTERFACE.accept_ra", "0"},

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

// Tune sets the kernel up for balancing. It goes on after a setting that cannot
// be made and returns all that went wrong; the kernel may lack IPv6.
func Tune(iface string) error {
	var failed []error
	for _, s := range sysctls {
		key := strings.ReplaceAll(s.key, "INTERFACE", iface)
		path := filepath.Join("/proc/sys", strings.ReplaceAll(s.key, ".", "/"))
		path = strings.ReplaceAll(path, "INTERFACE", iface)
		err := os.WriteFile(path, []byte(s.value), 0)
		if errors.Is(err, fs.ErrNotExist) && strings.HasPrefix(key, "net.ipv6.") {
			continue
		}
		if err != nil {
			failed = append(failed, fmt.Errorf("set %s to %s: %w", key, s.value, err))
		}
	}
	return errors.Join(failed...)
}
