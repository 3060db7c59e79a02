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

// Port of SSH, on the node's own addresses or on its management interface.
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
	Node      string           `json:"node"`
	Listen    []netip.AddrPort `json:"listen"`
	Interface string           `json:"interface,omitempty"` // the only one to listen on
}

// Listens tells whether anybody could log in: without a key nothing listens.
func Listens(spec *seed.Spec) bool { return len(spec.AuthorizedKeys) > 0 }

// Addresses are where a node answers, as far as its seed tells: those of its
// management link, or else the node's own.
func Addresses(spec *seed.Spec) []netip.Addr {
	prefixes := spec.Node.Addresses()
	if link := spec.Network.Link(spec.Network.Management); link != nil {
		prefixes = link.Addresses
	}
	var all []netip.Addr
	for _, p := range prefixes {
		all = append(all, p.Addr())
	}
	return all
}

// Service returns the admin process of one node. The host key is that of
// seed.Bundle.
func Service(spec *seed.Spec, host services.Host, hostKey []byte) (services.Service, error) {
	keys := []byte(strings.Join(spec.AuthorizedKeys, "\n") + "\n")
	if _, err := ParseKeys(keys); err != nil {
		return services.Service{}, err
	}
	if _, err := HostKey(hostKey); err != nil {
		return services.Service{}, err
	}
	config, err := configure(spec, host)
	if err != nil {
		return services.Service{}, fmt.Errorf("configure %s: %w", Name, err)
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

func configure(spec *seed.Spec, host services.Host) ([]byte, error) {
	listen, err := services.Listen(spec, host, Port)
	if err != nil {
		return nil, err
	}
	return json.Marshal(Config{Node: spec.Node.Name, Listen: listen, Interface: host.Management})
}
