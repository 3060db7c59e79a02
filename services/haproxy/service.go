// Package haproxy is the service that balances: its configuration, how it is
// started, and what can be asked of it while it runs.
package haproxy

import (
	"io/fs"
	"strconv"
	"syscall"
	"time"

	"twinlb/seed"
	"twinlb/services"
)

// Name of the service.
const Name = "haproxy"

// Root is the directory that is all HAProxy sees. Program is in it, and a
// writable directory for the configuration and the socket.
const (
	Root       = "/haproxy"
	Program    = Root + "/haproxy"
	RunDir     = Root + "/run"
	ConfigFile = RunDir + "/haproxy.cfg"
	Socket     = RunDir + "/worker.sock" // answers for the worker, not for the master

	socketInRoot = "/run/worker.sock"
)

// bytesPerConnection is half a node's memory divided by what HAProxy and the
// kernel take for a connection with full buffers on both sides: 2 × 16 KiB, and
// as much in sockets.
const bytesPerConnection = 64 << 10

// Service returns HAProxy for one node. The whole of it, the master process too,
// runs as its own user without any capability.
func Service(spec *seed.Spec, host services.Host) (services.Service, error) {
	config, err := Config(spec, host)
	if err != nil {
		return services.Service{}, err
	}
	connections := host.Memory / 2 / bytesPerConnection
	return services.Service{
		Name: Name,
		Argv: []string{"/haproxy", "-W", "-n", strconv.FormatUint(connections, 10), "-f", "/run/haproxy.cfg"},
		Root: Root,
		UID:  services.HAProxyUser,
		GID:  services.HAProxyUser,
		Files: []services.File{
			{Path: RunDir, Mode: fs.ModeDir | 0o755, UID: services.HAProxyUser, GID: services.HAProxyUser},
			{Path: ConfigFile, Mode: 0o644, Data: config},
		},
		// SIGTERM ends at once: by then the peer has the VIP.
		StopSignal: syscall.SIGTERM,
		Grace:      2 * time.Second,
		Orphans:    100 * time.Millisecond,
	}, nil
}
