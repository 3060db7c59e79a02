// Package admin is the process behind `ssh admin@NODE`: it knows who may log in,
// reads their commands, asks PID 1 (package control) and shows what it answers.
//
// It decides nothing and can do nothing of itself: it runs as its own user in a
// chroot, without any capability once it listens. PID 1 runs it from its own
// program, so that a bug in it ends a supervised process and not the node.
package admin

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"syscall"
	"time"

	"twinlb/services/admin"

	"golang.org/x/sys/unix"
)

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
	s, listen, err := configured()
	if err != nil {
		return err
	}
	listener, err := (&net.ListenConfig{
		KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: 15 * time.Second, Interval: 5 * time.Second, Count: 3},
		Control:         giveUpOnTheSilent,
	}).Listen(context.Background(), "tcp4", listen)
	if err != nil {
		return fmt.Errorf("listen for SSH: %w", err)
	}
	if err := confine(); err != nil {
		return err
	}
	s.log("listens on %s; %d keys may log in", listen, len(s.keys))
	return s.serveUntilStopped(listener)
}

// serveUntilStopped serves until PID 1 stops the process. Who has asked for just
// that, with `poweroff`, is to hear that it is done.
func (s *server) serveUntilStopped(listener net.Listener) error {
	const farewell = 500 * time.Millisecond
	stopped := make(chan os.Signal, 1)
	signal.Notify(stopped, syscall.SIGTERM)
	failed := make(chan error, 1)
	go func() { failed <- s.serve(listener) }()
	select {
	case err := <-failed:
		return err
	case <-stopped:
		listener.Close()
		s.places.awaitEmpty(farewell)
		return nil
	}
}

// configured makes a server of the files that PID 1 has written.
func configured() (s *server, listen string, err error) {
	var config admin.Config
	text, err := os.ReadFile(admin.InRoot(admin.ConfigFile))
	if err != nil {
		return nil, "", fmt.Errorf("read the configuration: %w", err)
	}
	if err := json.Unmarshal(text, &config); err != nil {
		return nil, "", fmt.Errorf("read the configuration: %w", err)
	}
	lines, err := os.ReadFile(admin.InRoot(admin.KeysFile))
	if err != nil {
		return nil, "", fmt.Errorf("read the keys: %w", err)
	}
	keys, err := admin.ParseKeys(lines)
	if err != nil {
		return nil, "", err
	}
	seed, err := os.ReadFile(admin.InRoot(admin.HostKeyFile))
	if err != nil {
		return nil, "", fmt.Errorf("read the host key: %w", err)
	}
	hostKey, err := admin.HostKey(seed)
	if err != nil {
		return nil, "", err
	}
	s = newServer(config.Node, hostKey, keys, admin.InRoot(admin.ControlSocket))
	return s, config.Listen.String(), nil
}

// giveUpOnTheSilent is for clients that vanish while something is on its way to
// them: TCP's keepalive is for those that vanish while nothing is. Connections
// inherit it (tcp(7), TCP_USER_TIMEOUT, in milliseconds).
func giveUpOnTheSilent(_, _ string, conn syscall.RawConn) error {
	var failed error
	err := conn.Control(func(fd uintptr) {
		failed = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(standard.read.Milliseconds()))
	})
	if err != nil {
		return err
	}
	return failed
}
