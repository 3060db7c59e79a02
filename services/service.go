// Package services says what runs on a node, as data: what to execute, as whom,
// with which files. A folder of it is one service and renders that service's
// configuration from a seed.Spec.
//
// It starts nothing: PID 1 does, and the builder tries the very same data
// before it ships them.
package services

import (
	"io/fs"
	"syscall"
	"time"
)

// Service is one process to keep running.
type Service struct {
	Name string
	Argv []string // Argv[0] is a path inside Root
	Root string   // directory to chroot(2) into; "" for none

	UID, GID     uint32
	Capabilities []uintptr // all that it has, capabilities(7)

	Files []File   // written before each start, parents first
	Stale []string // paths that a killed predecessor may have left; removed before each start

	StopSignal syscall.Signal // SIGTERM when zero
	Grace      time.Duration  // from StopSignal to SIGKILL
	Orphans    time.Duration  // what its children get once it has ended

	RealTime bool // before all that is not, sched(7)
	OOMScore int  // −1000 to 1000, proc_pid_oom_score_adj(5): the highest is killed first when memory is full
}

// File is a file or, with a Mode of fs.ModeDir, a directory that a service
// needs. Paths are those of the node, not of the service's Root.
type File struct {
	Path     string
	Mode     fs.FileMode
	UID, GID uint32
	Data     []byte
}

// Host is what a node is made of, as far as configurations depend on it.
type Host struct {
	Interface  string // that carries the node's addresses
	Management string // where admin and metrics listen; "" when they do on the node's addresses
	Memory     uint64 // bytes
}

// Users of the image; root runs only PID 1.
const (
	HAProxyUser    = 100
	KeepalivedUser = 101
	AdminUser      = 102
	DHCPUser       = 103
	MetricsUser    = 104
)
