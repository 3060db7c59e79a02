// Package metrics is the service that tells Prometheus how a node is: how it is
// started, and where its process listens. HAProxy has metrics of its own.
//
// The process itself is package init/metrics.
package metrics

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"net/netip"
	"strings"
	"syscall"
	"time"

	"twinlb/seed"
	"twinlb/services"
)

// Name of the service.
const Name = "metrics"

// Port of the metrics, where HAProxy's are: on the node's own addresses or on its
// management interface.
const Port = 8406

// Root is the directory that is all the process sees. PID 1 mounts its own program at
// Program, and a writable directory at RunDir.
const (
	Root          = "/metrics"
	Program       = Root + "/init"
	RunDir        = Root + "/run"
	ConfigFile    = RunDir + "/metrics.json"
	ControlSocket = RunDir + "/control.sock" // made by PID 1, which answers on it
)

// InRoot is a path of the node as the process sees it.
func InRoot(path string) string { return strings.TrimPrefix(path, Root) }

// Config is what the process must know.
type Config struct {
	Listen    []netip.AddrPort `json:"listen"`
	Interface string           `json:"interface,omitempty"` // the only one to listen on
}

// Service returns the metrics process of one node.
func Service(spec *seed.Spec, host services.Host) (services.Service, error) {
	config, err := configure(spec, host)
	if err != nil {
		return services.Service{}, fmt.Errorf("configure %s: %w", Name, err)
	}
	return services.Service{
		Name: Name,
		Argv: []string{InRoot(Program), Name},
		Root: Root,
		UID:  services.MetricsUser,
		GID:  services.MetricsUser,
		Files: []services.File{
			{Path: RunDir, Mode: fs.ModeDir | 0o755},
			{Path: ConfigFile, Mode: 0o444, Data: config},
		},
		StopSignal: syscall.SIGTERM,
		Grace:      time.Second,
		OOMScore:   1000, // a node can do without
	}, nil
}

func configure(spec *seed.Spec, host services.Host) ([]byte, error) {
	listen, err := services.Listen(spec, host, Port)
	if err != nil {
		return nil, err
	}
	return json.Marshal(Config{Listen: listen, Interface: host.Management})
}
