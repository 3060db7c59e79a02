package lab

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"

	"github.com/vishvananda/netns"
)

// Namespace is a named network namespace, as `ip netns` shows it.
type Namespace struct {
	Name string
}

// Command is exec.Command inside the namespace. The pid of the process is that of
// the program itself.
func (n Namespace) Command(name string, args ...string) *exec.Cmd {
	return exec.Command("ip", append([]string{"netns", "exec", n.Name, name}, args...)...)
}

// Do calls f on a thread that is inside the namespace. Sockets that f opens
// stay in the namespace after it has returned; goroutines that it starts are
// outside.
func (n Namespace) Do(f func() error) error {
	runtime.LockOSThread()
	home, err := netns.Get()
	if err != nil {
		runtime.UnlockOSThread()
		return fmt.Errorf("enter namespace %s: open the present one: %w", n.Name, err)
	}
	defer home.Close()
	there, err := netns.GetFromName(n.Name)
	if err != nil {
		runtime.UnlockOSThread()
		return fmt.Errorf("enter namespace %s: %w", n.Name, err)
	}
	defer there.Close()
	if err := netns.Set(there); err != nil {
		runtime.UnlockOSThread()
		return fmt.Errorf("enter namespace %s: %w", n.Name, err)
	}
	// A thread that cannot go home stays locked, so that Go ends it with its goroutine.
	defer func() {
		if netns.Set(home) == nil {
			runtime.UnlockOSThread()
		}
	}()
	return f()
}

// Dial is net.Dialer.DialContext inside the namespace, for an IP address: a
// name would be resolved on a thread outside.
func (n Namespace) Dial(ctx context.Context, network, address string) (conn net.Conn, err error) {
	err = n.Do(func() error {
		conn, err = new(net.Dialer).DialContext(ctx, network, address)
		return err
	})
	return conn, err
}

// Listen is net.Listen inside the namespace.
func (n Namespace) Listen(network, address string) (listener net.Listener, err error) {
	err = n.Do(func() error {
		listener, err = net.Listen(network, address)
		return err
	})
	return listener, err
}

// Sysctl sets a variable of the namespace, such as net/ipv4/ip_forward.
func (n Namespace) Sysctl(name, value string) error {
	return n.Do(func() error { return os.WriteFile("/proc/sys/"+name, []byte(value), 0) })
}
