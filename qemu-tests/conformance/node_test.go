package conformance

import (
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"twinlb/image/component"
	"twinlb/init/failover"
	"twinlb/qemu-tests/lab"
	"twinlb/seed"
	"twinlb/services"
	"twinlb/services/keepalived"

	"golang.org/x/sys/unix"
)

// patience is for what is sure to come, however busy the machine is.
const patience = 15 * time.Second

// shipped returns the keepalived that was built, or taken from the cache, last: that
// of the images.
func shipped(t *testing.T) string {
	t.Helper()
	cache, err := component.DefaultDir()
	if err != nil {
		t.Fatal(err)
	}
	found, err := filepath.Glob(filepath.Join(cache, "keepalived-*", "keepalived"))
	if err != nil {
		t.Fatal(err)
	}
	var newest string
	var used time.Time
	for _, program := range found {
		if info, err := os.Stat(filepath.Dir(program)); err == nil && info.ModTime().After(used) {
			newest, used = program, info.ModTime()
		}
	}
	if newest != "" {
		return newest
	}
	const missing = "the keepalived of the images is not built: build/twinlb build makes it"
	if os.Getenv("TWINLB_BUILT") == "1" {
		t.Fatal(missing)
	}
	t.Skip(missing)
	return ""
}

// node is a host with keepalived, and what PID 1 does for it there.
type node struct {
	*lab.Host
	spec *seed.Spec
	mac  net.HardwareAddr

	t       *testing.T
	dir     string // with the files of the node, at the paths that they have there
	service services.Service
	track   failover.Track
	owner   int // of keepalived's files
	process *exec.Cmd
	ended   chan struct{}

	mu     sync.Mutex
	states []keepalived.State // that keepalived has told
}

// addNode adds the host of a node to the lab, where nothing runs.
func addNode(t *testing.T, l *lab.Lab, spec *seed.Spec) *node {
	t.Helper()
	n := &node{t: t, spec: spec, dir: filepath.Join(l.Dir, spec.Node.Name), Host: l.Host(spec.Node.Name, spec.Node.Addresses()...)}
	n.mac = hardwareAddr(t, n.Host)
	n.track = failover.Track{Able: n.dir + keepalived.AbleFile, Preference: n.dir + keepalived.PreferenceFile}
	// As PID 1 sets them.
	for _, family := range []string{"ipv4", "ipv6"} {
		n.must(n.Sysctl("net/"+family+"/neigh/eth0/retrans_time_ms", "100"))
	}
	t.Cleanup(n.kill)
	return n
}

// newNode makes a node with what is shipped, in a root file system of its own. Its
// keepalived does not run yet.
func newNode(t *testing.T, l *lab.Lab, spec *seed.Spec) *node {
	t.Helper()
	program, err := os.ReadFile(shipped(t))
	if err != nil {
		t.Fatal(err)
	}
	n := addNode(t, l, spec)
	n.service, err = keepalived.Service(spec, services.Host{Interface: "eth0", Memory: 64 << 20})
	n.must(err)
	n.service.Root = n.dir
	for _, dir := range []string{"sbin", "etc", "proc", "tmp"} {
		n.must(os.MkdirAll(filepath.Join(n.dir, dir), 0o755))
	}
	// Only root of the machine can give keepalived the user that it has on a node.
	if os.Chown(filepath.Join(n.dir, "tmp"), services.KeepalivedUser, services.KeepalivedUser) == nil {
		n.owner = services.KeepalivedUser
	}
	n.must(os.WriteFile(n.dir+keepalived.Program, program, 0o755))
	n.must(os.WriteFile(filepath.Join(n.dir, "etc", "passwd"), []byte("keepalived_script:x:101:101::/:\n"), 0o644))
	n.must(unix.Mount("/proc", filepath.Join(n.dir, "proc"), "", unix.MS_BIND|unix.MS_REC, ""))
	t.Cleanup(func() { n.must(unix.Unmount(filepath.Join(n.dir, "proc"), unix.MNT_DETACH)) })
	n.place()
	n.listen()
	return n
}

