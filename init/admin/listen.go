package admin

import (
	"context"
	"fmt"
	"net"
	"strings"
	"syscall"
	"time"

	"twinlb/services/admin"

	"golang.org/x/sys/unix"
)

// listen opens a listener on each address, before the process is confined.
func listen(config admin.Config) ([]net.Listener, error) {
	var all []net.Listener
	for _, address := range config.Listen {
		l, err := (&net.ListenConfig{
			KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: 15 * time.Second, Interval: 5 * time.Second, Count: 3},
			Control:         options(config.Interface),
		}).Listen(context.Background(), "tcp", address.String())
		if err != nil {
			return nil, fmt.Errorf("listen for SSH: %w", err)
		}
		all = append(all, l)
	}
	return all, nil
}

// where says what is listened on.
func where(config admin.Config) string {
	if config.Interface != "" {
		return "all addresses of " + config.Interface
	}
	var all []string
	for _, address := range config.Listen {
		all = append(all, address.String())
	}
	return strings.Join(all, " and ")
}

// options are those of a listening socket, which its connections inherit. A user
// timeout is for clients that vanish while something is on its way to them: TCP's
// keepalive is for those that vanish while nothing is (tcp(7), TCP_USER_TIMEOUT, in
// milliseconds). Anybody may bind a socket to a device since Linux 5.7 (socket(7)).
func options(device string) func(network, address string, conn syscall.RawConn) error {
	return func(_, _ string, conn syscall.RawConn) error {
		var failed error
		err := conn.Control(func(fd uintptr) {
			failed = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(standard.read.Milliseconds()))
			if failed == nil && device != "" {
				failed = unix.BindToDevice(int(fd), device)
			}
		})
		if err != nil {
			return err
		}
		return failed
	}
}
