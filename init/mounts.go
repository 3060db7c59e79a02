package main

import (
	"fmt"
	"os"

	"twinlb/init/console"
	"twinlb/services/admin"
	"twinlb/services/dhcp"
	"twinlb/services/haproxy"
	"twinlb/services/metrics"

	"golang.org/x/sys/unix"

	"github.com/u-root/u-root/pkg/mount"
)

// mounts is all that is mounted on the initramfs, in this order.
var mounts = []struct {
	device, path, kind string
	flags              uintptr
	data               string
}{
	{"proc", "/proc", "proc", unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC, "hidepid=2"},
	{"sysfs", "/sys", "sysfs", unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC | unix.MS_RDONLY, ""},
	{"devtmpfs", "/dev", "devtmpfs", unix.MS_NOSUID | unix.MS_NOEXEC, "mode=0755"},
	{"tmpfs", "/run", "tmpfs", unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC, "mode=0755,size=4m"},
	// keepalived writes its status to /tmp and nowhere else.
	{"tmpfs", "/tmp", "tmpfs", unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC, "mode=1777,size=1m"},
	{"tmpfs", haproxy.RunDir, "tmpfs", unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC, "mode=0755,size=4m"},
	{"tmpfs", admin.RunDir, "tmpfs", unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC, "mode=0755,size=1m"},
	{"tmpfs", metrics.RunDir, "tmpfs", unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC, "mode=0755,size=64k"},
	// The login is this program, in a directory that is all it sees. So is what asks
	// DHCP servers, and what tells Prometheus.
	{"/init", admin.Program, "", unix.MS_BIND, ""},
	{"/init", dhcp.Program, "", unix.MS_BIND, ""},
	{"/init", metrics.Program, "", unix.MS_BIND, ""},
}

// mount makes the file systems and opens the consoles, which are known only then.
func (n *node) mount() error {
	// The node HAProxy's worker needs; made before the root becomes read-only.
	if err := unix.Mknod(haproxy.Root+"/dev/null", unix.S_IFCHR|0o666, int(unix.Mkdev(1, 3))); err != nil {
		return fmt.Errorf("make %s/dev/null: %w", haproxy.Root, err)
	}
	if err := os.Chmod(haproxy.Root+"/dev/null", 0o666); err != nil {
		return err
	}
	for _, m := range mounts {
		if _, err := mount.Mount(m.device, m.path, m.kind, m.data, m.flags); err != nil {
			return fmt.Errorf("mount %s on %s: %w", m.device, m.path, err)
		}
	}
	if err := unix.Mount("", "/", "", unix.MS_REMOUNT|unix.MS_RDONLY, ""); err != nil {
		return fmt.Errorf("make the root file system read-only: %w", err)
	}
	consoles, err := console.Open()
	if err != nil {
		return err
	}
	n.consoles = consoles
	go n.heedKernel()
	return nil
}
