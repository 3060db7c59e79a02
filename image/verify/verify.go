// Package verify tries a node's configuration on the very programs that are about
// to be shipped with it, in the surroundings that they will find: the files where
// the node has them, and network interfaces of the node's names.
//
// The check runs in a process of its own, re-executed in a private network, and
// the program in a root directory of its own, so that nothing of the build host
// is touched and nothing of it is missed on the node.
package verify

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"

	"twinlb/services"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// Argument is the first argument of this program in its part as the checker.
const Argument = "verify-in-namespace"

// Check is one configuration to try.
type Check struct {
	Node       string          // whose it is, for messages
	Interfaces []string        // that the node has
	Files      []services.File // with the paths of the node
	Root       string          // the node's directory that the program is confined to; "" for none
	Program    string          // on the build host; linked statically
	Args       []string
}

// Run tries all checks and returns what the first that fails has to say.
func Run(checks []Check) error {
	work, err := json.Marshal(checks)
	if err != nil {
		return fmt.Errorf("try the configurations: %w", err)
	}
	command := exec.Command("/proc/self/exe", Argument)
	command.Stdin = bytes.NewReader(work)
	if os.Geteuid() != 0 {
		command.SysProcAttr = &syscall.SysProcAttr{
			Cloneflags:  syscall.CLONE_NEWUSER,
			UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
			GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
		}
	}
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("try the configurations: %w\n%s", err, bytes.TrimSpace(output))
	}
	return nil
}

// Main is the checker's part. It exits with 0 when all is well.
func Main() {
	if err := checkAll(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func checkAll() error {
	var checks []Check
	if err := json.NewDecoder(os.Stdin).Decode(&checks); err != nil {
		return fmt.Errorf("read what to check: %w", err)
	}
	runtime.LockOSThread() // a network namespace is that of a thread
	for _, c := range checks {
		if err := c.run(); err != nil {
			return fmt.Errorf("%s: %s: %w", c.Node, filepath.Base(c.Program), err)
		}
	}
	return nil
}

func (c Check) run() error {
	root, err := c.makeRoot()
	if err != nil {
		return err
	}
	defer os.RemoveAll(root)
	if err := makeNetwork(c.Interfaces); err != nil {
		return err
	}
	command := exec.Command("/"+filepath.Base(c.Program), c.Args...)
	command.Dir = "/"
	command.SysProcAttr = &syscall.SysProcAttr{Chroot: root}
	output, err := command.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w\n%s", err, bytes.TrimSpace(output))
	}
	// keepalived -t forgives some errors and only says so.
	if text := bytes.TrimSpace(output); len(text) > 0 && !bytes.Equal(text, []byte("Configuration file is valid")) {
		return fmt.Errorf("it complains:\n%s", text)
	}
	return nil
}

// makeRoot makes what the program will see: itself, a null device and its files.
// It lies beside the program, where files can be executed.
func (c Check) makeRoot() (root string, err error) {
	if root, err = os.MkdirTemp(filepath.Dir(c.Program), ".verify-"); err != nil {
		return "", err
	}
	program, err := os.ReadFile(c.Program)
	if err != nil {
		return root, err
	}
	files := append([]services.File{
		{Path: c.Root + "/dev", Mode: fs.ModeDir},
		{Path: c.Root + "/dev/null", Mode: 0o644}, // an empty file does as well
		{Path: c.Root + "/" + filepath.Base(c.Program), Mode: 0o755, Data: program},
	}, c.Files...)
	for _, f := range files {
		path := filepath.Join(root, strings.TrimPrefix(f.Path, c.Root))
		if f.Mode.IsDir() {
			err = os.MkdirAll(path, 0o755)
		} else {
			err = os.WriteFile(path, f.Data, f.Mode.Perm())
		}
		if err != nil {
			return root, err
		}
	}
	return root, nil
}

// makeNetwork gives this thread a network where there is nothing but interfaces of
// these names. It is gone with the last process in it; to delete an interface, the
// kernel would take far longer than for the check.
func makeNetwork(names []string) error {
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		return fmt.Errorf("make a network namespace: %w", err)
	}
	for _, name := range names {
		attrs := netlink.NewLinkAttrs()
		attrs.Name = name
		pair := netlink.NewVeth(attrs)
		pair.PeerName = "peer%d" // the kernel finds a number that is free
		if err := netlink.LinkAdd(pair); err != nil {
			return fmt.Errorf("make a network interface %s: %w", name, err)
		}
	}
	return nil
}