func hardwareAddr(t *testing.T, h *lab.Host) (mac net.HardwareAddr) {
	t.Helper()
	err := h.Do(func() error {
		eth0, err := net.InterfaceByName("eth0")
		if err == nil {
			mac = eth0.HardwareAddr
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return mac
}

func (n *node) must(err error) {
	n.t.Helper()
	if err != nil {
		n.t.Fatal(err)
	}
}

// place writes the service's files, as PID 1 does before each start.
func (n *node) place() {
	n.t.Helper()
	for _, f := range n.service.Files {
		path := n.dir + f.Path
		if f.Mode.IsDir() {
			n.must(os.MkdirAll(path, f.Mode.Perm()))
		} else {
			n.must(os.WriteFile(path, f.Data, f.Mode.Perm()))
		}
		if f.UID == services.KeepalivedUser {
			n.must(os.Chown(path, n.owner, n.owner))
		}
	}
}

func (n *node) listen() {
	n.t.Helper()
	states := make(chan keepalived.State)
	n.must(failover.Listen(n.dir+keepalived.NotifyFIFO, n.owner, n.owner, states))
	go func() {
		for state := range states {
			n.mu.Lock()
			n.states = append(n.states, state)
			n.mu.Unlock()
		}
	}()
}

// start runs keepalived on a node that may hold the VIP.
func (n *node) start() {
	n.t.Helper()
	n.may(true, 0)
	for _, path := range n.service.Stale {
		_ = os.Remove(n.dir + path)
	}
	log, err := os.OpenFile(n.dir+".log", os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	n.must(err)
	defer log.Close()
	argv := n.service.Argv
	n.process = &exec.Cmd{Path: argv[0], Args: argv, Dir: "/", Stdout: log, Stderr: log, Env: []string{}}
	n.process.SysProcAttr = &syscall.SysProcAttr{Chroot: n.service.Root, Setpgid: true}
	if n.owner != 0 {
		n.process.SysProcAttr.Credential = &syscall.Credential{Uid: n.service.UID, Gid: n.service.GID}
		n.process.SysProcAttr.AmbientCaps = n.service.Capabilities
	}
	n.must(n.Do(n.process.Start))
	n.ended = make(chan struct{})
	go func() {
		n.process.Wait()
		close(n.ended)
	}()
}

// stop ends keepalived in order and returns when it has ended.
func (n *node) stop() {
	n.t.Helper()
	n.must(n.process.Process.Signal(n.service.StopSignal))
	select {
	case <-n.ended:
	case <-time.After(patience):
		n.t.Fatalf("%s: keepalived has not ended %v after it was told to", n.spec.Node.Name, patience)
	}
}

// kill ends keepalived and its child, which know nothing of it.
func (n *node) kill() {
	if n.process == nil {
		return
	}
	if err := syscall.Kill(-n.process.Process.Pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
		n.t.Errorf("kill the keepalived of %s: %v", n.spec.Node.Name, err)
	}
	<-n.ended
	if log, err := os.ReadFile(n.dir + ".log"); err == nil && n.t.Failed() {
		n.t.Logf("keepalived of %s:\n%s", n.spec.Node.Name, log)
	}
}

// may is PID 1's decision: whether the node may hold the VIP, and what is added to
// its priority.
func (n *node) may(able bool, preference int) {
	n.t.Helper()
	n.must(n.track.Write(able, preference))
}

// state is what keepalived has told last.
func (n *node) state() keepalived.State {
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.states) == 0 {
		return ""
	}
	return n.states[len(n.states)-1]
}

// told is how many changes of state keepalived has told.
func (n *node) told() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return len(n.states)
}

func (n *node) await(want keepalived.State) {
	n.t.Helper()
	lab.Await(n.t, patience, n.spec.Node.Name+" to be "+string(want), func() error {
		if got := n.state(); got != want {
			return errors.New("it is " + string(got))
		}
		return nil
	})
}
