// Package keepalived is the service that elects the holder of the VIP: its
// configuration, how it is started, and what it says of itself while it runs.
package keepalived

import (
	"io/fs"
	"syscall"
	"time"

	"twinlb/seed"
	"twinlb/services"

	"golang.org/x/sys/unix"
)

// Name of the service.
const Name = "keepalived"

// Files that keepalived and PID 1 share. The track files are PID 1's, the FIFO
// is keepalived's.
const (
	Program        = "/sbin/keepalived"
	RunDir         = "/run/keepalived"
	ConfigFile     = RunDir + "/keepalived.conf"
	TrackDir       = "/run/track"
	AbleFile       = TrackDir + "/able"
	PreferenceFile = TrackDir + "/preference"
	NotifyFIFO     = RunDir + "/notify"

	pidFile     = RunDir + "/keepalived.pid"
	vrrpPIDFile = RunDir + "/vrrp.pid"

	instance = "vip"
)

// Service returns keepalived for one node.
func Service(spec *seed.Spec, host services.Host) (services.Service, error) {
	config, err := Config(spec, host)
	if err != nil {
		return services.Service{}, err
	}
	return services.Service{
		Name: Name,
		Argv: []string{
			Program,
			"--dont-fork", "--log-console", "--no-syslog",
			// A process that lost its VRRP child ends, so that PID 1 sees it.
			"--dont-respawn",
			"--use-file", ConfigFile,
			"--pid", pidFile,
			"--vrrp_pid", vrrpPIDFile,
		},
		UID:          services.KeepalivedUser,
		GID:          services.KeepalivedUser,
		Capabilities: []uintptr{unix.CAP_NET_ADMIN, unix.CAP_NET_RAW},
		Files: []services.File{
			// keepalived watches this directory's inode: it must be there first.
			{Path: TrackDir, Mode: fs.ModeDir | 0o755},
			{Path: RunDir, Mode: fs.ModeDir | 0o755, UID: services.KeepalivedUser, GID: services.KeepalivedUser},
			{Path: ConfigFile, Mode: 0o644, Data: config},
		},
		// It does not start while a process has the number in one of them.
		Stale:      []string{pidFile, vrrpPIDFile},
		StopSignal: syscall.SIGTERM,
		// The VIP is off and the peer told within milliseconds; then keepalived
		// waits for a second, for nothing that matters here.
		Grace: 300 * time.Millisecond,
		// Its child needs a moment to take the VIP off and to tell the peer.
		Orphans: 50 * time.Millisecond,
		// Its adverts are late when it is, and then the VIP moves. What it runs from
		// can't leave memory: there is no swap, and the root file system is memory too.
		RealTime: true,
		// It is small, and without it the peer has to notice.
		OOMScore: -900,
	}, nil
}

// TryArgv is the command that checks a configuration and runs nothing.
func TryArgv(file string) []string {
	return []string{Program, "--config-test", "--log-console", "--no-syslog", "--use-file", file}
}
