// Package admin is the service behind `ssh admin@NODE`: how it is started, with
// which files, and as whom its process listens.
//
// The process itself is package init/admin.
package admin

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

// Name of the service, and of the only user who can log in.
const (
	Name  = "admin"
	Login = "admin"
)

// Port of SSH, on the node's address only.
const Port = 22

// Root is the directory that is all the process sees. PID 1 mounts its own
// program at Program, and a writable directory at RunDir.
const (
	Root          = "/admin"
	Program       = Root + "/init"
	RunDir        = Root + "/run"
	ConfigFile    = RunDir + "/admin.json"
	KeysFile      = RunDir + "/authorized_keys"
	HostKeyFile   = RunDir + "/ssh_host_ed25519.seed"
	ControlSocket = RunDir + "/control.sock" // made by PID 1, which answers on it
)

// InRoot is a path of the node as the process sees it.
func InRoot(path string) string { return strings.TrimPrefix(path, Root) }

// Config is what the process must know besides its keys.
type Config struct {
	Node   string         `json:"node"`
	Listen netip.AddrPort `json:"listen"`
}

// Listens tells whether anybody could log in: without a key nothing listens.
func Listens(spec *seed.Spec) bool { return len(spec.AuthorizedKeys) > 0 }

// Service returns the admin process of one node. The host key is that of
// seed.Bundle.
func Service(spec *seed.Spec, hostKey []byte) (services.Service, error) {
	keys := []byte(strings.Join(spec.AuthorizedKeys, "\n") + "\n")
	if _, err := ParseKeys(keys); err != nil {
		return services.Service{}, err
	}
	if _, err := HostKey(hostKey); err != nil {
		return services.Service{}, err
	}
	config, err := json.Marshal(Config{
		Node:   spec.Node.Name,
		Listen: netip.AddrPortFrom(spec.Node.Address.Addr(), Port),
	})
	if err != nil {
		return services.Service{}, fmt.Errorf("write the configuration of %s: %w", Name, err)
	}
	return services.Service{
		Name: Name,
		Argv: []string{InRoot(Program), Name},
		Root: Root,
		UID:  services.AdminUser,
		GID:  services.AdminUser,
		Files: []services.File{
			{Path: RunDir, Mode: fs.ModeDir | 0o755},
			{Path: ConfigFile, Mode: 0o444, Data: config},
			{Path: KeysFile, Mode: 0o444, Data: keys},
			{Path: HostKeyFile, Mode: 0o400, UID: services.AdminUser, GID: services.AdminUser, Data: hostKey},
		},
		StopSignal: syscall.SIGTERM,
		Grace:      time.Second,
		OOMScore:   1000, // a node can do without
	}, nil
}
