package admin

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"twinlb/init/control"
	"twinlb/seed"
	"twinlb/services"
	"twinlb/services/admin"

	"golang.org/x/crypto/ssh"
)

// build makes the program as the image has it: without cgo, so that a call can be
// made in all threads.
func build(t *testing.T, path string) {
	t.Helper()
	command := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w -buildid=", "-o", path, "./testdata/admin")
	command.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("build the admin process: %v\n%s", err, out)
	}
}

// install writes a service's files below a directory that stands for the node's root.
func install(t *testing.T, root string, files []services.File) {
	t.Helper()
	for _, f := range files {
		var err error
		if path := filepath.Join(root, f.Path); f.Mode.IsDir() {
			err = os.MkdirAll(path, f.Mode.Perm())
		} else if err = os.WriteFile(path, f.Data, f.Mode.Perm()); err == nil && os.Getuid() == 0 {
			err = os.Chown(path, int(f.UID), int(f.GID))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// freePort is one that nobody listens on.
func freePort(t *testing.T) uint16 {
	t.Helper()
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).AddrPort().Port()
}

// TestProcess runs the process as PID 1 does, in its chroot and, when the test is
// root, as its user.
func TestProcess(t *testing.T) {
	l := newLab(t, answers, nil)
	public, err := ssh.NewPublicKey(l.key.Public())
	if err != nil {
		t.Fatal(err)
	}
	spec := &seed.Spec{Node: seed.Node{Name: "lb-a", Address: netip.MustParsePrefix("127.0.0.1/8")}}
	spec.AuthorizedKeys = []string{strings.TrimSpace(string(ssh.MarshalAuthorizedKey(public))) + " ops@example"}
	service, err := admin.Service(spec, services.Host{Interface: "lo"}, bytes.Repeat([]byte{7}, ed25519.SeedSize))
	if err != nil {
		t.Fatal(err)
	}
	listen := netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), freePort(t))
	config, err := json.Marshal(admin.Config{Node: "lb-a", Listen: []netip.AddrPort{listen}})
	if err != nil {
		t.Fatal(err)
	}
	// The chroot is the root of nobody else: its user must be able to enter it.
	node, err := os.MkdirTemp("/tmp", "admin")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(node) })
	if err := os.Chmod(node, 0o755); err != nil {
		t.Fatal(err)
	}
	for i := range service.Files {
		if service.Files[i].Path == admin.ConfigFile {
			service.Files[i].Data = config
		}
	}
	install(t, node, service.Files)
	build(t, filepath.Join(node, admin.Program))
	asked := make(chan struct{})
	handle := func(r control.Request, send func(control.Reply) error, gone <-chan struct{}) error {
		if r.Verb == control.PowerOff {
			close(asked)
			return send(control.Reply{Said: "lb-a is powering off"})
		}
		return answers(r, send, gone)
	}
	pid1 := &control.Server{UID: service.UID, Handle: handle, Failed: func(err error) { t.Log(err) }}
	gid := os.Getgid()
	attributes := &syscall.SysProcAttr{
		Chroot:      filepath.Join(node, admin.Root),
		Cloneflags:  syscall.CLONE_NEWUSER,
		UidMappings: []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}},
	}
	if os.Getuid() == 0 {
		gid = int(service.GID)
		attributes = &syscall.SysProcAttr{
			Chroot:      filepath.Join(node, admin.Root),
			Credential:  &syscall.Credential{Uid: service.UID, Gid: service.GID},
			AmbientCaps: service.Capabilities,
		}
	} else {
		pid1.UID = uint32(os.Getuid())
	}
	if err := pid1.Listen(filepath.Join(node, admin.ControlSocket), gid); err != nil {
		t.Fatal(err)
	}

	var said bytes.Buffer
	process := &exec.Cmd{Path: service.Argv[0], Args: service.Argv, Env: []string{}, Dir: "/", Stdout: &said, Stderr: &said, SysProcAttr: attributes}
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = process.Wait()
	}()
	t.Cleanup(func() {
		_ = process.Process.Signal(syscall.SIGTERM)
		<-ended
		t.Logf("the process said:\n%s", &said)
	})

	l.address = listen.String()
	until(t, "the process to listen", func() bool {
		conn, err := net.Dial("tcp", l.address)
		if err == nil {
			conn.Close()
		}
		return err == nil
	})
	if stdout, stderr, exit := l.run("status"); exit != 1 || !strings.Contains(stdout, "DEGRADED") {
		t.Errorf("status exits %d, says %s%s", exit, stdout, stderr)
	}
	checkThreads(t, process.Process.Pid)

	go func() {
		<-asked
		_ = process.Process.Signal(syscall.SIGTERM)
	}()
	if stdout, stderr, exit := l.run("poweroff"); exit != 0 || !strings.Contains(stdout, "powering off") {
		t.Errorf("poweroff exits %d, says %s%s, want that the node is powering off, and 0", exit, stdout, stderr)
	}
	<-ended
	if !process.ProcessState.Success() {
		t.Errorf("the process that was stopped ended with %v, want exit status 0", process.ProcessState)
	}
}

// checkThreads looks at what the kernel knows of each thread (proc(5)).
func checkThreads(t *testing.T, pid int) {
	t.Helper()
	tasks, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/status", pid))
	if err != nil || len(tasks) < 2 {
		t.Fatalf("threads = %q, %v", tasks, err)
	}
	for _, path := range tasks {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"CapInh:\t0000000000000000", "CapPrm:\t0000000000000000", "CapEff:\t0000000000000000", "CapAmb:\t0000000000000000"} {
			if !strings.Contains(string(text), want+"\n") {
				t.Errorf("%s lacks %q:\n%s", path, want, text)
			}
		}
		stat, err := os.ReadFile(strings.TrimSuffix(path, "us"))
		if err != nil {
			t.Fatal(err)
		}
		// After the name, which may have blanks: state is field 3, nice 19.
		fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
		if fields[19-3] != "19" {
			t.Errorf("%s: nice %s, want 19", path, fields[19-3])
		}
	}
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/limits", pid))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), "Max open files            112                  112") {
		t.Errorf("limits:\n%s", text)
	}
}
