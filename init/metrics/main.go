// Package metrics is the process that tells Prometheus how a node is: it asks PID 1
// (package control) and answers GET /metrics over HTTP.
//
// It decides nothing and can do nothing of itself: it runs as its own user in a
// chroot, without any capability once it listens. PID 1 runs it from its own program,
// so that a bug in it ends a supervised process and not the node.
package metrics

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"syscall"
	"time"

	"twinlb/init/confine"
	"twinlb/init/control"
	"twinlb/init/status"
	"twinlb/services/metrics"

	"golang.org/x/sys/unix"
)

// memory is where the garbage collector begins to work hard, in bytes.
const memory = 12 << 20

var rlimits = confine.Limits{Files: connections + 32, Threads: 32, Data: 96 << 20}

// Main runs the process until it is stopped. It is what the program does when its
// arguments are those of services/metrics.Service.
func Main() int {
	runtime.GOMAXPROCS(1)
	debug.SetGCPercent(25)
	debug.SetMemoryLimit(memory)
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// run returns when the process is stopped, or what went wrong.
func run() error {
	config, err := configured()
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
	s := &server{ask: ask, log: func(format string, args ...any) { fmt.Printf(format+"\n", args...) }}
	failed := make(chan error, len(listeners))
	for _, l := range listeners {
		go func() { failed <- s.serve(l) }()
	}
	stopped := make(chan os.Signal, 1)
	signal.Notify(stopped, syscall.SIGTERM)
	select {
	case err := <-failed:
		return err
	case <-stopped:
		return nil
	}
}

// configured reads the file that PID 1 has written.
func configured() (config metrics.Config, err error) {
	text, err := os.ReadFile(metrics.InRoot(metrics.ConfigFile))
	if err == nil {
		err = json.Unmarshal(text, &config)
	}
	if err != nil {
		return config, fmt.Errorf("read the configuration: %w", err)
	}
	return config, nil
}

// ask asks PID 1 how the node is.
func ask() (*status.Pair, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience/2)
	defer cancel()
	var pair *status.Pair
	err := control.Ask(ctx, metrics.InRoot(metrics.ControlSocket), control.Request{Verb: control.Status, By: metrics.Name},
		func(r control.Reply) error {
			if r.Pair != nil {
				pair = r.Pair
			}
			return nil
		})
	if err == nil && pair == nil {
		err = errors.New("it does not say")
	}
	return pair, err
}

// listen opens a listener on each address, before the process is confined.
func listen(config metrics.Config) ([]net.Listener, error) {
	var all []net.Listener
	for _, address := range config.Listen {
		l, err := (&net.ListenConfig{
			KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: 15 * time.Second, Interval: 5 * time.Second, Count: 3},
			Control:         bind(config.Interface),
		}).Listen(context.Background(), "tcp", address.String())
		if err != nil {
			return nil, fmt.Errorf("listen for metrics: %w", err)
		}
		all = append(all, l)
	}
	return all, nil
}

// bind lets a socket hear one interface. Anybody may do so since Linux 5.7 (socket(7)).
func bind(device string) func(network, address string, conn syscall.RawConn) error {
	return func(_, _ string, conn syscall.RawConn) (err error) {
		if device == "" {
			return nil
		}
		return errors.Join(conn.Control(func(fd uintptr) { err = unix.BindToDevice(int(fd), device) }), err)
	}
}
