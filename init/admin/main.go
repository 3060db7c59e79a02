// Package admin is the process behind `ssh admin@NODE`: it knows who may log in,
// reads their commands, asks PID 1 (package control) and shows what it answers.
//
// It decides nothing and can do nothing of itself: it runs as its own user in a
// chroot, without any capability once it listens. PID 1 runs it from its own
// program, so that a bug in it ends a supervised process and not the node.
package admin

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"syscall"
	"time"

	"twinlb/init/confine"
	"twinlb/services/admin"
)

// memory is where the garbage collector begins to work hard, in bytes.
const memory = 24 << 20

// rlimits has files for each connection, for the conversations with PID 1 of its channels,
// and for the rest.
var rlimits = confine.Limits{Files: connections*(1+channels) + 32, Threads: 48, Data: 112 << 20}

// Main runs the process until it is stopped. It is what the program does when its
// arguments are those of services/admin.Service.
func Main() int {
	runtime.GOMAXPROCS(1)
	debug.SetMemoryLimit(memory)
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// run returns when the process is stopped, or what went wrong.
func run() error {
	s, config, err := configured()
	if err != nil {
		return err
	}
	listeners, err := listen(config)
	if err != nil {
		return err
	}
	if err := confine.To(rlimits); err != nil {
		return err
	}
	keys, err := s.authorized()
	if err != nil {
		return err
	}
	s.log("listens on %s; %d keys may log in", where(config), len(keys))
	return s.serveUntilStopped(listeners)
}

// serveUntilStopped serves until PID 1 stops the process. Who has asked for just
// that, with `poweroff`, is to hear that it is done.
func (s *server) serveUntilStopped(listeners []net.Listener) error {
	const farewell = 500 * time.Millisecond
	stopped := make(chan os.Signal, 1)
	signal.Notify(stopped, syscall.SIGTERM)
	failed := make(chan error, len(listeners))
	for _, l := range listeners {
		go func() { failed <- s.serve(l) }()
	}
	select {
	case err := <-failed:
		return err
	case <-stopped:
		for _, l := range listeners {
			l.Close()
		}
		s.places.awaitEmpty(farewell)
		return nil
	}
}

// configured makes a server of the files that PID 1 has written.
func configured() (s *server, config admin.Config, err error) {
	text, err := os.ReadFile(admin.InRoot(admin.ConfigFile))
	if err != nil {
		return nil, config, fmt.Errorf("read the configuration: %w", err)
	}
	if err := json.Unmarshal(text, &config); err != nil {
		return nil, config, fmt.Errorf("read the configuration: %w", err)
	}
	seed, err := os.ReadFile(admin.InRoot(admin.HostKeyFile))
	if err != nil {
		return nil, config, fmt.Errorf("read the host key: %w", err)
	}
	hostKey, err := admin.HostKey(seed)
	if err != nil {
		return nil, config, err
	}
	s = newServer(config.Node, hostKey, authorizedKeys, admin.InRoot(admin.ControlSocket))
	return s, config, nil
}

// authorizedKeys reads the keys that PID 1 has written last.
func authorizedKeys() ([]admin.Key, error) {
	lines, err := os.ReadFile(admin.InRoot(admin.KeysFile))
	if err != nil {
		return nil, fmt.Errorf("read the keys: %w", err)
	}
	return admin.ParseKeys(lines)
}
